"""Custom layers.

What a custom layer does with a mask if it says nothing about masks.
"""

import numpy as np
import pytest

GUIDE = "Guide 'Understanding masking & padding', section '%s': %s"


@pytest.mark.case(
    "custom.supports-masking-false",
    documented=GUIDE
    % (
        "Opting-in to mask propagation on compatible layers",
        "by default, a custom layer will destroy the current mask",
    ),
    issues=["tensorflow/tensorflow#33260", "tensorflow/tensorflow#28143", "keras-team/keras#20113"],
    tags=["custom layer", "supports_masking", "Masking", "GlobalAveragePooling1D"],
)
def test_supports_masking_false(keras, run, mask_of, record):
    """A custom layer drops the mask unless it opts in.

    After a layer with neither `supports_masking` nor `compute_mask`, there is no mask, and a mean counts all timesteps.
    """

    class Double(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    masking, layer, pooling = keras.layers.Masking(), Double(), keras.layers.GlobalAveragePooling1D()

    def call(t):
        output = layer(masking(t))
        return mask_of(output), pooling(output)

    x = np.random.RandomState(5).uniform(0.1, 1, (2, 5, 3)).astype("float32")
    x[0, 3:] = x[1, 1] = 0
    mask, mean = run(call, x)
    record("mask", mask, expected=None)
    record("mean", mean, expected=2 * x.mean(axis=1))
