"""Losing a mask.

What becomes of a mask at a custom layer that does not support any.
"""

import numpy as np
import pytest

from conformance.case import Raised

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)
X = np.random.RandomState(5).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it


@pytest.mark.case(
    "unsupported.policy",
    documented="API docs of keras.layers.Masking: a downstream layer that does not support masking yet receives "
    "a mask raises an exception (keras.layers.Embedding, argument mask_zero, says the same)",
    issues=["tensorflow/tensorflow#33260", "tensorflow/tensorflow#28143", "keras-team/keras#20113"],
    tags=["custom layer", "supports_masking"],
)
def test_policy(keras, run, mask_of, record):
    """A layer that does not support masks refuses them.

    A layer with neither supports_masking nor compute_mask raises an exception when its input has a mask.
    """

    class Double(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    masking, layer = keras.layers.Masking(), Double()
    mask = run.attempt(lambda t: mask_of(layer(masking(t))), ZEROED)
    record("mask that the next layer is given", mask, expected=Raised("TypeError", "ValueError"))
