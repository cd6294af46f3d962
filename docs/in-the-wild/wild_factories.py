"""What the declarations beside this file cannot say in data: layers made of layers, and masks as documented."""

import numpy as np


def lmu():
    """A Legendre memory unit around a cell of Keras."""
    import keras
    import keras_lmu

    cell = keras.layers.SimpleRNNCell(4)
    return keras_lmu.LMU(memory_d=1, order=4, theta=5, hidden_cell=cell, return_sequences=True)


def no_mask(ids):
    """The output has no steps."""


def not_nan(x):
    """(batch, steps)."""
    return ~np.isnan(x)


def no_nan_in_patch(x):
    """(batch, steps, length, features) -> (batch, steps)."""
    return ~np.isnan(x).any(axis=(2, 3))


def last_feature_is_not_zero(x):
    """(batch, nodes, features) -> (batch, nodes)."""
    return x[..., -1] != 0


def both(one, other):
    """A step counts if it does in both inputs."""
    return one & other
