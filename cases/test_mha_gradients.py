"""Gradients.

Nothing flows into masked steps, and nothing out of them into weights: `MultiHeadAttention`.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it
QUERY = np.random.RandomState(82).uniform(-1, 1, (BATCH, UNITS, FEATURES)).astype("float32")

MODES = ["eager", "graph", "session"]  # the gradient of a loop is not a matter of XLA's


def squares(ops, tensor):
    """A scalar that depends on all elements of `tensor`."""
    return ops.sum(tensor * tensor)


def numeric_gradient(function, x, step=1e-6):
    """Gradient of the scalar `function` of an array, by central differences."""
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
    """Masked values do not train MultiHeadAttention.

    With the mask of a layer before it, masked values get a gradient of zeros, and others do not.
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
