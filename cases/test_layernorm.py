"""Normalization.

`LayerNormalization`: its statistics are those of a single timestep.
"""

import numpy as np
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
EPSILON = 1e-3


def make_embedding(keras, build):
    """Build an Embedding that masks the zeros of IDS, with nonzero output there; return it and its table."""
    layer = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    return layer, build(layer, (None, STEPS))[0]


@pytest.mark.case(
    "layernorm.independent",
    documented="API docs of keras.layers.LayerNormalization: normalizes each example in a batch independently, "
    "by default along the last axis alone",
    tags=["LayerNormalization", "Embedding"],
    needs=["layers.LayerNormalization"],
)
def test_independent(keras, run, build, record):
    """LayerNormalization ignores the mask.

    Each timestep, masked or not, is normalized with mean and variance of its own features.
    """
    embedding, table = make_embedding(keras, build)
    layer = keras.layers.LayerNormalization(epsilon=EPSILON)
    layer(keras.Input((STEPS, FEATURES)))  # if only built, TensorFlow 1.14 builds it again in the first call
    gamma, beta = build(layer, seed=1)
    x = table[IDS]
    normalized = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
    record("output", run(lambda ids: layer(embedding(ids)), IDS), expected=gamma * normalized + beta)
