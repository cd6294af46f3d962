"""Dropped masks.

Built-in layers whose output has no mask.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 4, 5
MASK = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], bool)
X = np.random.RandomState(10).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
PADDED = X * MASK[..., None]  # `Masking` computes MASK from it

NO_SUPPORT = (
    "Source of these layers: neither supports_masking = True nor a compute_mask; "
    "they change the number or order of timesteps, for which the mask would be wrong"
)
CONV_ISSUES = [
    "keras-team/keras#12475",
    "keras-team/keras#20113",
    "keras-team/tf-keras#585",
    "tensorflow/tensorflow#73531",
]


def record_end(keras, run, mask_of, record, layer, x=PADDED):
    """Record that the output of `layer` has no mask. Old versions raise an exception for the masked input instead."""
    masking = keras.layers.Masking()
    layer.build((None,) + x.shape[1:])
    mask = run.attempt(lambda t: mask_of(layer(masking(t))), x)
    record("mask or exception", mask)
    record("output has a mask", isinstance(mask, np.ndarray), expected=False)


@pytest.mark.case("destroy.reshape", established=NO_SUPPORT, tags=["reshaping", "Masking"])
@pytest.mark.parametrize(
    "name, arguments, x",
    [
        ("Flatten", [], PADDED),
        ("Reshape", [(STEPS // 2, FEATURES * 2)], PADDED),
        ("Permute", [(2, 1)], PADDED),
        ("RepeatVector", [UNITS], PADDED[:, 0]),
    ],
    ids=["flatten", "reshape", "permute", "repeat-vector"],
)
def test_reshape(keras, run, mask_of, record, name, arguments, x):
    """Reshaping layers drop the mask.

    The output has no mask, since the timesteps of the mask no longer exist.
    """
    record_end(keras, run, mask_of, record, getattr(keras.layers, name)(*arguments), x)


@pytest.mark.case("destroy.conv", established=NO_SUPPORT, issues=CONV_ISSUES, tags=["convolution", "Masking"])
@pytest.mark.parametrize("name", ["Conv1D", "SeparableConv1D"], ids=["conv-1d", "separable-conv-1d"])
def test_conv(keras, run, mask_of, record, name):
    """Convolutions drop the mask.

    The output has no mask, since each output timestep combines several input timesteps, masked ones among them.
    """
    record_end(keras, run, mask_of, record, getattr(keras.layers, name)(UNITS, 3))


@pytest.mark.case("destroy.time-resizers", established=NO_SUPPORT, tags=["resizing", "Masking"])
@pytest.mark.parametrize(
    "name",
    ["Cropping1D", "ZeroPadding1D", "UpSampling1D", "MaxPooling1D", "AveragePooling1D"],
    ids=["cropping-1d", "zero-padding-1d", "up-sampling-1d", "max-pooling-1d", "average-pooling-1d"],
)
def test_time_resizers(keras, run, mask_of, record, name):
    """Layers that change the number of timesteps drop the mask.

    The output has no mask, since that of the input has another number of timesteps.
    """
    record_end(keras, run, mask_of, record, getattr(keras.layers, name)(2))


@pytest.mark.case(
    "destroy.lambda",
    documented="API docs of keras.layers.Lambda, argument mask: None, the default, indicates no masking",
    issues=["tensorflow/tensorflow#28143"],
    tags=["Lambda", "Masking"],
)
def test_lambda(keras, run, mask_of, record):
    """Lambda drops the mask by default.

    Without the `mask` argument of its constructor, the output of Lambda has no mask.
    """
    record_end(keras, run, mask_of, record, keras.layers.Lambda(lambda x: x * 2.0, PADDED.shape[1:]))


@pytest.mark.case(
    "destroy.global-max",
    unspecified="The docs do not say whether masked timesteps can be the maximum; "
    "GlobalAveragePooling1D, by its docs, excludes them",
    tags=["GlobalMaxPooling1D", "Masking"],
)
def test_global_max(keras, run, record):
    """GlobalMaxPooling1D with masked timesteps.

    Whether masked timesteps, zeros among negative data here, contribute to the maximum is not specified.
    """
    masking, pooling = keras.layers.Masking(), keras.layers.GlobalMaxPooling1D()
    record("maximum", run.attempt(lambda x: pooling(masking(x)), np.where(MASK[..., None], -X, np.float32(0))))
