"""Gradients.

Gradients of an `Embedding` that masks its padding.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS

MODES = ["eager", "graph", "session"]  # XLA does not change the gradient of a loop
MASK_ARGUMENT = "API docs of keras.layers.RNN, call argument mask: a timestep with a False entry should be ignored"


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


def make_rnn(keras, build, **arguments):
    """Build a SimpleRNN and return it with its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case(
    "embedding.gradient-row-zero",
    documented="API docs of keras.layers.Embedding, argument mask_zero: 0 is padding that should be masked out; "
    + MASK_ARGUMENT,
    tags=["Embedding", "SimpleRNN", "GlobalAveragePooling1D", "gradient"],
    modes=MODES,
)
def test_gradient_row_zero(keras, run, build, ops, record):
    """Embedding receives no gradient for the masked id.

    Through a layer that uses the mask, row 0 of the table gets a zero gradient, and the rows of other ids get theirs.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    (table,) = build(embedding, (None, STEPS))
    pooling, (rnn, weights) = keras.layers.GlobalAveragePooling1D(), make_rnn(keras, build)

    def table_gradient(layer, ids):
        return run.gradients(lambda: squares(ops, layer(embedding(ids))), [], embedding.trainable_weights)[2][0]

    by_mean, by_rnn = run(lambda ids: [table_gradient(pooling, ids), table_gradient(rnn, ids)], IDS)
    of_mean = numeric_gradient(lambda t: np.square(oracle.masked_mean(t[IDS], MASK)).sum(), table)
    of_rnn = numeric_gradient(lambda t: np.square(oracle.simple_rnn(t[IDS], MASK, *weights)[1]).sum(), table)
    record("GlobalAveragePooling1D", by_mean, expected=of_mean, rtol=1e-3)
    record("SimpleRNN", by_rnn, expected=of_rnn, rtol=1e-3)
