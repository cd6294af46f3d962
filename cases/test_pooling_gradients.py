"""Gradients.

Gradients through `GlobalAveragePooling1D` with masked timesteps.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

MODES = ["eager", "graph", "session"]  # XLA does not change the gradient of a loop
MEAN = "API docs of keras.layers.GlobalAveragePooling1D, 'Call arguments', mask: excludes steps from the average"
MAY_BE_NAN = (
    "Masked timesteps are computed first and discarded later; if they are NaN, their gradient is zero times NaN. No "
    "documentation rules that out"
)


def squares(ops, tensor):
    """Return a scalar that depends on every element of `tensor`."""
    return ops.sum(tensor * tensor)


@pytest.mark.case(
    "pooling.gap1d.gradient-garbage", documented=MEAN, tags=["GlobalAveragePooling1D", "Dense", "gradient"], modes=MODES
)
def test_gap1d_gradient_garbage(keras, run, build, ops, record):
    """GlobalAveragePooling1D passes no gradient to masked timesteps.

    Even with large values at masked timesteps, a preceding Dense gets the gradients of the unmasked timesteps, and its
    input gets zeros at masked ones.
    """
    dense, pooling = keras.layers.Dense(UNITS), keras.layers.GlobalAveragePooling1D()
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    large = np.where(MASK[..., None], X, np.float32(1e6))
    _, (of_input,), (of_kernel, of_bias) = run(
        lambda t, m: run.gradients(lambda x: squares(ops, pooling(dense(x), mask=m)), [t], dense.trainable_weights),
        large,
        MASK,
    )
    mean_input = oracle.masked_mean(X, MASK)
    of_mean = 2 * (mean_input @ kernel + bias)
    record("kernel", of_kernel, expected=mean_input.T @ of_mean)
    record("bias", of_bias, expected=of_mean.sum(axis=0))
    record("masked steps", of_input[~MASK], expected=np.zeros_like(X[~MASK]))


@pytest.mark.case(
    "pooling.gap1d.gradient-nan",
    unspecified=MAY_BE_NAN,
    tags=["GlobalAveragePooling1D", "gradient", "NaN"],
    modes=MODES,
)
def test_gap1d_gradient_nan(keras, run, build, ops, record):
    """Gradients through GlobalAveragePooling1D with NaN at masked timesteps.

    Whether the gradients of a preceding Dense are finite if its input is NaN at masked timesteps is not specified.
    """
    dense, pooling = keras.layers.Dense(UNITS), keras.layers.GlobalAveragePooling1D()
    build(dense, (None, STEPS, FEATURES))
    dirty = np.where(MASK[..., None], X, np.float32(np.nan))
    _, _, gradients = run(
        lambda t, m: run.gradients(lambda x: squares(ops, pooling(dense(x), mask=m)), [t], dense.trainable_weights),
        dirty,
        MASK,
    )
    for name, gradient in zip(["kernel", "bias"], gradients):
        record("gradient of the %s is finite" % name, bool(np.isfinite(gradient).all()))
