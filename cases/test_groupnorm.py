"""Normalization.

`GroupNormalization`: which timesteps contribute to its statistics.
"""

import numpy as np
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0
X = np.random.RandomState(13).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
EPSILON = 1e-3


@pytest.mark.case(
    "groupnorm.mask",
    documented="API docs of tf.keras.layers.GroupNormalization, 'Call arguments', mask: the weight of each position "
    "of the input when mean and variance are computed",
    tags=["GroupNormalization", "explicit mask"],
    needs=["layers.GroupNormalization(mask)"],
)
def test_mask(keras, run, build, record):
    """GroupNormalization excludes masked timesteps from group statistics.

    With a mask of (batch, time, 1), each group of features of a sample is normalized with mean and variance over its
    unmasked timesteps.
    """
    groups = 2
    layer = keras.layers.GroupNormalization(groups, epsilon=EPSILON)
    gamma, beta = build(layer, (None, STEPS, FEATURES))
    output = run(lambda x, m: layer(x, mask=m), X, MASK[..., None])
    for i, (sample, kept) in enumerate(zip(X, MASK)):
        parts = np.split(sample, groups, axis=-1)
        normalized = [(p - p[kept].mean()) / np.sqrt(p[kept].var() + EPSILON) for p in parts]
        want = gamma * np.concatenate(normalized, axis=-1) + beta
        record("unmasked steps of sample %d" % i, output[i][kept], expected=want[kept])
