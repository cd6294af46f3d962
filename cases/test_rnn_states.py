"""RNN states.

States, direction and output mask, of every recurrent layer.
"""

import numpy as np
import pytest
import recurrent
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

MASK_ARGUMENT = "API docs of keras.layers.RNN, 'Call arguments', mask: a timestep with a False entry should be ignored"
ONCE = ["eager", "graph", "session"]  # cases that check values cover the other modes


every_kind = recurrent.every_kind()
with_cell = recurrent.every_kind(others=recurrent.WITH_CELL)


def make(keras, build, kind, **arguments):
    """Build a recurrent layer of this kind and return it with its weights."""
    return recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, FEATURES), **arguments)


@pytest.mark.case("rnn.garbage-independence", documented=MASK_ARGUMENT, tags=["{kind}", "RNN", "NaN"])
@with_cell
def test_garbage_independence(keras, run, build, record, kind):
    """RNNs ignore the values at masked timesteps.

    Large numbers, infinities and NaN at masked timesteps change neither the last output nor the states.
    """
    rnn, weights = make(keras, build, kind, return_state=True)
    states = recurrent.of_recurrent(kind, X, MASK, weights)[1:]
    garbage = np.array([1e30, np.inf, np.nan], "float32")
    dirty = np.concatenate([np.where(MASK[..., None], X, g) for g in garbage])
    results = run(lambda t, m: rnn(t, mask=m), dirty, np.tile(MASK, (len(garbage), 1)))
    for i, name in enumerate(["large numbers", "infinities", "NaN"]):
        record(name, [r[BATCH * i : BATCH * (i + 1)] for r in results], expected=states[:1] + states)


@pytest.mark.case(
    "rnn.fully-masked-sample",
    established="Source of backend.rnn: states change only at unmasked timesteps, and before the first of them "
    "the output to repeat is zero",
    issues=["tensorflow/tensorflow#33148", "tensorflow/tensorflow#36139", "tensorflow/tensorflow#43103"],
    tags=["{kind}", "RNN", "all masked"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@with_cell
def test_fully_masked_sample(keras, run, build, record, kind):
    """RNNs keep the initial state of a sample with no unmasked timestep.

    The states and the output of such a sample are zero, and other samples are not affected.
    """
    rnn, weights = make(keras, build, kind, return_state=True)
    mask = MASK * np.array([[True], [False], [True]])
    states = recurrent.of_recurrent(kind, X, mask, weights)[1:]
    found = run(lambda t, m: rnn(t, mask=m), X, mask)
    record("last output", found[0], expected=states[0])
    record("states", found[1:], expected=states)


@pytest.mark.case(
    "rnn.stateful-carry",
    documented="API docs of keras.layers.RNN, argument stateful: the last state of each sample is the initial state "
    "of the next batch; call argument mask: masked timesteps should be ignored",
    tags=["{kind}", "RNN", "Masking", "stateful"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@with_cell
def test_stateful_carry(keras, run, build, record, kind):
    """Stateful RNNs carry their state over masked timesteps at the end.

    The next batch starts from the state after the last unmasked timestep of the previous batch.
    """
    inputs = keras.Input(batch_shape=(BATCH, STEPS, FEATURES))
    shape = (BATCH, STEPS, FEATURES)
    rnn, weights = recurrent.built_recurrent(keras, build, kind, UNITS, shape, stateful=True)
    model = keras.Model(inputs, rnn(keras.layers.Masking()(inputs)))
    run.compile(model, optimizer="sgd", loss="mse")
    last = run.predict(model, np.concatenate([ZEROED, ZEROED[:, ::-1]]), batch_size=BATCH)
    both, mask_of_both = np.concatenate([X, X[:, ::-1]], axis=1), np.concatenate([MASK, MASK[:, ::-1]], axis=1)
    record("first batch", last[:BATCH], expected=recurrent.of_recurrent(kind, X, MASK, weights)[1])
    record("second batch", last[BATCH:], expected=recurrent.of_recurrent(kind, both, mask_of_both, weights)[1])


@pytest.mark.case(
    "rnn.initial-state.explicit-mask",
    documented=MASK_ARGUMENT,
    tags=["{kind}", "RNN", "initial_state"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@with_cell
def test_initial_state_explicit_mask(keras, run, build, record, kind):
    """RNNs use an explicit mask when `initial_state` is passed.

    With `mask=` and `initial_state=`, an RNN starts from this state and skips the masked timesteps.
    """
    rnn, weights = make(keras, build, kind)
    states = recurrent.initial_states(kind, BATCH, UNITS)
    last = run(lambda t, m, *given: rnn(t, mask=m, initial_state=list(given)), X, MASK, *states)
    record("last output", last, expected=recurrent.of_recurrent(kind, X, MASK, weights, states)[1])


@pytest.mark.case(
    "rnn.first-step-masked-output",
    unspecified="There is no previous output to repeat: depending on the backend, zeros or the initial state "
    "have been output",
    tags=["{kind}", "RNN", "initial_state", "return_sequences"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@with_cell
def test_first_step_masked_output(keras, run, build, record, kind):
    """RNN output at masked timesteps at the start when `initial_state` is passed.

    The output at masked timesteps before the first unmasked one is not specified.
    """
    rnn, _ = make(keras, build, kind, return_sequences=True)
    states = recurrent.initial_states(kind, BATCH, UNITS)
    sequence = run(lambda t, m, *given: rnn(t, mask=m, initial_state=list(given)), X, MASK, *states)
    record("first steps", sequence[1, :2])


@pytest.mark.case(
    "rnn.go-backwards",
    documented="API docs of keras.layers.RNN, argument go_backwards: processes the input backwards and returns the "
    "reversed sequence",
    tags=["{kind}", "RNN", "go_backwards"],
)
@every_kind
def test_go_backwards(keras, run, build, record, kind):
    """RNNs reverse the mask with `go_backwards`.

    The sequence is that of the reversed input with the reversed mask, in the order of processing.
    """
    rnn, weights = make(keras, build, kind, return_sequences=True, go_backwards=True)
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", sequence, expected=recurrent.of_recurrent(kind, X[:, ::-1], MASK[:, ::-1], weights)[0])


@pytest.mark.case(
    "rnn.go-backwards.output-mask-order",
    unspecified="No documentation says whether the mask is reversed with the sequence; if it is not, "
    "the next layer masks other timesteps than this one",
    issues=["keras-team/keras#6022"],
    tags=["{kind}", "RNN", "go_backwards", "Masking"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@every_kind
def test_go_backwards_output_mask_order(keras, run, build, mask_of, record, kind):
    """Mask after an RNN with `go_backwards`.

    Whether the mask of the reversed sequence is reversed is not specified.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True, go_backwards=True)
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED))


@pytest.mark.case(
    "rnn.output-mask",
    established="Source of keras.layers.RNN, compute_mask: the mask of the input if return_sequences",
    issues=["keras-team/keras#23235", "keras-team/keras#23228"],
    tags=["{kind}", "RNN", "Masking", "return_sequences"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@every_kind
def test_output_mask(keras, run, build, mask_of, record, kind):
    """RNNs propagate the mask with `return_sequences`.

    With `return_sequences=True`, the next layer receives the mask that the RNN received.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True)
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED), expected=MASK)


@pytest.mark.case(
    "rnn.second-call-unmasked",
    documented=MASK_ARGUMENT,
    tags=["{kind}", "RNN", "shared layer"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@every_kind
def test_second_call_unmasked(keras, run, build, record, kind):
    """RNNs use a mask for one call only.

    A layer that is called with a mask and then without one skips nothing in the second call.
    """
    rnn, weights = make(keras, build, kind)
    masked, unmasked = run(lambda t, m: [rnn(t, mask=m), rnn(t)], X, MASK)
    record("with the mask", masked, expected=recurrent.of_recurrent(kind, X, MASK, weights)[1])
    record("without", unmasked, expected=recurrent.of_recurrent(kind, X, None, weights)[1])
