"""Mask shapes.

`Masking` of unknown dimensions, of zero timesteps and of zero samples.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Lengths 3, 5 and 1; the second sample has a gap.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
NOISE = np.random.RandomState(11).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
# `Masking()` computes MASK from these.
PADDED = NOISE * MASK[..., None]

COMPARED = "keras/src/layers/core/masking.py, compute_mask: any(not_equal(inputs, mask_value), axis=-1)"


def make_masking(keras, mask_of):
    """Return a function for `run` that returns the mask `Masking()` computes for its argument."""
    layer = keras.layers.Masking()
    return lambda x: mask_of(layer(x))


@pytest.mark.case(
    "masking.dynamic-shape",
    established=COMPARED + " needs no static shape",
    tags=["Masking", "dynamic shape"],
    modes=["graph", "session"],
)
def test_dynamic_shape(keras, run, mask_of, static_shape, record):
    """Masking supports an unknown batch size and number of timesteps.

    The mask is correct if both are unknown while tracing, and its rank is known by then.
    """
    masking = make_masking(keras, mask_of)
    known = []

    def call(x):
        mask = masking(x)
        known.append(static_shape(mask))
        return mask

    record("mask", run(call, PADDED, shapes=[(None, None, FEATURES)]), expected=MASK)
    record("static shape", known[-1], expected=[None, None])


@pytest.mark.case("masking.zero-length", established=COMPARED + " of an empty tensor is empty", tags=["Masking"])
@pytest.mark.parametrize("batch, steps", [(BATCH, 0), (0, STEPS)], ids=["time", "batch"])
def test_zero_length(keras, run, mask_of, record, batch, steps):
    """Masking supports zero timesteps and zero samples.

    The mask of zero timesteps has shape (batch, 0), and that of zero samples (0, timesteps).
    """
    record("mask", run(make_masking(keras, mask_of), PADDED[:batch, :steps]), expected=MASK[:batch, :steps])
