"""Models.

Mask propagation in Sequential models.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS

AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "a mask is propagated through the network for any layer that is capable of using it"
)


def make_chain(keras, build, **arguments):
    """Return layers that create the mask MASK of IDS, propagate it and consume it, and their output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, **arguments)
    dense, rnn = keras.layers.Dense(WIDTH, **arguments), keras.layers.SimpleRNN(UNITS, **arguments)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, WIDTH))
    return (embedding, dense, rnn), oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_layers(keras):
    """Return layers that create the mask MASK of IDS, propagate it and consume it."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    return [embedding, keras.layers.Dense(WIDTH), keras.layers.SimpleRNN(UNITS)]


def make_sequential(keras, layers, shape=(None, STEPS)):
    model = keras.Sequential(layers)
    model.build(shape)
    return model


def last_output(table, kernel, bias, *weights):
    """Return what the layers of `make_layers` compute for IDS."""
    return oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


@pytest.mark.case(
    "sequential.auto-propagate",
    documented=AUTOMATIC,
    tags=["Sequential", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_auto_propagate(keras, run, build, record):
    """Sequential models propagate masks.

    In a model of Embedding, Dense and SimpleRNN, the RNN skips the timesteps that Embedding masked.
    """
    layers, want = make_chain(keras, build)
    record("last output", run(keras.Sequential(list(layers)), IDS), expected=want)


@pytest.mark.case(
    "sequential.nested",
    documented=AUTOMATIC,
    issues=["tensorflow/tensorflow#31638"],
    tags=["Sequential", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@pytest.mark.parametrize("shape", [None, (None, STEPS, FEATURES)], ids=["no-shape", "shape"])
def test_nested(keras, run, build, record, shape):
    """Sequential models propagate masks to nested Sequential models.

    An RNN in the inner model skips the timesteps that the outer model masked, whether or not the inner model was built
    before.
    """
    (embedding, dense, rnn), want = make_chain(keras, build)
    inner = keras.Sequential([dense, rnn])
    if shape:
        inner.build(shape)
    record("last output", run(keras.Sequential([embedding, inner]), IDS), expected=want)


@pytest.mark.case(
    "sequential.deferred-build",
    documented=AUTOMATIC,
    tags=["Sequential", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_deferred_build(keras, run, build, record):
    """Sequential models created without an input shape propagate masks.

    In Embedding, Dense and SimpleRNN, built by the model itself, the RNN skips the timesteps that Embedding masked.
    """
    model = make_sequential(keras, make_layers(keras))
    weights = build(model)
    record("last output", run(model, IDS), expected=last_output(*weights))
