"""Lambda.

`Lambda` with its argument `mask`: a mask made of something else than padding with one value.
"""

import numpy as np
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 2, 4
# Padded on the right, with gaps, padded on the left; 0 stands for no word.
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
    """Lambda makes a mask with a function.

    The mask of the output is what the function given as mask= makes of the input.
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
    """The function that makes the mask of a Lambda is given the mask before it.

    A function that inverts the mask it is given makes the inverse of what Masking masked.
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
    documented=LAMBDA_MASK + "a tensor that is returned as mask whatever the input is",
    tags=["Lambda"],
)
def test_mask_generator_tensor(keras, run, ops, mask_of, record):
    """Lambda has a mask that does not depend on the input.

    A tensor given as mask= is the mask of the output.
    """
    layer = keras.layers.Lambda(lambda x: x * 2.0, X.shape[1:], mask=ops.convert_to_tensor(MASK))

    def call(x):
        mask = mask_of(layer(x))
        # The inverse: Keras 2.3 on TensorFlow 2 has functions of what is computed, and none of a tensor that is given.
        return None if mask is None else ops.logical_not(mask)

    record("inverted mask", run(call, X), expected=~MASK)
