"""Lambda.

`Lambda` with its `mask` argument: masks created by a function or passed as a tensor.
"""

import numpy as np
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 2, 4
# Padded on the right, with gaps, padded on the left; 0 is padding.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
X = np.random.RandomState(8).uniform(0.1, 1, IDS.shape + (FEATURES,)).astype("float32")
MASK = np.array([[1, 0, 1, 1, 0], [1, 1, 0, 0, 1], [0, 1, 1, 1, 1]], bool)

LAMBDA_MASK = "API docs of keras.layers.Lambda, argument mask: "


@pytest.mark.case(
    "lambda.mask-generator",
    documented=LAMBDA_MASK + "a callable with the signature of compute_mask",
    tags=["Lambda", "compute_mask"],
)
def test_mask_generator(keras, run, mask_of, record):
    """Lambda creates a mask with a function.

    The output has the mask that the function passed as `mask=` returns for the input.
    """
    layer = keras.layers.Lambda(
        lambda x: x * 2.0,
        output_shape=X.shape[1:],
        mask=lambda x, mask=None: x[..., 0] > 0.5,
    )
    record("mask", run(lambda x: mask_of(layer(x)), X), expected=X[..., 0] > 0.5)


@pytest.mark.case(
    "lambda.mask-generator.previous-mask",
    documented=LAMBDA_MASK + "a callable with the signature of compute_mask",
    tags=["Lambda", "compute_mask", "Masking"],
)
def test_mask_generator_previous_mask(keras, run, ops, mask_of, record):
    """Lambda passes the input mask to its mask function.

    After Masking, a function that inverts its `mask` argument gives the output the inverted mask.
    """
    masking = keras.layers.Masking()
    layer = keras.layers.Lambda(
        lambda x: x * 2.0,
        output_shape=X.shape[1:],
        mask=lambda x, mask=None: None if mask is None else ops.logical_not(mask),
    )
    padded = X * MASK[..., None]
    record("mask", run(lambda x: mask_of(layer(masking(x))), padded), expected=~MASK)


@pytest.mark.case(
    "lambda.mask-generator.tensor",
    documented=LAMBDA_MASK + "a tensor that is returned as the mask regardless of the input",
    tags=["Lambda"],
)
def test_mask_generator_tensor(keras, run, ops, mask_of, record):
    """Lambda attaches a constant mask.

    The output has the mask that was passed as a tensor to `mask=`.
    """
    layer = keras.layers.Lambda(lambda x: x * 2.0, X.shape[1:], mask=ops.convert_to_tensor(MASK))

    def call(x):
        mask = mask_of(layer(x))
        # Inverted, because Keras 2.3 on TensorFlow 2 cannot return a constant from a function, only what it computes.
        return None if mask is None else ops.logical_not(mask)

    record("inverted mask", run(call, X), expected=~MASK)
