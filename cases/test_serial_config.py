"""Saving and loading.

Models created from the config of another model mask the same timesteps.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS


def make_mean(keras, build):
    """Return layers that create the mask MASK of IDS, propagate it and consume it, and their output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    dense = keras.layers.Dense(UNITS)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    layers = embedding, dense, keras.layers.GlobalAveragePooling1D()
    return layers, oracle.masked_mean(table[IDS] @ kernel + bias, MASK)


def make_functional(keras, layers):
    """Chain the layers in a functional model."""
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.case(
    "serial.config",
    documented="API docs of keras.layers.Layer, from_config: the reverse of get_config; models are layers",
    tags=["config", "Functional", "Embedding", "Dense", "GlobalAveragePooling1D"],
    modes=["eager", "graph", "session"],
)
def test_config(keras, run, build, record):
    """Models created from a config mask the same timesteps.

    The mean of a model created with `from_config` is that over the timesteps that its Embedding did not mask.
    """
    layers, _ = make_mean(keras, build)
    model = keras.Model.from_config(make_functional(keras, layers).get_config())
    table, kernel, bias = build(model)
    record("mean", run(model, IDS), expected=oracle.masked_mean(table[IDS] @ kernel + bias, MASK))
