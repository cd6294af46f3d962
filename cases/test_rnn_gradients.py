"""Gradients.

Nothing flows into masked steps, and nothing out of them into weights: RNNs.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

MODES = ["eager", "graph", "session"]  # the gradient of a loop is not a matter of XLA's
MASK_ARGUMENT = "API docs of keras.layers.RNN, call argument mask: a timestep with a False entry should be ignored"
MAY_BE_NAN = (
    "Masked steps are computed and left out afterwards; where they are NaN, the gradient of what is left out is zero "
    "times NaN. No page says that it is not"
)


def squares(ops, tensor):
    """A scalar that depends on all elements of `tensor`."""
    return ops.sum(tensor * tensor)


def numeric_gradient(function, x, step=1e-6):
    """Gradient of the scalar `function` of an array, by central differences."""
    x, gradient = x.astype("float64"), np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        shift = np.zeros(x.shape)
        shift[index] = step
        gradient[index] = (function(x + shift) - function(x - shift)) / (2 * step)
    return gradient


def make_rnn(keras, build, **arguments):
    """A built SimpleRNN and its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case(
    "rnn.gradient-masked-input-zero",
    documented=MASK_ARGUMENT,
    tags=["SimpleRNN", "gradient"],
    modes=["eager", "graph | session"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_gradient_masked_input_zero(keras, run, build, ops, record, unroll):
    """Nothing flows into the masked steps of an RNN.

    The gradient of the last output is zero at masked steps; at the others it is that of an RNN that skips them.
    """
    rnn, weights = make_rnn(keras, build, unroll=unroll)
    _, (gradient,), _ = run(lambda t, m: run.gradients(lambda x: squares(ops, rnn(x, mask=m)), [t]), X, MASK)
    want = numeric_gradient(lambda x: np.square(oracle.simple_rnn(x, MASK, *weights)[1]).sum(), X)
    record("gradient at masked steps", gradient[~MASK], expected=np.zeros_like(X[~MASK]))
    record("gradient at unmasked steps", gradient[MASK], expected=want[MASK], rtol=1e-3)


@pytest.mark.case("rnn.gradient-garbage", documented=MASK_ARGUMENT, tags=["SimpleRNN", "gradient"], modes=MODES)
def test_gradient_garbage(keras, run, build, ops, record):
    """Masked steps do not train an RNN.

    The gradients of its weights are those for the unmasked steps alone, with large numbers at masked steps, too.
    """
    rnn, weights = make_rnn(keras, build)
    large = np.where(MASK[..., None], X, np.float32(1e6))

    def gradients(t, mask):
        return run.gradients(lambda: squares(ops, rnn(t, mask=mask)), [], rnn.trainable_weights)[2]

    plain, dirty = run(lambda t, g, m: [gradients(t, m), gradients(g, m)], X, large, MASK)
    for i, name in enumerate(["kernel", "recurrent kernel", "bias"]):

        def loss(weight, i=i):
            changed = weights[:i] + [weight] + weights[i + 1 :]
            return np.square(oracle.simple_rnn(X, MASK, *changed)[1]).sum()

        want = numeric_gradient(loss, weights[i])
        record(name, plain[i], expected=want, rtol=1e-3)
        record(name + ", large numbers at masked steps", dirty[i], expected=want, rtol=1e-3)


@pytest.mark.case(
    "rnn.gradient-nan-leak",
    unspecified=MAY_BE_NAN,
    tags=["SimpleRNN", "gradient", "NaN"],
    modes=["eager", "graph | session"],
)
@pytest.mark.parametrize("garbage", [np.nan, np.inf], ids=["nan", "inf"])
def test_gradient_nan_leak(keras, run, build, ops, record, garbage):
    """NaN and infinities at masked steps of an RNN, and the gradients of its weights.

    The last output does not depend on them; whether the gradients are finite is not specified.
    """
    rnn, weights = make_rnn(keras, build)
    dirty = np.where(MASK[..., None], X, np.float32(garbage))
    value, _, gradients = run(
        lambda t, m: run.gradients(lambda: squares(ops, rnn(t, mask=m)), [], rnn.trainable_weights), dirty, MASK
    )
    record("value", value, expected=np.square(oracle.simple_rnn(X, MASK, *weights)[1]).sum())
    for name, gradient in zip(["kernel", "recurrent kernel", "bias"], gradients):
        record("gradient of the %s is finite" % name, bool(np.isfinite(gradient).all()))
