"""Models.

`predict` uses masks like a call of the model.
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


def make_subclass(keras, layers):
    """Chain the layers in a subclass of Model."""

    class Chain(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.dense, self.last = layers

        def call(self, inputs):
            return self.last(self.dense(self.embedding(inputs)))

        def compute_output_shape(self, input_shape):  # standalone Keras 2 requires it
            return (input_shape[0], UNITS)

    return Chain()


@pytest.mark.case(
    "mode.call-vs-predict",
    documented="API docs of keras.Model.predict: computes the output of the model for the input samples, in batches",
    tags=["predict", "Embedding", "Dense", "GlobalAveragePooling1D"],
)
@pytest.mark.parametrize("make", [make_functional, make_subclass], ids=["functional", "subclass"])
def test_call_vs_predict(keras, run, build, record, make):
    """`predict` uses masks like a call of the model.

    The mean is that over the timesteps that Embedding did not mask, also in a smaller last batch.
    """
    layers, want = make_mean(keras, build)
    model = make(keras, layers)
    run.compile(model, optimizer="sgd", loss="mse")
    record("mean", run.predict(model, IDS, batch_size=2), expected=want)
