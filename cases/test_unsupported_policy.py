"""Dropped masks.

Custom layers that do not support masking.
"""

import numpy as np
import pytest

from conformance.case import Raised

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)
X = np.random.RandomState(5).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it


@pytest.mark.case(
    "unsupported.policy",
    documented="API docs of keras.layers.Masking: a downstream layer that does not support masking yet receives "
    "a mask raises an exception (keras.layers.Embedding, argument mask_zero, says the same)",
    issues=["tensorflow/tensorflow#33260", "tensorflow/tensorflow#28143", "keras-team/keras#20113"],
    tags=["custom layer", "supports_masking"],
)
def test_policy(keras, run, mask_of, record):
    """Layers that do not support masking raise on a mask.

    A layer with neither `supports_masking` nor `compute_mask` raises an exception if its input has a mask.
    """

    class Double(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    masking, layer = keras.layers.Masking(), Double()
    mask = run.attempt(lambda t: mask_of(layer(masking(t))), ZEROED)
    record("mask of the output", mask, expected=Raised("TypeError", "ValueError"))
