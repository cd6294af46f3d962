"""Gradients.

Gradients through `MultiHeadAttention` with masked values.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it
QUERY = np.random.RandomState(82).uniform(-1, 1, (BATCH, UNITS, FEATURES)).astype("float32")

MODES = ["eager", "graph", "session"]  # XLA does not change the gradient of a loop


def squares(ops, tensor):
    """Return a scalar that depends on every element of `tensor`."""
    return ops.sum(tensor * tensor)


def numeric_gradient(function, x, step=1e-6):
    """Return the gradient of the scalar `function` of an array, by central differences."""
    x, gradient = x.astype("float64"), np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        shift = np.zeros(x.shape)
        shift[index] = step
        gradient[index] = (function(x + shift) - function(x - shift)) / (2 * step)
    return gradient


@pytest.mark.case(
    "mha.gradient-masked",
    established="Docstring of MultiHeadAttention._compute_attention_mask: the masks of query and value are used",
    tags=["MultiHeadAttention", "Masking", "gradient"],
    needs=["layers.MultiHeadAttention"],
    modes=MODES,
)
def test_gradient_masked(keras, run, build, ops, record):
    """MultiHeadAttention passes no gradient to masked values.

    If a preceding layer masks the values, the gradient is zero at masked values and that of masked attention elsewhere.
    """
    layer = keras.layers.MultiHeadAttention(2, 3)
    layer(keras.Input((UNITS, FEATURES)), keras.Input((STEPS, FEATURES)))
    weights, masking = build(layer), keras.layers.Masking()
    _, (gradient,), _ = run(
        lambda q, v: run.gradients(lambda x: squares(ops, layer(q, masking(x))), [v]), QUERY, ZEROED
    )

    def loss(value):
        return np.square(oracle.multi_head_attention(QUERY, value, MASK[:, None, None], *weights)).sum()

    record("gradient", gradient, expected=numeric_gradient(loss, X), rtol=1e-3)
