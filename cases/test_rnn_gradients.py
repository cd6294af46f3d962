"""Gradients.

Gradients through RNNs with masked timesteps.
"""

import numpy as np
import pytest
import recurrent
import thinning

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

every_kind = recurrent.every_kind()
MODES = ["eager", "graph", "session"]  # XLA does not change the gradient of a loop
MASK_ARGUMENT = "API docs of keras.layers.RNN, call argument mask: a timestep with a False entry should be ignored"
MAY_BE_NAN = (
    "Masked timesteps are computed first and discarded later; if they are NaN, their gradient is zero times NaN. No "
    "documentation rules that out"
)


def squares(ops, tensor):
    """Return a scalar that depends on every element of `tensor`."""
    return ops.sum(tensor * tensor)


def numeric_gradient(function, x, step=1e-6):
    """Return the gradient of the scalar `function` of an array, by central differences."""
    x, gradient = x.astype("float64"), np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        shift = np.zeros(x.shape)
        shift[index] = step
        gradient[index] = (function(x + shift) - function(x - shift)) / (2 * step)
    return gradient


def make_rnn(keras, build, kind, **arguments):
    """Build a recurrent layer of this kind and return it with its weights."""
    return recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, FEATURES), **arguments)


def last_squares(kind, x, weights):
    """Return the sum of the squares of the last output of a layer of this kind that skips what MASK masks."""
    return np.square(recurrent.of_recurrent(kind, x, MASK, weights)[1]).sum()


@pytest.mark.case(
    "rnn.gradient-masked-input-zero",
    documented=MASK_ARGUMENT,
    tags=["{kind}", "gradient"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
@every_kind
def test_gradient_masked_input_zero(keras, run, build, ops, record, unroll, kind):
    """RNNs pass no gradient to masked timesteps.

    The gradient of the last output is zero at masked timesteps and that of an RNN that skips them at all others.
    """
    rnn, weights = make_rnn(keras, build, kind, unroll=unroll)
    _, (gradient,), _ = run(lambda t, m: run.gradients(lambda x: squares(ops, rnn(x, mask=m)), [t]), X, MASK)
    want = numeric_gradient(lambda x: last_squares(kind, x, weights), X)
    record("gradient at masked steps", gradient[~MASK], expected=np.zeros_like(X[~MASK]))
    record("gradient at unmasked steps", gradient[MASK], expected=want[MASK], rtol=1e-3)


@pytest.mark.case("rnn.gradient-garbage", documented=MASK_ARGUMENT, tags=["{kind}", "gradient"], modes=MODES)
@every_kind
def test_gradient_garbage(keras, run, build, ops, record, kind):
    """Masked timesteps do not contribute to the gradients of RNN weights.

    The gradients of the weights are those of the unmasked timesteps alone, even with large values at masked ones.
    """
    rnn, weights = make_rnn(keras, build, kind)
    large = np.where(MASK[..., None], X, np.float32(1e6))

    def gradients(t, mask):
        return run.gradients(lambda: squares(ops, rnn(t, mask=mask)), [], rnn.trainable_weights)[2]

    plain, dirty = run(lambda t, g, m: [gradients(t, m), gradients(g, m)], X, large, MASK)
    for i, name in enumerate(["kernel", "recurrent kernel", "bias"]):

        def loss(weight, i=i):
            return last_squares(kind, X, weights[:i] + [weight] + weights[i + 1 :])

        want = numeric_gradient(loss, weights[i])
        record(name, plain[i], expected=want, rtol=1e-3)
        record(name + ", large numbers at masked steps", dirty[i], expected=want, rtol=1e-3)


@pytest.mark.case(
    "rnn.gradient-nan-leak",
    unspecified=MAY_BE_NAN,
    tags=["{kind}", "gradient", "NaN"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@pytest.mark.parametrize("garbage", [np.nan, np.inf], ids=["nan", "inf"])
@every_kind
def test_gradient_nan_leak(keras, run, build, ops, record, garbage, kind):
    """Gradients of RNN weights with NaN or infinities at masked timesteps.

    The last output does not depend on these values; whether the gradients are finite is not specified.
    """
    rnn, weights = make_rnn(keras, build, kind)
    dirty = np.where(MASK[..., None], X, np.float32(garbage))
    value, _, gradients = run(
        lambda t, m: run.gradients(lambda: squares(ops, rnn(t, mask=m)), [], rnn.trainable_weights), dirty, MASK
    )
    record("value", value, expected=last_squares(kind, X, weights))
    for name, gradient in zip(["kernel", "recurrent kernel", "bias"], gradients):
        record("gradient of the %s is finite" % name, bool(np.isfinite(gradient).all()))
