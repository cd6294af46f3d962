"""Mask shapes.

Symbolic masks, while a model is constructed: static shape with the batch dimension, dtype, and the input they follow.
"""

import numpy as np
import pytest
import recurrent

from conformance.case import Unsupported

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 2, 6
# Two inputs of the same length; no row of one mask is a row of the other.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
OTHER = np.array([[0, 2, 2, 0, 1], [1, 5, 0, 0, 0], [4, 0, 3, 1, 6]], "int32")

OF_INPUT = "Source of compute_mask of the layer: the mask of its input, or of its query, whose sizes it keeps"
CREATED = ["Embedding", "TimeDistributed"]
RECURRENT = ["SimpleRNN", "LSTM", "GRU"]
PAIRED = ["Attention", "AdditiveAttention", "MultiHeadAttention"]


def make(keras, name):
    """Return a function of the masked tensors `a` and `b` that returns the output of the layer."""
    if name not in CREATED and not hasattr(keras.layers, name):
        raise Unsupported("there is no keras.layers.%s" % name)
    if name == "Embedding":
        return lambda a, b: a
    if name == "TimeDistributed":
        layer = keras.layers.TimeDistributed(keras.layers.Dense(UNITS))
    elif name in RECURRENT:
        layer = recurrent.make_recurrent(keras, name, UNITS, return_sequences=True)
    elif name == "Bidirectional":
        layer = keras.layers.Bidirectional(recurrent.make_recurrent(keras, "LSTM", UNITS, return_sequences=True))
    elif name == "MultiHeadAttention":
        layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3)
        return layer
    elif name == "Dense":
        layer = keras.layers.Dense(UNITS)
    else:
        layer = getattr(keras.layers, name)()
    return lambda a, b: layer([a, b] if name in PAIRED or name in ("Add", "Multiply", "Concatenate") else a)


def symbolic(keras, name, batch):
    """Return two inputs, each with its own Embedding, and two outputs of the layer: for either one as the first."""
    inputs = [keras.Input(batch_shape=(batch, STEPS), dtype="int32") for _ in range(2)]
    a, b = (keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)(x) for x in inputs)
    call = make(keras, name)
    return inputs, [call(a, b), call(b, a)]


def describe(mask, static_shape):
    """Return the static shape and the dtype of a mask, None if there is none."""
    return None if mask is None else [static_shape(mask), str(getattr(mask.dtype, "name", mask.dtype))]


def mask_output(keras, ops):
    """Make a layer that outputs the mask of its input as numbers, -1 if there is none."""

    class MaskOutput(keras.layers.Layer):
        def __init__(self):
            super(MaskOutput, self).__init__()
            self.supports_masking = True

        def call(self, inputs, mask=None):
            return inputs[..., 0] * 0.0 - 1.0 if mask is None else ops.cast(mask, "float32")

        def compute_mask(self, inputs, mask=None):
            return None

        def compute_output_shape(self, input_shape):
            return tuple(input_shape)[:-1]

    return MaskOutput()


@pytest.mark.case(
    "mask-shape.symbolic",
    established=OF_INPUT,
    tags=["{name}", "Embedding", "symbolic"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("name", CREATED + ["Dense", "Bidirectional"] + RECURRENT + PAIRED)
def test_symbolic(keras, mask_of, static_shape, record, name):
    """A symbolic mask has the static shape and the dtype of a mask.

    During model construction, the mask of the output is boolean, and its static shape is that of the batch and time
    dimensions of the input, whether the batch size is known or not.

    Construction executes nothing, so `graph` and `jit` would repeat `eager`.
    """
    for batch, known in [(None, "unknown"), (BATCH, "known")]:
        mask = mask_of(symbolic(keras, name, batch)[1][0])
        record("%s batch size" % known, describe(mask, static_shape), expected=[[batch, STEPS], "bool"])


@pytest.mark.case(
    "mask-shape.symbolic.merged",
    unspecified="No documentation says how masks are merged; the rule changed from AND to no mask to OR",
    tags=["{name}", "Embedding", "symbolic"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("name", ["Add", "Multiply", "Concatenate"])
def test_symbolic_merged(keras, mask_of, static_shape, record, name):
    """Symbolic mask of a merging layer.

    Whether the output has a mask during model construction is not specified; if so, it has a static shape and a dtype.

    Construction executes nothing, so `graph` and `jit` would repeat `eager`.
    """
    for batch, known in [(None, "unknown"), (BATCH, "known")]:
        record("%s batch size" % known, describe(mask_of(symbolic(keras, name, batch)[1][0]), static_shape))


@pytest.mark.case(
    "mask-shape.symbolic.own-input",
    established=OF_INPUT,
    tags=["{name}", "Embedding", "Functional", "several inputs"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("name", ["Dense", "Bidirectional"] + RECURRENT + PAIRED)
def test_symbolic_own_input(keras, run, build, ops, record, name):
    """The mask of an output follows its own input.

    In a functional model that calls a layer twice, with either of two masked inputs of the same length as the first,
    each output has the mask of its own first input.
    """
    inputs, outputs = symbolic(keras, name, None)
    mask = mask_output(keras, ops)
    model = keras.Model(inputs, [mask(output) for output in outputs])
    build(model)
    first, second = run(lambda a, b: model([a, b]), IDS, OTHER)
    record("mask, first input", first, expected=(IDS != 0).astype("float32"))
    record("mask, second input", second, expected=(OTHER != 0).astype("float32"))
