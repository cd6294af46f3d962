"""Models.

Masks passed to, propagated in and returned by functional models.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(23).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "a mask is propagated through the network for any layer that is capable of using it"
)
READ_FROM_TENSOR = (
    "Source of keras.layers.Layer.__call__: the mask is read from the tensor, wherever the call is made, "
    "and models are layers"
)


def make_chain(keras, build, **arguments):
    """Return layers that create the mask MASK of IDS, propagate it and consume it, and their output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, **arguments)
    dense, rnn = keras.layers.Dense(WIDTH, **arguments), keras.layers.SimpleRNN(UNITS, **arguments)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, WIDTH))
    return (embedding, dense, rnn), oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_functional(keras, layers):
    """Chain the layers in a functional model."""
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def make_rnn_model(keras, build):
    """Construct a model of one SimpleRNN; return it and its expected output for X and MASK."""
    rnn = keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, STEPS, FEATURES))
    inputs = keras.Input((STEPS, FEATURES))
    return keras.Model(inputs, rnn(inputs)), oracle.simple_rnn(X, MASK, *weights)[1]


@pytest.mark.case(
    "functional.mask-arg",
    documented="API docs of tf.keras.Model, method call, argument mask: a boolean tensor or None, with a link to the "
    "guide on masking and padding",
    tags=["Functional", "SimpleRNN", "mask argument"],
    modes=["eager", "graph", "session"],
)
def test_mask_arg(keras, run, build, record):
    """A functional model passes `mask=` to its layers.

    With `model(x, mask=m)`, an RNN in the model skips the timesteps that `m` masks.
    """
    model, want = make_rnn_model(keras, build)
    record("last output", run(lambda t, m: model(t, mask=m), X, MASK), expected=want)


@pytest.mark.case(
    "functional.masked-input-tensor",
    established=READ_FROM_TENSOR,
    tags=["Functional", "SimpleRNN", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_masked_input_tensor(keras, run, build, record):
    """A functional model passes the mask of its input to its layers.

    With `model(masking(x))`, an RNN in the model skips masked timesteps.
    """
    masking, (model, want) = keras.layers.Masking(), make_rnn_model(keras, build)
    record("last output", run(lambda t: model(masking(t)), np.where(MASK[..., None], X, np.float32(0))), expected=want)


@pytest.mark.case(
    "functional.nested",
    documented=AUTOMATIC,
    tags=["Functional", "Embedding", "SimpleRNN", "GlobalAveragePooling1D"],
    modes=["eager", "graph", "session"],
)
def test_nested(keras, run, build, record):
    """A nested functional model propagates the mask.

    An RNN in the inner model skips masked timesteps, and GlobalAveragePooling1D after that model excludes them.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    rnn, pooling = keras.layers.SimpleRNN(UNITS, return_sequences=True), keras.layers.GlobalAveragePooling1D()
    (table,), weights = build(embedding, (None, STEPS)), build(rnn, (None, STEPS, FEATURES))
    inner_inputs = keras.Input((STEPS, FEATURES))
    inner = keras.Model(inner_inputs, rnn(inner_inputs))
    want = oracle.masked_mean(oracle.simple_rnn(table[IDS], MASK, *weights)[0], MASK)
    record("mean", run(make_functional(keras, [embedding, inner, pooling]), IDS), expected=want)


@pytest.mark.case(
    "functional.shared-layer",
    documented=AUTOMATIC,
    tags=["Functional", "Embedding", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_shared_layer(keras, run, build, record):
    """A shared layer uses the mask of each input.

    In a functional model, a shared RNN skips masked timesteps of one input, and no timestep of another input that is
    not masked.
    """
    embedding, rnn = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.SimpleRNN(UNITS)
    (table,), weights = build(embedding, (None, STEPS)), build(rnn, (None, STEPS, FEATURES))
    ids, x = keras.Input((STEPS,), dtype="int32"), keras.Input((STEPS, FEATURES))
    model = keras.Model([ids, x], [rnn(embedding(ids)), rnn(x)])
    masked, unmasked = run(lambda t, u: model([t, u]), IDS, X)
    record("with the masked input", masked, expected=oracle.simple_rnn(table[IDS], MASK, *weights)[1])
    record("with the other input", unmasked, expected=oracle.simple_rnn(X, None, *weights)[1])


@pytest.mark.case(
    "functional.auto-propagate",
    documented=AUTOMATIC,
    tags=["RNN", "Embedding", "Dense", "Functional"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_auto_propagate(keras, run, build, record):
    """A functional model propagates the mask.

    In a model of Embedding, Dense and RNN, the RNN skips what Embedding masks, although Dense changes the values of
    masked timesteps.
    """
    layers, last = make_chain(keras, build)
    record("last output", run(make_functional(keras, layers), IDS), expected=last)
