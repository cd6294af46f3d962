"""RNN states.

States, order and output mask of a recurrent layer, on SimpleRNN: what holds for it holds for any RNN.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it
H0 = np.random.RandomState(4).uniform(0.2, 0.9, (BATCH, UNITS)).astype("float32")

MASK_ARGUMENT = "API docs of keras.layers.RNN, 'Call arguments', mask: a timestep with a False entry should be ignored"
ONCE = ["eager", "graph | session"]  # recurrence in the other modes is compared in the cases about values


def make(keras, build, **arguments):
    """A built SimpleRNN and its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case("rnn.garbage-independence", documented=MASK_ARGUMENT, tags=["RNN", "NaN"])
def test_garbage_independence(keras, run, build, record):
    """The values at masked steps do not matter.

    Large numbers, infinities and NaN at masked steps change neither the last output nor the state.
    """
    rnn, weights = make(keras, build, return_state=True)
    _, h = oracle.simple_rnn(X, MASK, *weights)
    garbage = np.array([1e30, np.inf, np.nan], "float32")
    dirty = np.concatenate([np.where(MASK[..., None], X, g) for g in garbage])
    results = run(lambda t, m: rnn(t, mask=m), dirty, np.tile(MASK, (len(garbage), 1)))
    for i, name in enumerate(["large numbers", "infinities", "NaN"]):
        record(name, [r[BATCH * i : BATCH * (i + 1)] for r in results], expected=[h, h])


@pytest.mark.case(
    "rnn.fully-masked-sample",
    established="Source of backend.rnn: states change at unmasked steps only, and before the first of them "
    "the output to repeat is made of zeros",
    issues=["tensorflow/tensorflow#33148", "tensorflow/tensorflow#36139", "tensorflow/tensorflow#43103"],
    tags=["RNN", "all masked"],
    modes=ONCE,
)
def test_fully_masked_sample(keras, run, build, record):
    """A sample with no unmasked step keeps its initial state.

    Its state stays zero, its output is zero, and the other samples are not affected.
    """
    rnn, weights = make(keras, build, return_state=True)
    mask = MASK * np.array([[True], [False], [True]])
    _, h = oracle.simple_rnn(X, mask, *weights)
    output, state = run(lambda t, m: rnn(t, mask=m), X, mask)
    record("last output", output, expected=h)
    record("state", state, expected=h)


@pytest.mark.case(
    "rnn.stateful-carry",
    documented="API docs of keras.layers.RNN, argument stateful: the last state of each sample is the initial state "
    "of the next batch; call argument mask: masked timesteps should be ignored",
    tags=["RNN", "Masking", "stateful"],
    modes=ONCE,
)
def test_stateful_carry(keras, run, build, record):
    """A stateful RNN carries its state over a masked tail.

    The next batch goes on from the state of the last unmasked step of the batch before.
    """
    inputs = keras.Input(batch_shape=(BATCH, STEPS, FEATURES))
    rnn = keras.layers.SimpleRNN(UNITS, stateful=True)
    weights = build(rnn, (BATCH, STEPS, FEATURES))
    model = keras.Model(inputs, rnn(keras.layers.Masking()(inputs)))
    run.compile(model, optimizer="sgd", loss="mse")
    last = run.predict(model, np.concatenate([ZEROED, ZEROED[:, ::-1]]), batch_size=BATCH)
    both, mask_of_both = np.concatenate([X, X[:, ::-1]], axis=1), np.concatenate([MASK, MASK[:, ::-1]], axis=1)
    record("first batch", last[:BATCH], expected=oracle.simple_rnn(X, MASK, *weights)[1])
    record("second batch", last[BATCH:], expected=oracle.simple_rnn(both, mask_of_both, *weights)[1])


@pytest.mark.case(
    "rnn.initial-state.explicit-mask", documented=MASK_ARGUMENT, tags=["RNN", "initial_state"], modes=ONCE
)
def test_initial_state_explicit_mask(keras, run, build, record):
    """A mask argument is used when an initial state is given.

    With mask= and initial_state=, an RNN starts from this state and skips the masked steps.
    """
    rnn, weights = make(keras, build)
    last = run(lambda t, m, h: rnn(t, mask=m, initial_state=h), X, MASK, H0)
    record("last output", last, expected=oracle.simple_rnn(X, MASK, *weights, state=H0)[1])


@pytest.mark.case(
    "rnn.first-step-masked-output",
    unspecified="There is no previous output to repeat: zeros and the initial state have both been emitted, "
    "and it depends on the backend",
    tags=["RNN", "initial_state", "return_sequences"],
    modes=ONCE,
)
def test_first_step_masked_output(keras, run, build, record):
    """What masked first steps emit when an initial state is given.

    The output at masked steps before the first unmasked one is not specified.
    """
    rnn, _ = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m, h: rnn(t, mask=m, initial_state=h), X, MASK, H0)
    record("first steps", sequence[1, :2])


@pytest.mark.case(
    "rnn.go-backwards",
    documented="API docs of keras.layers.RNN, argument go_backwards: processes the input backwards and returns the "
    "reversed sequence",
    tags=["RNN", "go_backwards"],
)
def test_go_backwards(keras, run, build, record):
    """go_backwards reads the mask backwards too.

    The sequence is that of the reversed input with the reversed mask, in the order in which it is processed.
    """
    rnn, weights = make(keras, build, return_sequences=True, go_backwards=True)
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", sequence, expected=oracle.simple_rnn(X[:, ::-1], MASK[:, ::-1], *weights)[0])


@pytest.mark.case(
    "rnn.go-backwards.output-mask-order",
    unspecified="No page says whether the mask is reversed with the sequence; where it is not, "
    "the next layer masks other steps than this one",
    issues=["keras-team/keras#6022"],
    tags=["RNN", "go_backwards", "Masking"],
    modes=ONCE,
)
def test_go_backwards_output_mask_order(keras, run, build, mask_of, record):
    """The mask after a go_backwards RNN.

    Whether the mask of a reversed sequence is reversed is not specified.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, return_sequences=True, go_backwards=True)
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED))


@pytest.mark.case(
    "rnn.output-mask",
    established="Source of keras.layers.RNN, compute_mask: the mask of the input if return_sequences",
    issues=["keras-team/keras#23235", "keras-team/keras#23228"],
    tags=["RNN", "Masking", "return_sequences"],
    modes=ONCE,
)
def test_output_mask(keras, run, build, mask_of, record):
    """A sequence of outputs keeps the mask.

    With return_sequences=True the next layer is given the mask that the RNN was given.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED), expected=MASK)


@pytest.mark.case("rnn.second-call-unmasked", documented=MASK_ARGUMENT, tags=["RNN", "shared layer"], modes=ONCE)
def test_second_call_unmasked(keras, run, build, record):
    """A mask is for one call.

    A layer that was called with a mask and is then called without one skips nothing the second time.
    """
    rnn, weights = make(keras, build)
    masked, unmasked = run(lambda t, m: [rnn(t, mask=m), rnn(t)], X, MASK)
    record("with the mask", masked, expected=oracle.simple_rnn(X, MASK, *weights)[1])
    record("without", unmasked, expected=oracle.simple_rnn(X, None, *weights)[1])
