"""Masking.

How `Masking` compares its input with `mask_value`, and what it outputs.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES = 2, 5, 3
# Both samples are padded on the right; sample 1 also has a gap.
KEPT = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)

API_DOCS = "API docs of keras.layers.Masking: a timestep is masked if all of its values are equal to mask_value"
SOURCE = "keras/src/layers/core/masking.py, "


def padded(padding, dtype="float32"):
    """Return the numbers 1, 2, 3, ... with `padding` at every timestep that is not `KEPT`."""
    x = np.arange(1, 1 + KEPT.size * FEATURES).reshape(KEPT.shape + (FEATURES,)).astype(dtype)
    x[~KEPT] = padding
    return x


def apart(*shape):
    """Return zeros and ones of `shape` whose mask is found by `any` over the last axis and by no other reduction."""
    x = np.random.RandomState(7).binomial(1, 0.4, shape).astype("float32")
    mask = oracle.masking(x, 0)
    others = [np.any(x != 0, axis) for axis in range(x.ndim - 1)] + [np.all(x != 0, axis=-1)]
    assert len(set(shape)) == len(shape) and mask.any() and not mask.all(), shape
    assert not any(np.array_equal(mask, other) for other in others), shape
    return x


PAIRS, SEQUENCES, GRIDS = apart(STEPS, FEATURES), apart(BATCH, STEPS, FEATURES), apart(BATCH, STEPS, 4, FEATURES)


def mask_and_output(layer, mask_of):
    """Return a function for `run` that returns the mask of the output of `layer`, and the output."""

    def call(x):
        output = layer(x)
        return mask_of(output), output

    return call


@pytest.mark.case("masking.broadcast.scalar", documented=API_DOCS, tags=["Masking"])
def test_broadcast_scalar(keras, run, mask_of, record):
    """Masking compares a scalar `mask_value` with every feature.

    A timestep is masked if and only if all of its features equal the scalar.
    """
    layer = keras.layers.Masking(mask_value=-1.0)
    record("mask", run(lambda x: mask_of(layer(x)), padded(-1)), expected=KEPT)


@pytest.mark.case(
    "masking.default-mask-value",
    documented="API docs of keras.layers.Masking, its signature: mask_value=0.0",
    tags=["Masking"],
)
def test_default_mask_value(keras, run, mask_of, record):
    """Masking uses a `mask_value` of zero by default.

    `Masking()` masks exactly the timesteps whose features are all zero.
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), padded(0)), expected=KEPT)


@pytest.mark.case("masking.nonzero-mask-value-keeps-zeros", documented=API_DOCS, tags=["Masking"])
def test_nonzero_mask_value_keeps_zeros(keras, run, mask_of, record):
    """Masking keeps zeros if `mask_value` is not zero.

    A timestep whose features are all zero is not masked if `mask_value` is not zero.
    """
    x = padded(-1)
    x[:, 0] = 0
    layer = keras.layers.Masking(mask_value=-1.0)
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.broadcast.vector",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value) broadcasts; "
    "upstream's test_masking_with_tensor passes a mask_value of rank 1",
    issues=["keras-team/keras#20706", "keras-team/keras#20791"],
    tags=["Masking"],
)
def test_broadcast_vector(keras, run, mask_of, record):
    """Masking compares a vector `mask_value` feature by feature.

    A timestep is masked if and only if it equals the vector; the same numbers in another order are not masked.
    """
    value = [41.0, 42.0, 43.0]
    x = padded(value)
    x[:, 0] = value[::-1]
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=value), mask_of), x)
    record("mask", mask, expected=KEPT)
    record("output", output, expected=oracle.masking_output(x, value))


@pytest.mark.case("masking.partial-match-kept", documented=API_DOCS, tags=["Masking"])
def test_partial_match_kept(keras, run, mask_of, record):
    """Masking keeps timesteps that match `mask_value` only partially.

    One feature that differs from `mask_value` keeps the timestep, and its other features are not set to zero.
    """
    x = np.full((BATCH, STEPS, FEATURES), -1, "float32")
    for step in range(STEPS):
        x[:, step, step % FEATURES] = 1 + step
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=-1.0), mask_of), x)
    record("mask", mask, expected=np.ones((BATCH, STEPS), bool))
    record("output", output, expected=x, rtol=0, atol=0)


@pytest.mark.case(
    "masking.nan-mask-value",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), and by IEEE 754 NaN differs from NaN",
    issues=["keras-team/keras#2819"],
    tags=["Masking", "NaN"],
)
def test_nan_mask_value(keras, run, mask_of, record):
    """Masking with a `mask_value` of NaN masks nothing.

    Every timestep is kept, even one whose features are all NaN, and the NaN remains in the output.
    """
    x = padded(np.nan)
    mask, output = run(mask_and_output(keras.layers.Masking(mask_value=float("nan")), mask_of), x)
    record("mask", mask, expected=np.ones_like(KEPT))
    record("output", output, expected=x)


@pytest.mark.case(
    "masking.nan-in-data",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), and by IEEE 754 NaN differs from any number",
    tags=["Masking", "NaN"],
)
def test_nan_in_data(keras, run, mask_of, record):
    """Masking keeps timesteps that contain NaN.

    NaN in one or all features of a timestep keeps it, even if the others equal `mask_value`, and remains in the output.
    """
    x = padded(0)
    x[0, 3, 1] = x[1, 1] = np.nan
    mask, output = run(mask_and_output(keras.layers.Masking(), mask_of), x)
    record("mask", mask, expected=oracle.masking(x, 0))
    record("output", output, expected=oracle.masking_output(x, 0))


@pytest.mark.case("masking.inf-mask-value", documented=API_DOCS, tags=["Masking", "inf"])
def test_inf_mask_value(keras, run, mask_of, record):
    """Masking supports an infinite `mask_value`.

    A timestep is masked if all of its features equal the given infinity, and kept if one is the opposite infinity.
    """
    x = padded(np.inf)
    x[:, 0] = [np.inf, -np.inf, np.inf]
    layer = keras.layers.Masking(mask_value=float("inf"))
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.inf-mask-value.output",
    established="keras-team/keras#449, since which Masking outputs 0 at masked timesteps; "
    + SOURCE
    + "call: 'Set masked outputs to 0'",
    issues=["keras-team/keras#449", "keras-team/keras#2819", "keras-team/keras#22392"],
    tags=["Masking", "inf", "NaN"],
)
def test_inf_mask_value_output(keras, run, record):
    """Masking outputs zeros at masked timesteps if `mask_value` is infinite.

    The infinities of masked timesteps reach the output neither as infinity nor as NaN.
    """
    x = padded(np.inf)
    layer = keras.layers.Masking(mask_value=float("inf"))
    record("output", run(lambda t: layer(t), x), expected=oracle.masking_output(x, np.inf))


@pytest.mark.case(
    "masking.output-zeroed",
    established="keras-team/keras#449, since which Masking outputs 0 at masked timesteps; "
    + SOURCE
    + "call: 'Set masked outputs to 0'",
    issues=["keras-team/keras#449"],
    tags=["Masking"],
)
def test_output_zeroed(keras, run, record):
    """Masking outputs zeros at masked timesteps.

    Masked timesteps are zero for any `mask_value`, and all other timesteps equal the input bit for bit.
    """
    x = padded(1e30)
    x[KEPT] /= 3
    layer = keras.layers.Masking(mask_value=1e30)
    record("output", run(lambda t: layer(t), x), expected=oracle.masking_output(x, 1e30), rtol=0, atol=0)


@pytest.mark.case(
    "masking.negative-zero-input",
    established=SOURCE + "compute_mask: not_equal(inputs, mask_value), and by IEEE 754 -0 equals 0",
    tags=["Masking"],
)
def test_negative_zero_input(keras, run, mask_of, record):
    """Masking treats negative zero as equal to zero.

    With a `mask_value` of zero, a timestep of zeros of either sign is masked.
    """
    x = padded([0.0, -0.0, 0.0])
    x[0, 3] = -0.0
    layer = keras.layers.Masking(mask_value=0.0)
    record("mask", run(lambda t: mask_of(layer(t)), x), expected=KEPT)


@pytest.mark.case(
    "masking.signed-zero-output",
    unspecified="No documentation says which zero replaces a masked timestep; it shows in 1/x and bitwise comparisons",
    severity="cosmetic",
    issues=["keras-team/keras#22392"],
    tags=["Masking"],
)
def test_signed_zero_output(keras, run, record):
    """Sign of the zeros that Masking outputs.

    Whether the zeros that replace a negative `mask_value` are positive or negative is not specified.
    """
    layer = keras.layers.Masking(mask_value=-1.0)
    record("sign bit", np.signbit(run(lambda x: layer(x), padded(-1))[~KEPT]))


@pytest.mark.case(
    "masking.stacked-overrides",
    unspecified="No documentation says whether the incoming mask and that of the layer are combined; "
    "users may expect both to apply",
    tags=["Masking"],
)
def test_stacked_overrides(keras, run, mask_of, record):
    """Mask after two Masking layers.

    Whether the mask covers the timesteps that only the first layer masked, zeros to the second one, is not specified.
    """
    x = padded(0)
    x[:, 0] = -1
    first, second = keras.layers.Masking(mask_value=0.0), keras.layers.Masking(mask_value=-1.0)
    record("mask", run(lambda t: mask_of(second(first(t))), x))


@pytest.mark.case(
    "masking.compute-mask-equals-attached",
    documented="Guide 'Understanding masking & padding', section 'Passing mask tensors directly to layers': "
    "mask-producing layers expose compute_mask, which can be called",
    tags=["Masking", "compute_mask"],
)
def test_compute_mask_equals_attached(keras, run, mask_of, record):
    """Masking's `compute_mask` returns the mask that the next layer receives.

    Both masks are False exactly at the timesteps that equal `mask_value`.
    """
    layer = keras.layers.Masking(mask_value=-1.0)
    by_hand, attached = run(lambda x: [layer.compute_mask(x), mask_of(layer(x))], padded(-1))
    record("by hand", by_hand, expected=KEPT)
    record("attached", attached, expected=KEPT)


@pytest.mark.case(
    "masking.config-roundtrip",
    documented="API docs of keras.layers.Layer, from_config: the reverse of get_config, "
    "instantiates the same layer from its config",
    tags=["Masking", "serialization"],
)
def test_config_roundtrip(keras, run, mask_of, record):
    """Masking's config holds `mask_value`.

    A layer created from the config of another one has the same `mask_value` and computes the same mask.
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
    """Masking reduces only the feature axis of 3D input.

    The mask of (batch, timesteps, features) input has shape (batch, timesteps), each entry for its own timestep alone.
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), SEQUENCES), expected=oracle.masking(SEQUENCES, 0))


@pytest.mark.case(
    "masking.reduce.rank2",
    established=SOURCE + "compute_mask: any(axis=-1); the documentation describes 3D input only",
    tags=["Masking"],
)
def test_reduce_rank2(keras, run, mask_of, record):
    """Masking reduces the last axis of 2D input.

    The mask of a (batch, features) input has shape (batch,).
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), PAIRS), expected=oracle.masking(PAIRS, 0))


@pytest.mark.case(
    "masking.reduce.rank4",
    established=SOURCE + "compute_mask: any(axis=-1); the documentation describes 3D input only",
    tags=["Masking"],
)
def test_reduce_rank4(keras, run, mask_of, record):
    """Masking reduces only the last axis of 4D input.

    The mask of a (batch, timesteps, width, features) input has shape (batch, timesteps, width).
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(layer(x)), GRIDS), expected=oracle.masking(GRIDS, 0))
