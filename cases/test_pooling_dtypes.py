"""Dtypes.

`GlobalAveragePooling1D` in half precision.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(91).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
GARBAGE = np.where(MASK[..., None], X, np.float32(1000))

IN_ANY_DTYPE = (
    "; API docs of keras.layers.Layer, argument dtype: the dtype of the computations and weights of the layer"
)
EXCLUDED = (
    "API docs of keras.layers.GlobalAveragePooling1D, 'Call arguments', mask: binary tensor that indicates whether a "
    "given step is excluded from the average"
)
HALF = {"rtol": 0.02, "atol": 0.02}  # bfloat16 has eight bits
halves = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])


@pytest.mark.case(
    "pooling.gap1d.half",
    documented=EXCLUDED + IN_ANY_DTYPE,
    severity="raises",
    issues=["tensorflow/tensorflow#48961"],
    tags=["GlobalAveragePooling1D", "explicit mask", "float16", "bfloat16"],
)
@halves
def test_gap1d_half(keras, run, ops, record, dtype):
    """GlobalAveragePooling1D ignores masked timesteps in half precision.

    The mean is that over the unmasked timesteps, despite large values at the masked ones.
    """
    pooling = keras.layers.GlobalAveragePooling1D(dtype=dtype)
    mean = run(lambda t, m: ops.cast(pooling(ops.cast(t, dtype), mask=m), "float32"), GARBAGE, MASK)
    record("mean", mean, expected=oracle.masked_mean(X, MASK), **HALF)
