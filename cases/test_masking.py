"""`Masking`: how it compares, reduces and what it emits."""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES = 2, 5, 3


@pytest.mark.case(
    "masking.broadcast.scalar",
    documented="API docs of keras.layers.Masking: a step is masked if all its values equal mask_value",
    tags=["Masking"],
)
def test_scalar_mask_value(keras, run, mask_of, record):
    """A scalar mask_value is compared with every feature.

    A step is masked exactly if all of its features equal the scalar.
    """
    x = np.arange(BATCH * STEPS * FEATURES, dtype="float32").reshape(BATCH, STEPS, FEATURES) + 1
    x[0, 3:] = -1
    x[1, 1] = -1
    layer = keras.layers.Masking(mask_value=-1.0)
    mask, output = run(lambda t: [mask_of(layer(t)), layer(t)], x)
    record("mask", mask, expected=oracle.masking(x, -1))
    record("output", output, expected=oracle.masking_output(x, -1))
