"""Models.

Cloned models, and the `supports_masking` flag of models.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS


def make_layers(keras):
    """Return layers that create the mask MASK of IDS, propagate it and consume it."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    return [embedding, keras.layers.Dense(WIDTH), keras.layers.SimpleRNN(UNITS)]


def make_functional(keras, layers):
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def make_sequential(keras, layers, shape=(None, STEPS)):
    model = keras.Sequential(layers)
    model.build(shape)
    return model


def last_output(table, kernel, bias, *weights):
    """Return what the layers of `make_layers` compute for IDS."""
    return oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_dense_model(keras):
    """Return a functional model that propagates a mask."""
    inputs = keras.Input((STEPS, FEATURES))
    return keras.Model(inputs, keras.layers.Dense(WIDTH)(inputs))


@pytest.mark.case(
    "model.clone",
    documented="API docs of keras.models.clone_model: creates new layers (and thus new weights), connected alike",
    tags=["Functional", "Sequential", "clone_model", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("make", [make_functional, make_sequential], ids=["functional", "sequential"])
def test_clone(keras, run, build, record, make):
    """Cloned models mask the same timesteps.

    With new weights, the RNN of a cloned model skips the timesteps that its Embedding masked.

    Only construction can differ from that of another model: `graph` and `jit` would repeat the other modes.
    """
    clone = keras.models.clone_model(make(keras, make_layers(keras)))
    weights = build(clone)
    record("last output", run(clone, IDS), expected=last_output(*weights))


@pytest.mark.case(
    "model.supports-masking-flag",
    unspecified="Models propagate masks whatever their flag says; code that reads the flag of layers also meets models",
    severity="cosmetic",
    tags=["Functional", "Sequential", "supports_masking"],
    modes=["eager", "session"],
)
def test_supports_masking_flag(keras, record):
    """The `supports_masking` flag of a model.

    Whether the flag is set on a model whose layers all support masking is not specified.

    Nothing is executed.
    """
    record("functional", bool(make_dense_model(keras).supports_masking))
    record("sequential", bool(make_sequential(keras, make_layers(keras)).supports_masking))
