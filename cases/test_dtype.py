"""Dtypes.

Layers in half and double precision, integer inputs, and masks of numbers.
"""

import numpy as np
import oracle
import pytest
import thinning

from conformance.case import Unsupported

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(91).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
X64 = X.astype("float64") * np.sqrt(2)  # values that float32 cannot represent
GARBAGE = np.where(MASK[..., None], X, np.float32(1000))

IN_ANY_DTYPE = (
    "; API docs of keras.layers.Layer, argument dtype: the dtype of the computations and weights of the layer"
)
SKIPPED = "API docs of keras.layers.RNN, call argument mask: a timestep with a False entry should be ignored"
EXCLUDED = (
    "API docs of keras.layers.GlobalAveragePooling1D, 'Call arguments', mask: binary tensor that indicates whether a "
    "given step is excluded from the average"
)
HALF = {"rtol": 0.02, "atol": 0.02}  # bfloat16 has eight bits
DOUBLE = {"rtol": 1e-11, "atol": 1e-11}
halves = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])


def build_of_dtype(keras, build, layer, shape, dtype):
    """Build a layer of this dtype; return its weights as drawn.

    Raises Unsupported where the weights have another dtype.
    """
    if dtype == "bfloat16" and not hasattr(getattr(keras, "mixed_precision", None), "Policy"):
        raise Unsupported("weights of bfloat16 came with mixed precision")
    weights = build(layer, shape)
    if dtype not in str(layer.weights[0].dtype):
        raise Unsupported("%s does not hand its dtype on to its weights" % type(layer).__name__)
    return weights


@pytest.mark.case(
    "dtype.half.masking",
    documented="API docs of keras.layers.Masking: a timestep is masked if all its values equal mask_value"
    + IN_ANY_DTYPE,
    tags=["Masking", "float16", "bfloat16"],
)
@halves
def test_half_masking(keras, run, ops, mask_of, record, dtype):
    """Masking creates masks in half precision.

    Timesteps whose values all equal a `mask_value` that the dtype can represent are masked, and their output is zero.
    """
    masking = keras.layers.Masking(mask_value=-0.75, dtype=dtype)

    def call(t):
        output = masking(ops.cast(t, dtype))
        return mask_of(output), ops.cast(output, "float32")

    mask, output = run(call, np.where(MASK[..., None], X, np.float32(-0.75)))
    record("mask", mask, expected=MASK)
    record("output", output, expected=X * MASK[..., None], **HALF)


@pytest.mark.case(
    "dtype.half.embedding",
    documented="API docs of keras.layers.Embedding, argument mask_zero: 0 is a padding value to be masked out"
    + IN_ANY_DTYPE,
    tags=["Embedding", "float16", "bfloat16"],
)
@halves
def test_half_embedding(keras, run, build, ops, mask_of, record, dtype):
    """Embedding creates a boolean mask in half precision.

    For a float16 or bfloat16 Embedding, the mask is boolean and False where an id is 0.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, dtype=dtype)
    (table,) = build_of_dtype(keras, build, embedding, (None, STEPS), dtype)

    def call(ids):
        vectors = embedding(ids)
        return mask_of(vectors), ops.cast(vectors, "float32")

    mask, vectors = run(call, IDS)
    record("mask", mask, expected=MASK)
    record("vectors", vectors, expected=table[IDS], **HALF)


@pytest.mark.case(
    "dtype.half.rnn",
    documented=SKIPPED + IN_ANY_DTYPE,
    tags=["SimpleRNN", "explicit mask", "float16", "bfloat16"],
)
@halves
def test_half_rnn(keras, run, build, ops, record, dtype):
    """RNN skips masked timesteps in half precision.

    The last output is that of the unmasked timesteps, despite large values at the masked ones.
    """
    rnn = keras.layers.SimpleRNN(UNITS, dtype=dtype, recurrent_initializer="glorot_uniform")
    weights = build_of_dtype(keras, build, rnn, (None, STEPS, FEATURES), dtype)
    last = run(lambda t, m: ops.cast(rnn(ops.cast(t, dtype), mask=m), "float32"), GARBAGE, MASK)
    record("last output", last, expected=oracle.simple_rnn(X, MASK, *weights)[1], **HALF)


@pytest.mark.case(
    "dtype.double.rnn",
    documented=SKIPPED + IN_ANY_DTYPE,
    tags=["SimpleRNN", "explicit mask", "float64"],
    backends=["tensorflow"],  # other backends turn float64 into float32: keras/src/backend/common/dtypes.py
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_double_rnn(keras, run, build, record):
    """RNN skips masked timesteps in double precision.

    The last output is that of the unmasked timesteps, and the mask costs no precision.
    """
    rnn = keras.layers.SimpleRNN(UNITS, dtype="float64")
    weights = build_of_dtype(keras, build, rnn, (None, STEPS, FEATURES), "float64")
    last = run(lambda t, m: rnn(t, mask=m), np.where(MASK[..., None], X64, 1000.0), MASK)
    want = oracle.simple_rnn(X64, MASK, *[w.astype("float64") for w in weights])[1]
    record("last output", last, expected=want, **DOUBLE)
    record("dtype", str(last.dtype), expected="float64")


@pytest.mark.case(
    "dtype.double.mean",
    documented=EXCLUDED + IN_ANY_DTYPE,
    severity="raises",
    issues=["tensorflow/tensorflow#48961"],
    tags=["GlobalAveragePooling1D", "explicit mask", "float64"],
    backends=["tensorflow"],  # other backends turn float64 into float32: keras/src/backend/common/dtypes.py
)
def test_double_mean(keras, run, record):
    """GlobalAveragePooling1D excludes masked timesteps in double precision.

    The mean is that of the unmasked timesteps, and the mask costs no precision.
    """
    pooling = keras.layers.GlobalAveragePooling1D(dtype="float64")
    mean = run(lambda t, m: pooling(t, mask=m), np.where(MASK[..., None], X64, 1000.0), MASK)
    record("mean", mean, expected=oracle.masked_mean(X64, MASK), **DOUBLE)
    record("dtype", str(mean.dtype), expected="float64")


@pytest.mark.case(
    "dtype.int-input",
    unspecified="The docs do not say whether layers that compute with floats accept masked integers",
    severity="raises",
    tags=["SimpleRNN", "GlobalAveragePooling1D", "explicit mask", "int32"],
)
@pytest.mark.parametrize("name", ["SimpleRNN", "GlobalAveragePooling1D"], ids=["rnn", "mean"])
def test_int_input(keras, run, build, record, name):
    """Integer inputs with a mask.

    Whether an RNN and a mean compute with masked integers, round them or reject them is not specified.
    """
    layer = keras.layers.SimpleRNN(UNITS) if name == "SimpleRNN" else keras.layers.GlobalAveragePooling1D()
    build(layer, (None, STEPS, FEATURES))
    integers = np.round(GARBAGE * 3).astype("int32")
    record("output", run.attempt(lambda t, m: layer(t, mask=m), integers, MASK))


@pytest.mark.case(
    "dtype.mask-cast.mean",
    documented=EXCLUDED,
    tags=["GlobalAveragePooling1D", "explicit mask", "int32", "float32"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_mask_cast_mean(keras, run, record, dtype):
    """GlobalAveragePooling1D accepts a mask of zeros and ones.

    The mean is that of the timesteps where the mask is not zero.
    """
    pooling = keras.layers.GlobalAveragePooling1D()
    mean = run(lambda t, m: pooling(t, mask=m), GARBAGE, MASK.astype(dtype))
    record("mean", mean, expected=oracle.masked_mean(X, MASK))


def equal_or_raised(observed, other):
    """Return whether an array from `run.attempt` equals another; or the exception, if there was one."""
    return bool(np.allclose(observed, other, atol=1e-4)) if isinstance(observed, np.ndarray) else observed


def make_attention(keras, build, name):
    """Return a function of (batch, timesteps, features) and a mask of the timesteps: self-attention."""
    if name == "Attention":
        layer = keras.layers.Attention()
        return lambda t, m: layer([t, t], mask=[m, m])
    layer = keras.layers.MultiHeadAttention(2, 3)
    layer(*[keras.Input((STEPS, FEATURES))] * 2)
    build(layer)
    return lambda t, m: layer(t, t, attention_mask=m[:, None])


@pytest.mark.case(
    "dtype.mask-cast.attention",
    unspecified="The docs of these layers ask for boolean masks; numbers may be cast, computed with or rejected",
    severity="raises",
    issues=["keras-team/keras#21483"],
    tags=["MultiHeadAttention", "Attention", "explicit mask", "int32", "float32"],
    needs=["layers.MultiHeadAttention", "layers.Attention"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
@pytest.mark.parametrize("name", ["MultiHeadAttention", "Attention"], ids=["mha", "dot"])
def test_mask_cast_attention(keras, run, build, record, name, dtype):
    """Attention layers with a mask of zeros and ones.

    Whether numbers act like a boolean mask is not specified.
    """
    call = make_attention(keras, build, name)
    booleans, numbers = run(call, GARBAGE, MASK), run.attempt(call, GARBAGE, MASK.astype(dtype))
    record("same as a boolean mask", equal_or_raised(numbers, booleans))


@pytest.mark.case(
    "dtype.mask-cast.batchnorm",
    unspecified="The docs ask for a binary tensor; numbers may be cast, computed with or rejected",
    severity="raises",
    tags=["BatchNormalization", "explicit mask", "training", "int32", "float32"],
    needs=["layers.BatchNormalization(mask)"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_mask_cast_batchnorm(keras, run, build, record, dtype):
    """BatchNormalization with a mask of zeros and ones.

    Whether numbers act like a boolean mask in training is not specified.
    """
    layer = keras.layers.BatchNormalization()
    build(layer, (None, STEPS, FEATURES))
    booleans = run(lambda t, m: layer(t, training=True, mask=m), GARBAGE, MASK)
    numbers = run.attempt(lambda t, m: layer(t, training=True, mask=m), GARBAGE, MASK.astype(dtype))
    record("same as a boolean mask", equal_or_raised(numbers, booleans))
