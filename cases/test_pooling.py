"""Pooling.

`GlobalAveragePooling1D` averages over the unmasked timesteps.
"""

import numpy as np
import oracle
import pytest

from conformance.case import Unsupported

BATCH, STEPS, VOCABULARY, FEATURES = 3, 5, 7, 4
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0
X = np.random.RandomState(12).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

EXCLUDED = (
    "API docs of keras.layers.GlobalAveragePooling1D, 'Call arguments', mask: "
    "indicates whether a given step is excluded from the average"
)


@pytest.mark.case("pooling.gap1d.masked-mean", documented=EXCLUDED, tags=["GlobalAveragePooling1D"])
def test_gap1d_masked_mean(keras, run, record):
    """GlobalAveragePooling1D ignores masked timesteps.

    For each sample, both the sum and the divisor are those of its unmasked timesteps.
    """
    pooling = keras.layers.GlobalAveragePooling1D()
    record("mean", run(lambda x, m: pooling(x, mask=m), X, MASK), expected=oracle.masked_mean(X, MASK))


@pytest.mark.case("pooling.gap1d.implicit-mask", documented=EXCLUDED, tags=["GlobalAveragePooling1D", "Embedding"])
def test_gap1d_implicit_mask(keras, run, build, record):
    """GlobalAveragePooling1D uses the mask of an Embedding.

    The mean is that over the vectors of nonzero ids, although the vector of id 0 is not zero.
    """
    embedding, pooling = (
        keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True),
        keras.layers.GlobalAveragePooling1D(),
    )
    (table,) = build(embedding, (None, STEPS))
    record("mean", run(lambda ids: pooling(embedding(ids)), IDS), expected=oracle.masked_mean(table[IDS], MASK))


@pytest.mark.case(
    "pooling.gap1d.dynamic-steps",
    documented=EXCLUDED,
    issues=["tensorflow/tensorflow#31636"],
    severity="raises",
    tags=["GlobalAveragePooling1D", "dynamic shape"],
    modes=["graph", "session"],
)
def test_gap1d_dynamic_steps(keras, run, record):
    """GlobalAveragePooling1D supports a mask with an unknown number of timesteps.

    The mean is the same if batch size and number of timesteps are unknown while tracing.
    """
    pooling = keras.layers.GlobalAveragePooling1D()
    mean = run(lambda x, m: pooling(x, mask=m), X, MASK, shapes=[(None, None, FEATURES), (None, None)])
    record("mean", mean, expected=oracle.masked_mean(X, MASK))


@pytest.mark.case("pooling.gap1d.channels-first", documented=EXCLUDED, tags=["GlobalAveragePooling1D", "data_format"])
def test_gap1d_channels_first(keras, run, record):
    """GlobalAveragePooling1D supports a mask with `channels_first`.

    With `data_format="channels_first"`, the mask still has shape (batch, timesteps) and masks timesteps.
    """
    pooling = keras.layers.GlobalAveragePooling1D(data_format="channels_first")
    mean = run(lambda x, m: pooling(x, mask=m), X.transpose(0, 2, 1), MASK)
    record("mean", mean, expected=oracle.masked_mean(X, MASK))


@pytest.mark.case("pooling.gap1d.nan-at-masked", documented=EXCLUDED, tags=["GlobalAveragePooling1D", "NaN", "inf"])
def test_gap1d_nan_at_masked(keras, run, record):
    """GlobalAveragePooling1D ignores the values at masked timesteps.

    Large numbers, infinities and NaN at masked timesteps do not change the mean.
    """
    pooling, want = keras.layers.GlobalAveragePooling1D(), oracle.masked_mean(X, MASK)
    dirty = [np.where(MASK[..., None], X, np.float32(garbage)) for garbage in (1e30, np.inf, np.nan)]
    means = run(lambda m, *arrays: [pooling(x, mask=m) for x in arrays], MASK, *dirty)
    for name, mean in zip(["large numbers", "infinities", "NaN"], means):
        record(name, mean, expected=want)


@pytest.mark.case(
    "pooling.gap1d.fully-masked",
    unspecified="The mean over no timesteps is undefined; it may be NaN, which spreads to the loss and all weights",
    issues=["keras-team/keras#18152", "keras-team/tf-keras#191"],
    tags=["GlobalAveragePooling1D", "all masked", "NaN"],
)
def test_gap1d_fully_masked(keras, run, record):
    """GlobalAveragePooling1D output for a sample with no unmasked timestep.

    The mean of such a sample is not specified; other samples are not affected.
    """
    pooling = keras.layers.GlobalAveragePooling1D()
    mask = MASK * np.array([[True], [False], [True]])
    mean = run(lambda x, m: pooling(x, mask=m), X, mask)
    record("masked sample", mean[1])
    record("other samples", mean[::2], expected=oracle.masked_mean(X, MASK)[::2])


@pytest.mark.case(
    "pooling.gap1d.no-mask-after",
    established="Source of keras.layers.GlobalAveragePooling1D, compute_mask: None",
    tags=["GlobalAveragePooling1D", "Masking"],
)
def test_gap1d_no_mask_after(keras, run, mask_of, record):
    """GlobalAveragePooling1D drops the mask.

    The next layer receives no mask, since the output has no time axis.
    """
    masking, pooling = keras.layers.Masking(), keras.layers.GlobalAveragePooling1D()
    record("mask", run(lambda x: mask_of(pooling(masking(x))), X * MASK[..., None]), expected=None)


@pytest.mark.case(
    "pooling.gap1d.data-format-keepdims",
    documented=EXCLUDED + "; argument keepdims: the temporal dimension is retained with length 1",
    tags=["GlobalAveragePooling1D", "data_format", "keepdims"],
)
@pytest.mark.parametrize("data_format, axis", [("channels_last", 1), ("channels_first", 2)], ids=["last", "first"])
def test_gap1d_data_format_keepdims(keras, run, record, data_format, axis):
    """GlobalAveragePooling1D supports a mask with `keepdims`.

    With `keepdims=True`, the mean over the unmasked timesteps has a time axis of length 1.
    """
    if not hasattr(keras.layers.GlobalAveragePooling1D(), "keepdims"):
        raise Unsupported("GlobalAveragePooling1D has no argument keepdims")
    pooling = keras.layers.GlobalAveragePooling1D(data_format=data_format, keepdims=True)
    mean = run(lambda x, m: pooling(x, mask=m), np.moveaxis(X, 1, axis), MASK)
    record("mean", mean, expected=np.expand_dims(oracle.masked_mean(X, MASK), axis))
