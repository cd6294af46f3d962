"""Models: masks that go through them, into them and out of them."""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS
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
    """Layers that make the mask MASK of IDS, let it through and use it, and their joint output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, **arguments)
    dense, rnn = keras.layers.Dense(WIDTH, **arguments), keras.layers.SimpleRNN(UNITS, **arguments)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, WIDTH))
    return (embedding, dense, rnn), oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_mean(keras, build):
    """The same with a mean in the place of the RNN, which takes longer to compile than all the rest."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    dense = keras.layers.Dense(UNITS)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    layers = embedding, dense, keras.layers.GlobalAveragePooling1D()
    return layers, oracle.masked_mean(table[IDS] @ kernel + bias, MASK)


def make_functional(keras, layers):
    """A functional model of layers one after the other."""
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def make_subclass(keras, layers):
    """The same as a subclass of Model."""

    class Chain(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.dense, self.last = layers

        def call(self, inputs):
            return self.last(self.dense(self.embedding(inputs)))

        def compute_output_shape(self, input_shape):  # standalone Keras 2 asks for it
            return (input_shape[0], UNITS)

    return Chain()


def make_rnn_model(keras, build):
    """A model that is one SimpleRNN, and what it makes of X and MASK."""
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
def test_mask_argument(keras, run, build, record):
    """A mask that a functional model is called with reaches its layers.

    With model(x, mask=m), an RNN in the model skips the steps that m masks.
    """
    model, want = make_rnn_model(keras, build)
    record("last output", run(lambda t, m: model(t, mask=m), X, MASK), expected=want)


@pytest.mark.case(
    "functional.masked-input-tensor",
    established=READ_FROM_TENSOR,
    tags=["Functional", "SimpleRNN", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_masked_tensor(keras, run, build, record):
    """The mask of a tensor that a functional model is called on reaches its layers.

    In model(masking(x)), an RNN in the model skips the masked steps.
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
    """A mask goes into and out of a model in a model.

    An RNN in the inner model skips masked steps, and the mean after it leaves them out.
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
def test_shared(keras, run, build, record):
    """A layer that is used twice has a mask for each use.

    An RNN skips the masked steps of one input of a model, and no step of another input that has no mask.
    """
    embedding, rnn = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.SimpleRNN(UNITS)
    (table,), weights = build(embedding, (None, STEPS)), build(rnn, (None, STEPS, FEATURES))
    ids, x = keras.Input((STEPS,), dtype="int32"), keras.Input((STEPS, FEATURES))
    model = keras.Model([ids, x], [rnn(embedding(ids)), rnn(x)])
    masked, unmasked = run(lambda t, u: model([t, u]), IDS, X)
    record("with the masked input", masked, expected=oracle.simple_rnn(table[IDS], MASK, *weights)[1])
    record("with the other input", unmasked, expected=oracle.simple_rnn(X, None, *weights)[1])


@pytest.mark.case(
    "sequential.auto-propagate",
    documented=AUTOMATIC,
    tags=["Sequential", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_sequential(keras, run, build, record):
    """A mask goes through a sequential model.

    In Embedding, Dense, SimpleRNN the RNN skips the steps that Embedding masked.
    """
    layers, want = make_chain(keras, build)
    record("last output", run(keras.Sequential(list(layers)), IDS), expected=want)


@pytest.mark.case(
    "sequential.nested",
    documented=AUTOMATIC,
    issues=["tensorflow/tensorflow#31638"],
    tags=["Sequential", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph | session"],
)
@pytest.mark.parametrize("shape", [None, (None, STEPS, FEATURES)], ids=["no-shape", "shape"])
def test_nested_sequential(keras, run, build, record, shape):
    """A mask goes into a sequential model in a sequential model.

    An RNN in the inner model skips the steps that the outer model masked, whether the inner one was built before
    or not.
    """
    (embedding, dense, rnn), want = make_chain(keras, build)
    inner = keras.Sequential([dense, rnn])
    if shape:
        inner.build(shape)
    record("last output", run(keras.Sequential([embedding, inner]), IDS), expected=want)


@pytest.mark.case(
    "subclass.mask-autopass",
    established=READ_FROM_TENSOR,
    tags=["Model subclass", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_subclass(keras, run, build, record):
    """A mask goes from layer to layer in a subclass of Model.

    In call, an RNN skips the steps that Embedding masked, without any mention of a mask.
    """
    layers, want = make_chain(keras, build)
    record("last output", run(make_subclass(keras, layers), IDS), expected=want)


@pytest.mark.case(
    "model.output-mask",
    established="Source of the losses and metrics of keras.Model, which read the mask of its output",
    tags=["Functional", "Embedding", "Dense"],
    modes=["eager", "graph", "session"],
)
def test_output_mask(keras, run, build, mask_of, record):
    """The output of a functional model has a mask.

    A layer that is called on the output of a model is given the mask that the last layer of the model passed on.
    """
    (embedding, dense, _), _ = make_mean(keras, build)
    model = make_functional(keras, [embedding, dense])
    record("mask", run(lambda ids: mask_of(model(ids)), IDS), expected=MASK)


@pytest.mark.case(
    "mode.call-vs-predict",
    documented="API docs of keras.Model.predict: computes the output of the model for the input samples, in batches",
    tags=["predict", "Embedding", "Dense", "GlobalAveragePooling1D"],
)
@pytest.mark.parametrize("make", [make_functional, make_subclass], ids=["functional", "subclass"])
def test_predict(keras, run, build, record, make):
    """predict uses masks like a call.

    The mean is that of the steps that Embedding did not mask, in a batch that is not full, too.
    """
    layers, want = make_mean(keras, build)
    model = make(keras, layers)
    run.compile(model, optimizer="sgd", loss="mse")
    record("mean", run.predict(model, IDS, batch_size=2), expected=want)


@pytest.mark.case(
    "dtype.mixed-policy",
    documented=AUTOMATIC,
    tags=["mixed precision", "Functional", "Embedding", "Dense", "SimpleRNN"],
    needs=["mixed_precision.Policy"],
)
def test_mixed_policy(keras, run, build, record):
    """A mask goes through a model of mixed precision.

    With the policy mixed_float16 for all layers, an RNN skips the steps that Embedding masked.
    """
    layers, want = make_chain(keras, build, dtype=keras.mixed_precision.Policy("mixed_float16"))
    record("last output", run(make_functional(keras, layers), IDS), expected=want, atol=1e-2)


@pytest.mark.case(
    "serial.config",
    documented="API docs of keras.layers.Layer, from_config: the reverse of get_config; models are layers",
    tags=["config", "Functional", "Embedding", "Dense", "GlobalAveragePooling1D"],
    modes=["eager", "graph", "session"],
)
def test_config(keras, run, build, record):
    """A model made from the config of another one masks the same steps.

    With the same weights it gives the same output.
    """
    layers, _ = make_mean(keras, build)
    model = keras.Model.from_config(make_functional(keras, layers).get_config())
    table, kernel, bias = build(model)
    record("mean", run(model, IDS), expected=oracle.masked_mean(table[IDS] @ kernel + bias, MASK))


@pytest.mark.case(
    "functional.auto-propagate",
    documented=AUTOMATIC,
    tags=["RNN", "Embedding", "Dense", "Functional"],
    modes=["eager", "graph | jit", "session"],
)
def test_functional(keras, run, build, record):
    """A mask goes through a functional model.

    In Embedding, Dense, RNN the RNN skips what Embedding masks, though Dense makes other values of the masked steps.
    """
    layers, last = make_chain(keras, build)
    record("last output", run(make_functional(keras, layers), IDS), expected=last)
