"""Models.

Subclassed models: masks that go through them.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS

READ_FROM_TENSOR = (
    "Source of keras.layers.Layer.__call__: the mask is read from the tensor, wherever the call is made, "
    "and models are layers"
)


def make_chain(keras, build, **arguments):
    """Layers that make the mask MASK of IDS, let it through and use it, and their joint output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, **arguments)
    dense, rnn = keras.layers.Dense(WIDTH, **arguments), keras.layers.SimpleRNN(UNITS, **arguments)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, WIDTH))
    return (embedding, dense, rnn), oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_subclass(keras, layers):
    """A subclass of Model that calls layers one after the other."""

    class Chain(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.dense, self.last = layers

        def call(self, inputs):
            return self.last(self.dense(self.embedding(inputs)))

        def compute_output_shape(self, input_shape):  # standalone Keras 2 asks for it
            return (input_shape[0], UNITS)

    return Chain()


@pytest.mark.case(
    "subclass.mask-autopass",
    established=READ_FROM_TENSOR,
    tags=["Model subclass", "Embedding", "Dense", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_mask_autopass(keras, run, build, record):
    """A mask goes from layer to layer in a subclass of Model.

    In call, an RNN skips the steps that Embedding masked, without any mention of a mask.
    """
    layers, want = make_chain(keras, build)
    record("last output", run(make_subclass(keras, layers), IDS), expected=want)
