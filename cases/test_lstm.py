"""LSTM: what a mask makes it skip, what it emits there, and where its mask goes."""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it
H0, C0 = np.random.RandomState(4).uniform(0.2, 0.9, (2, BATCH, UNITS)).astype("float32")

MASK_ARGUMENT = "API docs of keras.layers.LSTM, 'Call arguments', mask: a timestep with a False entry should be ignored"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


def make(keras, build, features=FEATURES, **arguments):
    """A built LSTM and its weights."""
    layer = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", **arguments)
    return layer, build(layer, (None, STEPS, features))


def record_beside_compacted(keras, run, build, record, rows):
    """Record the last output for a masked batch, beside that for each sample without its masked steps."""
    lstm, weights = make(keras, build)
    mask = np.array(rows, bool)
    samples = [X[i : i + 1, kept] for i, kept in enumerate(mask)]
    compacted = [oracle.lstm(sample, None, *weights)[1] for sample in samples]
    last = run(lambda t, m: lstm(t, mask=m), X[: len(mask)], mask)
    record("last output", last, expected=np.concatenate(compacted))


@pytest.mark.case("lstm.skip-masked-steps", documented=MASK_ARGUMENT, tags=["LSTM"])
def test_skips(keras, run, build, record):
    """LSTM skips masked steps.

    A masked step changes neither the states nor the output of any other step.
    """
    lstm, weights = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m: lstm(t, mask=m), X, MASK)
    record("sequence at the other steps", sequence[MASK], expected=oracle.lstm(X, MASK, *weights)[0][MASK])


@pytest.mark.case("lstm.right-padding", documented=MASK_ARGUMENT, tags=["LSTM", "padding"])
def test_right_padding(keras, run, build, record):
    """Masked padding on the right changes nothing.

    The last output is that of the same sequence without the masked steps at its end.
    """
    record_beside_compacted(keras, run, build, record, [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0]])


@pytest.mark.case("lstm.left-padding", documented=MASK_ARGUMENT, tags=["LSTM", "padding"])
def test_left_padding(keras, run, build, record):
    """Masked padding on the left changes nothing.

    The last output is that of the same sequence without the masked steps at its start.
    """
    record_beside_compacted(keras, run, build, record, [[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 1, 1]])


@pytest.mark.case("lstm.gap", documented=MASK_ARGUMENT, tags=["LSTM", "padding"])
def test_gap(keras, run, build, record):
    """Masked steps in the middle change nothing.

    The last output is that of the same sequence with the steps around the masked ones moved together.
    """
    record_beside_compacted(keras, run, build, record, [[1, 0, 0, 1, 0, 1], [1, 1, 1, 0, 1, 1]])


@pytest.mark.case("rnn.garbage-independence", documented=MASK_ARGUMENT, tags=["LSTM", "NaN"])
def test_garbage(keras, run, build, record):
    """The values at masked steps do not matter.

    Large numbers, infinities and NaN at masked steps change neither the last output nor the states.
    """
    lstm, weights = make(keras, build, return_state=True)
    _, h, c = oracle.lstm(X, MASK, *weights)
    garbage = np.array([1e30, np.inf, np.nan], "float32")
    dirty = np.concatenate([np.where(MASK[..., None], X, g) for g in garbage])
    results = run(lambda t, m: lstm(t, mask=m), dirty, np.tile(MASK, (len(garbage), 1)))
    for i, name in enumerate(["large numbers", "infinities", "NaN"]):
        record(name, [r[BATCH * i : BATCH * (i + 1)] for r in results], expected=[h, h, c])


@pytest.mark.case(
    "lstm.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    issues=["tensorflow/tensorflow#49241", "tensorflow/tensorflow#33834"],
    tags=["LSTM", "return_sequences"],
)
def test_repeats(keras, run, build, record):
    """LSTM repeats its previous output at masked steps.

    With return_sequences=True, a masked step emits what the step before it emitted, and zeros where there is none.
    """
    lstm, weights = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m: lstm(t, mask=m), X, MASK)
    record("sequence at masked steps", sequence[~MASK], expected=oracle.lstm(X, MASK, *weights)[0][~MASK])


@pytest.mark.case("rnn.return-state-at-last-unmasked", documented=MASK_ARGUMENT, tags=["LSTM", "return_state"])
def test_returned_states(keras, run, build, record):
    """The returned states are those of the last unmasked step.

    Masked steps at the end change neither the hidden nor the cell state that return_state=True returns.
    """
    lstm, weights = make(keras, build, return_state=True)
    _, h, c = run(lambda t, m: lstm(t, mask=m), X, MASK)
    _, want_h, want_c = oracle.lstm(X, MASK, *weights)
    record("hidden state", h, expected=want_h)
    record("cell state", c, expected=want_c)


@pytest.mark.case("lstm.implicit-mask", documented=AUTOMATIC, tags=["LSTM", "Masking"])
def test_implicit_mask(keras, run, build, record):
    """An LSTM is given the mask of the layer before it.

    After Masking it computes what it computes when the mask of Masking is passed as an argument.
    """
    masking, (lstm, weights) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    record("sequence", run(lambda t: lstm(masking(t)), ZEROED), expected=oracle.lstm(X, MASK, *weights)[0])


@pytest.mark.case("lstm.all-true-mask", documented=MASK_ARGUMENT, tags=["LSTM"])
def test_all_true(keras, run, build, record):
    """A mask that masks nothing changes nothing.

    An all-True mask gives the sequence and the states of an LSTM without a mask.
    """
    lstm, weights = make(keras, build, return_sequences=True, return_state=True)
    masked = run(lambda t, m: lstm(t, mask=m), X, np.ones((BATCH, STEPS), bool))
    record("sequence and states", masked, expected=oracle.lstm(X, None, *weights))


@pytest.mark.case(
    "lstm.sample-independence",
    documented="API docs of keras.layers.LSTM, 'Call arguments', mask: has the shape (samples, timesteps)",
    tags=["LSTM"],
)
def test_single_samples(keras, run, build, record):
    """Each sample of a batch has its own mask.

    A sample of a batch gets the output that it gets alone, with its own row of the mask.
    """
    lstm, _ = make(keras, build)
    together, alone = run(lambda t, m: [lstm(t, mask=m), lstm(t[1:2], mask=m[1:2])], X, MASK)
    record("last output", together[1:2], expected=alone)


@pytest.mark.case(
    "rnn.fully-masked-sample",
    established="Source of backend.rnn: states change at unmasked steps only, and before the first of them "
    "the output to repeat is made of zeros",
    issues=["tensorflow/tensorflow#33148", "tensorflow/tensorflow#36139", "tensorflow/tensorflow#43103"],
    tags=["LSTM", "all masked"],
)
def test_all_masked(keras, run, build, record):
    """A sample with no unmasked step keeps its initial states.

    Its states stay zero, its output is zero, and the other samples are not affected.
    """
    lstm, weights = make(keras, build, return_state=True)
    mask = MASK * np.array([[True], [False], [True]])
    _, h, c = oracle.lstm(X, mask, *weights)
    output, got_h, got_c = run(lambda t, m: lstm(t, mask=m), X, mask)
    record("last output", output, expected=h)
    record("hidden state", got_h, expected=h)
    record("cell state", got_c, expected=c)


@pytest.mark.case(
    "rnn.stateful-carry",
    documented="API docs of keras.layers.RNN, argument stateful: the last state of each sample is the initial state "
    "of the next batch; call argument mask: masked timesteps should be ignored",
    tags=["LSTM", "Masking", "stateful"],
)
def test_stateful(keras, run, build, record):
    """A stateful LSTM carries its states over a masked tail.

    The next batch goes on from the states of the last unmasked step of the batch before.
    """
    inputs = keras.Input(batch_shape=(BATCH, STEPS, FEATURES))
    lstm = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", stateful=True)
    weights = build(lstm, (BATCH, STEPS, FEATURES))
    model = keras.Model(inputs, lstm(keras.layers.Masking()(inputs)))
    run.compile(model, optimizer="sgd", loss="mse")
    last = run.predict(model, np.concatenate([ZEROED, ZEROED[:, ::-1]]), batch_size=BATCH)
    both, mask_of_both = np.concatenate([X, X[:, ::-1]], axis=1), np.concatenate([MASK, MASK[:, ::-1]], axis=1)
    record("first batch", last[:BATCH], expected=oracle.lstm(X, MASK, *weights)[1])
    record("second batch", last[BATCH:], expected=oracle.lstm(both, mask_of_both, *weights)[1])


@pytest.mark.case(
    "rnn.go-backwards",
    documented="API docs of keras.layers.RNN, argument go_backwards: processes the input backwards and returns the "
    "reversed sequence",
    tags=["LSTM", "go_backwards"],
)
def test_go_backwards(keras, run, build, record):
    """go_backwards reads the mask backwards too.

    The sequence is that of the reversed input with the reversed mask, in the order in which it is processed.
    """
    lstm, weights = make(keras, build, return_sequences=True, go_backwards=True)
    sequence = run(lambda t, m: lstm(t, mask=m), X, MASK)
    record("sequence", sequence, expected=oracle.lstm(X[:, ::-1], MASK[:, ::-1], *weights)[0])


@pytest.mark.case(
    "rnn.go-backwards.output-mask-order",
    unspecified="No page says whether the mask is reversed with the sequence; where it is not, "
    "the next layer masks other steps than this one",
    issues=["keras-team/keras#6022"],
    tags=["LSTM", "go_backwards", "Masking"],
)
def test_go_backwards_mask(keras, run, build, mask_of, record):
    """The mask after a go_backwards LSTM.

    Whether the mask of a reversed sequence is reversed is not specified.
    """
    masking, (lstm, _) = keras.layers.Masking(), make(keras, build, return_sequences=True, go_backwards=True)
    record("mask", run(lambda t: mask_of(lstm(masking(t))), ZEROED))


@pytest.mark.case(
    "rnn.output-mask",
    established="Source of keras.layers.RNN, compute_mask: the mask of the input if return_sequences",
    issues=["keras-team/keras#23235", "keras-team/keras#23228"],
    tags=["LSTM", "Masking", "return_sequences"],
)
def test_output_mask(keras, run, build, mask_of, record):
    """A sequence of outputs keeps the mask.

    With return_sequences=True the next layer is given the mask that the LSTM was given.
    """
    masking, (lstm, _) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    record("mask", run(lambda t: mask_of(lstm(masking(t))), ZEROED), expected=MASK)


@pytest.mark.case(
    "destroy.rnn-last",
    established="Source of keras.layers.RNN, compute_mask: None unless return_sequences",
    tags=["LSTM", "Masking"],
)
def test_no_mask_after_last_output(keras, run, build, mask_of, record):
    """The last output has no mask.

    With return_sequences=False the next layer is given no mask: there are no steps left.
    """
    masking, (lstm, _) = keras.layers.Masking(), make(keras, build)
    record("mask", run(lambda t: mask_of(lstm(masking(t))), ZEROED), expected=None)


@pytest.mark.case(
    "lstm.stacked",
    documented="Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and "
    "Sequential API': a mask is propagated through the network for any layer that is capable of using it",
    issues=["keras-team/keras#23235"],
    tags=["LSTM", "Masking", "stacked"],
)
def test_stacked(keras, run, build, record):
    """A second LSTM skips the steps that the first skipped.

    Stacked LSTMs after Masking compute what two LSTMs with that mask compute.
    """
    masking, (first, weights1) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    second, weights2 = make(keras, build, features=UNITS)
    last = run(lambda t: second(first(masking(t))), ZEROED)
    between = oracle.lstm(X, MASK, *weights1)[0]
    record("last output", last, expected=oracle.lstm(between, MASK, *weights2)[1])


@pytest.mark.case("rnn.initial-state.implicit-mask", documented=AUTOMATIC, tags=["LSTM", "Masking", "initial_state"])
def test_initial_state_implicit(keras, run, build, record):
    """The mask of the input is used when initial states are given.

    After Masking and with initial_state=[h, c], an LSTM still skips the masked steps.
    """
    masking, (lstm, weights) = keras.layers.Masking(), make(keras, build)
    last = run(lambda t, h, c: lstm(masking(t), initial_state=[h, c]), ZEROED, H0, C0)
    record("last output", last, expected=oracle.lstm(X, MASK, *weights, state=(H0, C0))[1])


@pytest.mark.case("rnn.initial-state.explicit-mask", documented=MASK_ARGUMENT, tags=["LSTM", "initial_state"])
def test_initial_state_explicit(keras, run, build, record):
    """A mask argument is used when initial states are given.

    With mask= and initial_state=[h, c], an LSTM starts from these states and skips the masked steps.
    """
    lstm, weights = make(keras, build)
    last = run(lambda t, m, h, c: lstm(t, mask=m, initial_state=[h, c]), X, MASK, H0, C0)
    record("last output", last, expected=oracle.lstm(X, MASK, *weights, state=(H0, C0))[1])


@pytest.mark.case(
    "rnn.first-step-masked-output",
    unspecified="There is no previous output to repeat: zeros and the initial hidden state have both been emitted, "
    "and it depends on the backend",
    tags=["LSTM", "initial_state", "return_sequences"],
)
def test_first_steps_masked(keras, run, build, record):
    """What masked first steps emit when initial states are given.

    The output at masked steps before the first unmasked one is not specified.
    """
    lstm, _ = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m, h, c: lstm(t, mask=m, initial_state=[h, c]), X, MASK, H0, C0)
    record("first steps", sequence[1, :2])


@pytest.mark.case("functional.auto-propagate", documented=AUTOMATIC, tags=["LSTM", "Dense", "Masking", "Functional"])
def test_functional(keras, run, build, record):
    """A mask goes through a functional model.

    In Masking, Dense, LSTM the LSTM skips what Masking masked, though Dense makes other values of the masked steps.
    """
    dense, lstm = keras.layers.Dense(5), keras.layers.LSTM(UNITS, recurrent_activation="sigmoid")
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(lstm, (None, STEPS, 5))
    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, lstm(dense(keras.layers.Masking()(inputs))))
    record("last output", run(model, ZEROED), expected=oracle.lstm(X @ kernel + bias, MASK, *weights)[1])
