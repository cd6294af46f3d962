"""What declarations cannot express as data: layers composed of layers, and the masks that packages document."""

import numpy as np


def lmu():
    """Create a Legendre memory unit around a cell of Keras."""
    import keras
    import keras_lmu

    cell = keras.layers.SimpleRNNCell(4)
    return keras_lmu.LMU(memory_d=1, order=4, theta=5, hidden_cell=cell, return_sequences=True)


def no_mask(ids):
    """Return None: the output has no timesteps."""


def not_nan(x):
    """Mask NaN in an input of shape (batch, timesteps)."""
    return ~np.isnan(x)


def no_nan_in_patch(x):
    """Mask patches that contain NaN: (batch, timesteps, length, features) -> (batch, timesteps)."""
    return ~np.isnan(x).any(axis=(2, 3))


def last_feature_is_not_zero(x):
    """Mask nodes whose last feature is zero: (batch, nodes, features) -> (batch, nodes)."""
    return x[..., -1] != 0


def both(one, other):
    """Mask a timestep if it is masked in either input."""
    return one & other
