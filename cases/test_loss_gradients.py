"""Gradients.

Gradients of losses of masked predictions.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")

MODES = ["eager", "graph", "session"]  # XLA does not change the gradient of a loop


@pytest.mark.case(
    "loss.gradient-masked",
    unspecified="The docs do not say whether a loss called directly uses the mask of the predictions",
    tags=["loss", "Embedding", "Dense", "gradient"],
    needs=["losses.MeanSquaredError"],
    modes=MODES,
)
def test_gradient_masked(keras, run, build, ops, record):
    """Masked predictions in a custom training loop.

    Whether a loss called on the output of layers trains the embedding of the masked id is not specified.
    """
    embedding, dense = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.Dense(UNITS)
    build(embedding, (None, STEPS))
    build(dense, (None, STEPS, FEATURES))
    loss, targets = keras.losses.MeanSquaredError(), np.ones((BATCH, STEPS, UNITS), "float32")

    def gradient(ids, y):
        return run.gradients(lambda: loss(y, dense(embedding(ids))), [], embedding.trainable_weights)[2][0]

    table = run(gradient, IDS, targets)
    record("the masked id has a gradient", bool(table[0].any()))
    record("another id has a gradient", bool(table[3].any()), expected=True)
