"""Mask shape.

`Masking` of unknown and of no steps.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Lengths 3, 5 and 1, a gap in the second sample.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
NOISE = np.random.RandomState(11).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
# `Masking()` masks these as MASK says.
PADDED = NOISE * MASK[..., None]

COMPARED = "keras/src/layers/core/masking.py, compute_mask: any(not_equal(inputs, mask_value), axis=-1)"


def make_masking(keras, mask_of):
    """Function for `run`: the mask that `Masking()` makes of its argument."""
    layer = keras.layers.Masking()
    return lambda x: mask_of(layer(x))


@pytest.mark.case(
    "masking.dynamic-shape",
    established=COMPARED + " asks for no static shape",
    tags=["Masking", "dynamic shape"],
    modes=["graph", "session"],
)
def test_dynamic_shape(keras, run, mask_of, static_shape, record):
    """Batch and time unknown while tracing.

    The mask is right where batch size and number of steps are known at run time only; its rank is known before.
    """
    masking = make_masking(keras, mask_of)
    known = []

    def call(x):
        mask = masking(x)
        known.append(static_shape(mask))
        return mask

    record("mask", run(call, PADDED, shapes=[(None, None, FEATURES)]), expected=MASK)
    record("static shape", known[-1], expected=[None, None])


@pytest.mark.case("masking.zero-length", established=COMPARED + " of nothing is nothing", tags=["Masking"])
@pytest.mark.parametrize("batch, steps", [(BATCH, 0), (0, STEPS)], ids=["time", "batch"])
def test_zero_length(keras, run, mask_of, record, batch, steps):
    """No steps, or no samples.

    The mask of no steps has no columns, that of no samples no rows.
    """
    record("mask", run(make_masking(keras, mask_of), PADDED[:batch, :steps]), expected=MASK[:batch, :steps])
