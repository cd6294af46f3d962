"""Gradients.

Gradients through `Attention` and `AdditiveAttention` with masked queries and values.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
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
    "attention.gradient-masked",
    documented="API docs of keras.layers.Attention, 'Call arguments', mask: values where value_mask is False do not "
    "contribute to the result, and the output is zero where query_mask is False",
    issues=["keras-team/keras#21483", "keras-team/keras#21595"],
    tags=["Attention", "AdditiveAttention", "gradient", "explicit mask"],
    needs=["layers.Attention", "layers.AdditiveAttention"],
    modes=MODES,
)
@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"], ids=["dot", "additive"])
def test_gradient_masked(keras, run, ops, record, name):
    """Attention passes no gradient to masked queries and values.

    The gradients of queries and values are zero at masked positions, and elsewhere those of attention over the unmasked
    values.
    """
    layer = getattr(keras.layers, name)(use_scale=False)
    queries = np.arange(UNITS) < np.array([[UNITS], [1], [2]])
    _, (of_query, of_value), _ = run(
        lambda q, v, qm, vm: run.gradients(lambda a, b: squares(ops, layer([a, b], mask=[qm, vm])), [q, v]),
        *[QUERY, X, queries, MASK],
    )

    def loss(query, value):
        output = oracle.attention(query, value, MASK[:, None], additive=name == "AdditiveAttention")
        return np.square(output[queries]).sum()

    want_query, want_value = (
        numeric_gradient(lambda q: loss(q, X), QUERY),
        numeric_gradient(lambda v: loss(QUERY, v), X),
    )
    record("query", of_query, expected=want_query, rtol=1e-3)
    record("value", of_value, expected=want_value, rtol=1e-3)
