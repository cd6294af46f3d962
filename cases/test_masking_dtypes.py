"""Masking.

`Masking` of floating-point and integer input, and the dtype of its mask.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES = 2, 5, 3
# Both samples are padded on the right; sample 1 also has a gap.
KEPT = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)

SOURCE = "keras/src/layers/core/masking.py, "


def padded(padding, dtype="float32"):
    """Return the numbers 1, 2, 3, ... with `padding` at every timestep that is not `KEPT`."""
    x = np.arange(1, 1 + KEPT.size * FEATURES).reshape(KEPT.shape + (FEATURES,)).astype(dtype)
    x[~KEPT] = padding
    return x


def mask_and_output(layer, mask_of):
    """Return a function for `run` that returns the mask of the output of `layer`, and the output."""

    def call(x):
        output = layer(x)
        return mask_of(output), output

    return call


@pytest.mark.case(
    "masking.float-equality-exact",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), without a tolerance",
    tags=["Masking"],
)
def test_float_equality_exact(keras, run, mask_of, record):
    """Masking compares with `mask_value` exactly, in the precision of its input.

    A timestep of the float32 nearest to `mask_value` is masked, and one of an adjacent float32 is kept.
    """
    value = np.float32(0.1)
    x = padded(value)
    x[0, 0], x[1, 0] = np.nextafter(value, np.float32([0, 1]))[:, None]
    layer = keras.layers.Masking(mask_value=0.1)
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.half-input",
    established=SOURCE + "compute_mask compares and call computes in the dtype of the input",
    tags=["Masking", "float16"],
)
def test_half_input(keras, run, mask_of, record):
    """Masking compares float16 input exactly and outputs float16.

    A timestep of `mask_value` is masked, one of an adjacent float16 is kept, and the output is float16.
    """
    value = np.float16(-0.5)
    x = padded(value, "float16")
    x[0, 0], x[1, 0] = np.nextafter(value, np.float16([0, -1]))[:, None]
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=-0.5, dtype="float16"), mask_of), x)
    record("mask", mask, expected=KEPT)
    record("output", output, expected=oracle.masking_output(x, value), rtol=0, atol=0)
    record("output dtype", str(output.dtype), expected="float16")


@pytest.mark.case(
    "masking.half-input.rounded-value",
    unspecified="No documentation says whether mask_value is rounded to the dtype of the input before the "
    "comparison; if it is not, no timestep is masked",
    tags=["Masking", "float16"],
)
def test_half_input_rounded_value(keras, run, mask_of, record):
    """Mask of float16 input for a `mask_value` that float16 cannot represent.

    Whether a timestep of the float16 nearest to 0.1 equals a `mask_value` of 0.1 is not specified.
    """
    layer = keras.layers.Masking(mask_value=0.1, dtype="float16")
    record("mask", run(lambda x: mask_of(layer(x)), padded(0.1, "float16")))


@pytest.mark.case(
    "masking.int-input.default-value",
    unspecified="The default mask_value is a float; no documentation says that integers are compared with it",
    severity="raises",
    tags=["Masking", "int32"],
)
def test_int_input_default_value(keras, run, mask_of, record):
    """Mask of integer input for the default `mask_value`.

    Whether integers are compared with 0.0 or rejected is not specified.
    """
    record("mask and output", run.attempt(mask_and_output(keras.layers.Masking(), mask_of), padded(0, "int32")))


@pytest.mark.case(
    "masking.int-input.int-value",
    established=SOURCE + "call computes the output from the input in its own dtype",
    severity="raises",
    tags=["Masking", "int32"],
)
def test_int_input_int_value(keras, run, mask_of, record):
    """Masking supports integer input with an integer `mask_value`.

    The output has the dtype of the input and zeros at masked timesteps, and the mask is boolean.
    """
    x = padded(-1, "int32")
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=-1), mask_of), x)
    record("mask", mask, expected=KEPT)
    record("output", output, expected=oracle.masking_output(x, -1))
    record("output dtype", str(output.dtype), expected="int32")


@pytest.mark.case(
    "masking.mask-dtype-bool",
    documented="Guide 'Understanding masking & padding', section 'Mask-generating layers: Embedding and Masking': "
    "the mask is a boolean tensor",
    tags=["Masking"],
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_mask_dtype_bool(keras, run, mask_of, record, dtype):
    """Masking computes a boolean mask.

    The mask is boolean whatever the dtype of the input.
    """
    layer = keras.layers.Masking(mask_value=-1, dtype=dtype)
    mask = run(lambda x: mask_of(layer(x)), padded(-1, dtype))
    record("mask", mask, expected=KEPT)
    record("mask dtype", str(getattr(mask, "dtype", None)), expected="bool")
