"""Models.

The mask of a model's output.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS


def make_mean(keras, build):
    """Return layers that create the mask MASK of IDS, propagate it and consume it, and their output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    dense = keras.layers.Dense(UNITS)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    layers = embedding, dense, keras.layers.GlobalAveragePooling1D()
    return layers, oracle.masked_mean(table[IDS] @ kernel + bias, MASK)


def make_functional(keras, layers):
    """Chain the layers in a functional model."""
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.case(
    "model.output-mask",
    established="Source of the losses and metrics of keras.Model, which read the mask of its output",
    tags=["Functional", "Embedding", "Dense"],
    modes=["eager", "graph", "session"],
)
def test_output_mask(keras, run, build, mask_of, record):
    """The output of a functional model has a mask.

    A layer called on the output of a model receives the mask that the last layer of the model propagated.
    """
    (embedding, dense, _), _ = make_mean(keras, build)
    model = make_functional(keras, [embedding, dense])
    record("mask", run(lambda ids: mask_of(model(ids)), IDS), expected=MASK)
