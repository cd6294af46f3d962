"""Models.

What can be seen of masks on a model from outside, and what is left of them in a copy.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS


def make_layers(keras):
    """Layers that make the mask MASK of IDS, let it through and use it."""
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
    """What `make_layers` make of IDS."""
    return oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_dense_model(keras):
    """A functional model that lets a mask through."""
    inputs = keras.Input((STEPS, FEATURES))
    return keras.Model(inputs, keras.layers.Dense(WIDTH)(inputs))


@pytest.mark.case(
    "model.clone",
    documented="API docs of keras.models.clone_model: makes the layers of a model anew, so that it behaves alike",
    tags=["Functional", "Sequential", "clone_model", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("make", [make_functional, make_sequential], ids=["functional", "sequential"])
def test_clone(keras, run, build, record, make):
    """The clone of a model masks the same steps.

    With weights of its own, the RNN of a cloned model skips the steps that its Embedding masked.

    Only construction can differ from that of another model: `graph` and `jit` would repeat the others.
    """
    clone = keras.models.clone_model(make(keras, make_layers(keras)))
    weights = build(clone)
    record("last output", run(clone, IDS), expected=last_output(*weights))


@pytest.mark.case(
    "model.supports-masking-flag",
    unspecified="Models pass masks on whatever their flag says; code that reads the flag of layers meets models, too",
    severity="cosmetic",
    tags=["Functional", "Sequential", "supports_masking"],
    modes=["eager", "session"],
)
def test_supports_masking_flag(keras, record):
    """The flag supports_masking of a model.

    Whether it is set for a model of layers that all support masks is not specified; nothing is executed.
    """
    record("functional", bool(make_dense_model(keras).supports_masking))
    record("sequential", bool(make_sequential(keras, make_layers(keras)).supports_masking))
