"""Softmax.

The `mask` argument of `Softmax`, and a mask of timesteps on its input.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES = 2, 5, 3
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)
X = np.random.RandomState(15).uniform(-2, 2, (BATCH, STEPS, FEATURES)).astype("float32")
LOGITS = np.where(MASK, X[..., 0], np.float32(5))  # masked logits are the largest of their row

KEEP = "API docs of keras.layers.Softmax, 'Call arguments', mask: specifies 1 to keep and 0 to mask"
HAS_ARGUMENT = ["layers.Softmax(mask)"]


@pytest.mark.case("softmax.explicit-mask", documented=KEEP, needs=HAS_ARGUMENT, tags=["Softmax", "mask argument"])
def test_explicit_mask(keras, run, record):
    """Softmax assigns no probability to masked logits.

    The output is the softmax of the unmasked logits alone, and zero at the masked ones.
    """
    softmax = keras.layers.Softmax()
    record("output", run(lambda x, m: softmax(x, mask=m), LOGITS, MASK), expected=oracle.softmax(LOGITS, MASK))


@pytest.mark.case("softmax.float16", documented=KEEP, needs=HAS_ARGUMENT, tags=["Softmax", "float16", "mask argument"])
def test_float16(keras, run, record):
    """Softmax assigns no probability to masked logits in float16.

    The number that replaces masked logits does not overflow in float16.
    """
    softmax, half = keras.layers.Softmax(dtype="float16"), LOGITS.astype("float16")
    output = run(lambda x, m: softmax(x, mask=m), half, MASK)
    record(
        "output", output, expected=oracle.softmax(half.astype("float32"), MASK).astype("float16"), rtol=1e-2, atol=1e-3
    )


@pytest.mark.case(
    "softmax.fully-masked",
    unspecified="The softmax over no logits is undefined; zeros, equal parts and the unmasked softmax are possible",
    issues=["keras-team/keras#21123", "keras-team/keras#21149"],
    needs=HAS_ARGUMENT,
    tags=["Softmax", "all masked", "mask argument"],
)
def test_fully_masked(keras, run, record):
    """Softmax of a row with no unmasked logit.

    The output for such a row is not specified; other rows are not affected.
    """
    softmax = keras.layers.Softmax()
    mask = MASK * np.array([[False], [True]])
    output = run(lambda x, m: softmax(x, mask=m), LOGITS, mask)
    record("masked row", output[0])
    record("other row", output[1], expected=oracle.softmax(LOGITS, MASK)[1])


@pytest.mark.case(
    "softmax.non-bool",
    unspecified="The API docs ask for a boolean mask; a mask of floats has been used as weights and compared with 0.5",
    issues=["keras-team/keras#21850"],
    needs=HAS_ARGUMENT,
    tags=["Softmax", "mask argument"],
)
def test_non_bool(keras, run, record):
    """Softmax with a mask of numbers between 0 and 1.

    The effect of mask values other than 0 and 1 is not specified.
    """
    softmax = keras.layers.Softmax()
    mask = np.where(MASK, np.float32(0.75), np.float32(0.25))
    record("output", run.attempt(lambda x, m: softmax(x, mask=m), LOGITS, mask))


@pytest.mark.case(
    "softmax.auto-time-mask",
    unspecified="No documentation says whether Softmax uses the mask of its input, one of timesteps, as one of logits; "
    "if it does and the shapes happen to fit, features are masked",
    issues=["tensorflow/tensorflow#50467", "keras-team/keras#19722", "keras-team/keras#22295"],
    tags=["Softmax", "Dense", "Masking"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@pytest.mark.parametrize(
    "batch, units", [(BATCH, 4), (1, STEPS)], ids=["shapes-differ", "one-sample-as-many-units-as-steps"]
)
def test_auto_time_mask(keras, run, build, record, batch, units):
    """Softmax of input whose mask is one of timesteps.

    Whether Softmax after Masking and Dense uses the mask of the timesteps is not specified.

    A mask of (1, T) broadcasts to logits of (1, T, T), one of (B, T) does not broadcast to (B, T, F): two dimensions
    coincide on purpose.
    """
    masking, dense, softmax = keras.layers.Masking(), keras.layers.Dense(units), keras.layers.Softmax()
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    padded = (X * MASK[..., None])[:batch]
    output = run.attempt(lambda x: softmax(dense(masking(x))), padded)
    record("output", output)
    plain = oracle.softmax(padded @ kernel + bias)
    record("mask ignored", isinstance(output, np.ndarray) and bool(np.allclose(output, plain, atol=1e-5)))


@pytest.mark.case(
    "softmax.activation-function",
    established="keras/src/activations/activations.py, softmax has no mask argument",
    tags=["Activation", "Dense", "Masking"],
)
def test_activation_function(keras, run, build, record):
    """The softmax activation ignores masks.

    `Activation("softmax")` and `Dense(activation="softmax")` compute the softmax of all timesteps, masked or not.
    """
    masking, activation = keras.layers.Masking(), keras.layers.Activation("softmax")
    dense = keras.layers.Dense(4, activation="softmax")
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    padded = X * MASK[..., None]
    by_layer, by_dense = run(lambda x: [activation(masking(x)), dense(masking(x))], padded)
    record("Activation", by_layer, expected=oracle.softmax(padded))
    record("Dense", by_dense, expected=oracle.softmax(padded @ kernel + bias))
