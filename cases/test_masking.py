"""Masking.

How it compares, what it reduces, and what it emits.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES = 2, 5, 3
# Sample 0 is padded at its end, sample 1 has a gap as well.
KEPT = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)

API_DOCS = "API docs of keras.layers.Masking: a step is masked if all its values are equal to mask_value"
SOURCE = "keras/src/layers/core/masking.py, "


def padded(padding, dtype="float32"):
    """The numbers 1, 2, 3, ... with `padding` in every step that is not `KEPT`."""
    x = np.arange(1, 1 + KEPT.size * FEATURES).reshape(KEPT.shape + (FEATURES,)).astype(dtype)
    x[~KEPT] = padding
    return x


def apart(*shape):
    """Zeros and ones of `shape` whose mask is found by `any` over the last axis and in no other way."""
    x = np.random.RandomState(7).binomial(1, 0.4, shape).astype("float32")
    mask = oracle.masking(x, 0)
    others = [np.any(x != 0, axis) for axis in range(x.ndim - 1)] + [np.all(x != 0, axis=-1)]
    assert len(set(shape)) == len(shape) and mask.any() and not mask.all(), shape
    assert not any(np.array_equal(mask, other) for other in others), shape
    return x


PAIRS, SEQUENCES, GRIDS = apart(STEPS, FEATURES), apart(BATCH, STEPS, FEATURES), apart(BATCH, STEPS, 4, FEATURES)


def mask_and_output(layer, mask_of):
    """Function for `run`: the mask that `layer` makes of its argument, and its output."""

    def call(x):
        output = layer(x)
        return mask_of(output), output

    return call


@pytest.mark.case("masking.broadcast.scalar", documented=API_DOCS, tags=["Masking"])
def test_broadcast_scalar(keras, run, mask_of, record):
    """A scalar mask_value is compared with every feature.

    A step is masked exactly if all of its features equal the scalar.
    """
    layer = keras.layers.Masking(mask_value=-1.0)
    record("mask", run(lambda x: mask_of(layer(x)), padded(-1)), expected=KEPT)


@pytest.mark.case(
    "masking.default-mask-value",
    documented="API docs of keras.layers.Masking, its signature: mask_value=0.0",
    tags=["Masking"],
)
def test_default_mask_value(keras, run, mask_of, record):
    """The default mask_value is zero.

    `Masking()` masks the steps whose features are all zero.
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), padded(0)), expected=KEPT)


@pytest.mark.case("masking.nonzero-mask-value-keeps-zeros", documented=API_DOCS, tags=["Masking"])
def test_nonzero_mask_value_keeps_zeros(keras, run, mask_of, record):
    """With another mask_value, zeros are data.

    A step of zeros is kept where `mask_value` is not zero.
    """
    x = padded(-1)
    x[:, 0] = 0
    layer = keras.layers.Masking(mask_value=-1.0)
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.broadcast.vector",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value) broadcasts; "
    "upstream's test_masking_with_tensor gives a mask_value of rank 1",
    issues=["keras-team/keras#20706", "keras-team/keras#20791"],
    tags=["Masking"],
)
def test_broadcast_vector(keras, run, mask_of, record):
    """A vector mask_value is compared feature by feature.

    A step is masked exactly if it equals the vector; one with the same numbers in another order is kept.
    """
    value = [41.0, 42.0, 43.0]
    x = padded(value)
    x[:, 0] = value[::-1]
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=value), mask_of), x)
    record("mask", mask, expected=KEPT)
    record("output", output, expected=oracle.masking_output(x, value))


@pytest.mark.case("masking.partial-match-kept", documented=API_DOCS, tags=["Masking"])
def test_partial_match_kept(keras, run, mask_of, record):
    """A step in which some features equal mask_value is kept as it is.

    One feature that differs keeps the step, and the features that equal `mask_value` are not set to zero.
    """
    x = np.full((BATCH, STEPS, FEATURES), -1, "float32")
    for step in range(STEPS):
        x[:, step, step % FEATURES] = 1 + step
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=-1.0), mask_of), x)
    record("mask", mask, expected=np.ones((BATCH, STEPS), bool))
    record("output", output, expected=x, rtol=0, atol=0)


@pytest.mark.case(
    "masking.nan-mask-value",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), and IEEE 754 has NaN differ from NaN",
    issues=["keras-team/keras#2819"],
    tags=["Masking", "NaN"],
)
def test_nan_mask_value(keras, run, mask_of, record):
    """A mask_value of NaN masks nothing.

    Every step is kept, also one of NaN alone, and the NaN stays in the output.
    """
    x = padded(np.nan)
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=float("nan")), mask_of), x)
    record("mask", mask, expected=np.ones_like(KEPT))
    record("output", output, expected=x)


@pytest.mark.case(
    "masking.nan-in-data",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), and IEEE 754 has NaN differ from any number",
    tags=["Masking", "NaN"],
)
def test_nan_in_data(keras, run, mask_of, record):
    """A step with NaN is kept.

    NaN in one or all features of a step keeps it, even if the others equal `mask_value`, and is passed on.
    """
    x = padded(0)
    x[0, 3, 1] = x[1, 1] = np.nan
    mask, output = run(mask_and_output(keras.layers.Masking(), mask_of), x)
    record("mask", mask, expected=oracle.masking(x, 0))
    record("output", output, expected=oracle.masking_output(x, 0))


@pytest.mark.case("masking.inf-mask-value", documented=API_DOCS, tags=["Masking", "inf"])
def test_inf_mask_value(keras, run, mask_of, record):
    """An infinite mask_value masks.

    A step is masked if all of its features are the infinity given, and kept if one is the other infinity.
    """
    x = padded(np.inf)
    x[:, 0] = [np.inf, -np.inf, np.inf]
    layer = keras.layers.Masking(mask_value=float("inf"))
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.inf-mask-value.output",
    established="keras-team/keras#449, by which Masking replaces the masked steps of its output with 0; "
    + SOURCE
    + "call: 'Set masked outputs to 0'",
    issues=["keras-team/keras#449", "keras-team/keras#2819", "keras-team/keras#22392"],
    tags=["Masking", "inf", "NaN"],
)
def test_inf_mask_value_output(keras, run, record):
    """Masked steps come out as zeros where mask_value is infinite.

    The infinities of masked steps do not reach the output, as infinity or as NaN.
    """
    x = padded(np.inf)
    layer = keras.layers.Masking(mask_value=float("inf"))
    record("output", run(lambda t: layer(t), x), expected=oracle.masking_output(x, np.inf))


@pytest.mark.case(
    "masking.output-zeroed",
    established="keras-team/keras#449, by which Masking replaces the masked steps of its output with 0; "
    + SOURCE
    + "call: 'Set masked outputs to 0'",
    issues=["keras-team/keras#449"],
    tags=["Masking"],
)
def test_output_zeroed(keras, run, record):
    """Masked steps come out as zeros, the others untouched.

    Masked steps are zero whatever `mask_value` is; kept steps are the input's, to the last bit.
    """
    x = padded(1e30)
    x[KEPT] /= 3
    layer = keras.layers.Masking(mask_value=1e30)
    record("output", run(lambda t: layer(t), x), expected=oracle.masking_output(x, 1e30), rtol=0, atol=0)


@pytest.mark.case(
    "masking.negative-zero-input",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), and IEEE 754 has -0 equal to 0",
    tags=["Masking"],
)
def test_negative_zero_input(keras, run, mask_of, record):
    """Negative zeros equal a mask_value of zero.

    A step of zeros of either sign is masked.
    """
    x = padded([0.0, -0.0, 0.0])
    x[0, 3] = -0.0
    layer = keras.layers.Masking(mask_value=0.0)
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.signed-zero-output",
    unspecified="Nothing says which zero stands for a masked step; it shows in 1/x and in bitwise comparisons",
    severity="cosmetic",
    issues=["keras-team/keras#22392"],
    tags=["Masking"],
)
def test_signed_zero_output(keras, run, record):
    """The sign of the zeros in masked steps.

    The zeros that replace a negative `mask_value` may be positive or negative.
    """
    layer = keras.layers.Masking(mask_value=-1.0)
    record("sign bit", np.signbit(run(lambda x: layer(x), padded(-1))[~KEPT]))


@pytest.mark.case(
    "masking.stacked-overrides",
    unspecified="Nothing says whether a mask that arrives and the mask of the layer are combined; "
    "users may expect both to count",
    tags=["Masking"],
)
def test_stacked_overrides(keras, run, mask_of, record):
    """Masking after Masking.

    The second layer sees zeros where the first one masked, which are not its own `mask_value`.
    """
    x = padded(0)
    x[:, 0] = -1
    first, second = keras.layers.Masking(mask_value=0.0), keras.layers.Masking(mask_value=-1.0)
    record("mask", run(lambda t: mask_of(second(first(t))), x))


@pytest.mark.case(
    "masking.compute-mask-equals-attached",
    documented="Guide 'Understanding masking & padding', section 'Passing mask tensors directly to layers': "
    "layers that produce a mask expose compute_mask, which can be called",
    tags=["Masking", "compute_mask"],
)
def test_compute_mask_equals_attached(keras, run, mask_of, record):
    """compute_mask called by hand gives the mask that the next layer is given.

    Both masks are False exactly in the steps that equal `mask_value`.
    """
    layer = keras.layers.Masking(mask_value=-1.0)
    by_hand, attached = run(lambda x: [layer.compute_mask(x), mask_of(layer(x))], padded(-1))
    record("by hand", by_hand, expected=KEPT)
    record("attached", attached, expected=KEPT)


@pytest.mark.case(
    "masking.config-roundtrip",
    documented="API docs of keras.layers.Layer, from_config: the reverse of get_config, "
    "makes the same layer from its config",
    tags=["Masking", "serialization"],
)
def test_config_roundtrip(keras, run, mask_of, record):
    """The config of Masking holds mask_value.

    A layer made from the config of another one has its `mask_value` and gives the same mask.
    """
    config = keras.layers.Masking(mask_value=-1.0).get_config()
    layer = keras.layers.Masking.from_config(config)
    record("mask_value", config.get("mask_value"), expected=-1.0)
    record("mask", run(lambda x: mask_of(layer(x)), padded(-1)), expected=KEPT)


@pytest.mark.case(
    "masking.reduce.last-axis",
    documented="Guide 'Understanding masking & padding', section 'Mask-generating layers: Embedding and Masking': "
    "the mask is 2D, (batch_size, sequence_length)",
    tags=["Masking"],
)
def test_reduce_last_axis(keras, run, mask_of, record):
    """Of (batch, time, features), only features are reduced.

    The mask has shape (batch, time), and each entry depends on the features of its own step alone.
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), SEQUENCES), expected=oracle.masking(SEQUENCES, 0))


@pytest.mark.case(
    "masking.reduce.rank2",
    established=SOURCE + "compute_mask: any(axis=-1); the docs describe input of rank 3 only",
    tags=["Masking"],
)
def test_reduce_rank2(keras, run, mask_of, record):
    """Of input of rank 2, the last axis is reduced.

    The mask of a (batch, features) input has shape (batch,).
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), PAIRS), expected=oracle.masking(PAIRS, 0))


@pytest.mark.case(
    "masking.reduce.rank4",
    established=SOURCE + "compute_mask: any(axis=-1); the docs describe input of rank 3 only",
    tags=["Masking"],
)
def test_reduce_rank4(keras, run, mask_of, record):
    """Of input of rank 4, only the last axis is reduced.

    The mask of a (batch, time, width, features) input has shape (batch, time, width), one rank less than the input.
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), GRIDS), expected=oracle.masking(GRIDS, 0))
