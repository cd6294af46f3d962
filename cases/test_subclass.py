"""Models.

Mask propagation in subclassed models.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS

READ_FROM_TENSOR = (
    "Source of keras.layers.Layer.__call__: the mask is read from the tensor wherever a layer is called, "
    "and models are layers"
)


def make_chain(keras, build, **arguments):
    """Return layers that create the mask MASK of IDS, propagate it and consume it, and their output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, **arguments)
    dense, rnn = keras.layers.Dense(WIDTH, **arguments), keras.layers.SimpleRNN(UNITS, **arguments)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, WIDTH))
    return (embedding, dense, rnn), oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


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
    "subclass.mask-autopass",
    established=READ_FROM_TENSOR,
    tags=["Model subclass", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_mask_autopass(keras, run, build, record):
    """Subclassed models propagate masks from layer to layer.

    In `call`, an RNN skips the timesteps that Embedding masked, although the code mentions no mask.
    """
    layers, want = make_chain(keras, build)
    record("last output", run(make_subclass(keras, layers), IDS), expected=want)
