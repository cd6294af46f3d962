"""Losing a mask.

Built-in layers behind which there is no mask.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 4, 5
MASK = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], bool)
X = np.random.RandomState(10).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
PADDED = X * MASK[..., None]  # `Masking` makes MASK of it

NO_SUPPORT = (
    "Source of these layers: neither supports_masking = True nor a compute_mask; "
    "they give another number or order of steps, for which the mask would be wrong"
)
CONV_ISSUES = [
    "keras-team/keras#12475",
    "keras-team/keras#20113",
    "keras-team/tf-keras#585",
    "tensorflow/tensorflow#73531",
]


def record_end(keras, run, mask_of, record, layer, x=PADDED):
    """Record that a mask does not get past `layer`. Old versions refuse it with an exception instead."""
    masking = keras.layers.Masking()
    layer.build((None,) + x.shape[1:])
    mask = run.attempt(lambda t: mask_of(layer(masking(t))), x)
    record("mask or exception", mask)
    record("a mask goes on", isinstance(mask, np.ndarray), expected=False)


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
    """No mask after a layer that reshapes.

    The next layer is not given the mask, which is for steps that are no longer there.
    """
    record_end(keras, run, mask_of, record, getattr(keras.layers, name)(*arguments), x)


@pytest.mark.case("destroy.conv", established=NO_SUPPORT, issues=CONV_ISSUES, tags=["convolution", "Masking"])
@pytest.mark.parametrize("name", ["Conv1D", "SeparableConv1D"], ids=["conv-1d", "separable-conv-1d"])
def test_conv(keras, run, mask_of, record, name):
    """No mask after a convolution.

    The next layer is not given the mask: each output mixes several steps, masked ones among them.
    """
    record_end(keras, run, mask_of, record, getattr(keras.layers, name)(UNITS, 3))


@pytest.mark.case("destroy.time-resizers", established=NO_SUPPORT, tags=["resizing", "Masking"])
@pytest.mark.parametrize(
    "name",
    ["Cropping1D", "ZeroPadding1D", "UpSampling1D", "MaxPooling1D", "AveragePooling1D"],
    ids=["cropping-1d", "zero-padding-1d", "up-sampling-1d", "max-pooling-1d", "average-pooling-1d"],
)
def test_time_resizers(keras, run, mask_of, record, name):
    """No mask after a layer that changes the number of steps.

    The next layer is not given the mask, which has another number of steps.
    """
    record_end(keras, run, mask_of, record, getattr(keras.layers, name)(2))


@pytest.mark.case(
    "destroy.lambda",
    documented="API docs of keras.layers.Lambda, argument mask: None, the default, indicates no masking",
    issues=["tensorflow/tensorflow#28143"],
    tags=["Lambda", "Masking"],
)
def test_lambda(keras, run, mask_of, record):
    """No mask after a Lambda without one.

    The next layer is not given the mask of the input of Lambda.
    """
    record_end(keras, run, mask_of, record, keras.layers.Lambda(lambda x: x * 2.0, PADDED.shape[1:]))


@pytest.mark.case(
    "destroy.global-max",
    unspecified="No page says whether masked steps can be the maximum; "
    "GlobalAveragePooling1D, for which one does, leaves them out",
    tags=["GlobalMaxPooling1D", "Masking"],
)
def test_global_max(keras, run, record):
    """Masked steps in GlobalMaxPooling1D.

    Whether the zeros of masked steps count as data is not specified; all data here are negative.
    """
    masking, pooling = keras.layers.Masking(), keras.layers.GlobalMaxPooling1D()
    record("maximum", run.attempt(lambda x: pooling(masking(x)), np.where(MASK[..., None], -X, np.float32(0))))
