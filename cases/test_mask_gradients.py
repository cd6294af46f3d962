"""Gradients.

Gradients through `Masking`.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

MODES = ["eager", "graph", "session"]  # XLA does not change the gradient of a loop


def squares(ops, tensor):
    """Return a scalar that depends on every element of `tensor`."""
    return ops.sum(tensor * tensor)


@pytest.mark.case(
    "mask.gradient-none",
    established="Source of keras.layers.Masking, call: the output is the input times the mask, cast to its dtype, or "
    "chosen by it; a comparison has no gradient",
    tags=["Masking", "GlobalAveragePooling1D", "gradient"],
    modes=MODES,
)
def test_gradient_none(keras, run, ops, record):
    """Masking passes no gradient through its mask.

    After Masking, the gradient of a masked mean equals that with a constant mask, and is zero at masked timesteps.
    """
    masking, pooling = keras.layers.Masking(), keras.layers.GlobalAveragePooling1D()
    _, (gradient,), _ = run(lambda t: run.gradients(lambda x: squares(ops, pooling(masking(x))), [t]), ZEROED)
    mean = oracle.masked_mean(X, MASK)
    want = MASK[..., None] * (2 * mean / MASK.sum(axis=1, keepdims=True))[:, None]
    record("gradient", gradient, expected=want)
