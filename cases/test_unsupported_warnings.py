"""Dropped masks.

Warnings of built-in layers that drop a mask.
"""

import warnings

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 4, 5
MASK = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], bool)
X = np.random.RandomState(10).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
PADDED = X * MASK[..., None]  # `Masking` computes MASK from it


@pytest.mark.case(
    "unsupported.warning-count",
    unspecified="No documentation mentions a warning; one per call floods a loop, one per process is easy to miss",
    severity="warns",
    issues=["keras-team/keras#20113"],
    tags=["Flatten", "Masking", "warnings"],
    modes=["eager"],
)
def test_warning_count(keras, run, record):
    """Number of warnings of a layer that drops the mask.

    Whether each of three calls of Flatten on a masked tensor warns is not specified.
    """
    masking, layer = keras.layers.Masking(), keras.layers.Flatten()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(3):
            run(lambda x: layer(masking(x)), PADDED)
    record("warnings in three calls", sum("mask" in str(warning.message) for warning in heard))
