"""RNNs other than LSTM, and what masks do in any RNN."""

import numpy as np
import oracle
import pytest

from conformance.worker.modes import Unsupported

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(31).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it

MASK_ARGUMENT = "API docs of keras.layers.%s, 'Call arguments', mask: a timestep with a False entry should be ignored"
RNN_ARGUMENT = "API docs of keras.layers.RNN, argument %s"
UNROLL = RNN_ARGUMENT % "unroll: the network will be unrolled, else a symbolic loop will be used"
ZERO = RNN_ARGUMENT % "zero_output_for_mask: the output uses zeros for the masked timesteps"


def make(keras, build, **arguments):
    """A built SimpleRNN and its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


def make_zeroing(keras, build, **arguments):
    """A built SimpleRNN with zero_output_for_mask, and its weights."""
    if not hasattr(keras.layers.SimpleRNN(1), "zero_output_for_mask"):
        raise Unsupported("RNNs have no argument zero_output_for_mask")
    return make(keras, build, zero_output_for_mask=True, **arguments)


def zeroed_sequence(x, mask, weights):
    """What a SimpleRNN with zero_output_for_mask emits."""
    return np.where(mask[..., None], oracle.simple_rnn(x, mask, *weights)[0], 0.0)


@pytest.mark.case("simple-rnn.skip-masked-steps", documented=MASK_ARGUMENT % "SimpleRNN", tags=["SimpleRNN"])
def test_simple_rnn(keras, run, build, record):
    """SimpleRNN skips masked steps.

    A masked step changes neither the state nor the output of any other step.
    """
    rnn, weights = make(keras, build, return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: rnn(t, mask=m), X, MASK)
    want_sequence, want_state = oracle.simple_rnn(X, MASK, *weights)
    record("sequence at the other steps", sequence[MASK], expected=want_sequence[MASK])
    record("state", state, expected=want_state)


@pytest.mark.case("gru.skip-masked-steps", documented=MASK_ARGUMENT % "GRU", tags=["GRU"])
@pytest.mark.parametrize("reset_after", [True, False], ids=["reset-after", "reset-before"])
def test_gru(keras, run, build, record, reset_after):
    """GRU skips masked steps.

    A masked step changes neither the state nor the output of any other step, wherever the reset gate is applied.
    """
    gru = keras.layers.GRU(
        UNITS, recurrent_activation="sigmoid", reset_after=reset_after, return_sequences=True, return_state=True
    )
    weights = build(gru, (None, STEPS, FEATURES))
    sequence, state = run(lambda t, m: gru(t, mask=m), X, MASK)
    want_sequence, want_state = oracle.gru(X, MASK, *weights)
    record("sequence at the other steps", sequence[MASK], expected=want_sequence[MASK])
    record("state", state, expected=want_state)


@pytest.mark.case(
    "rnn.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    tags=["SimpleRNN", "GRU", "return_sequences"],
)
def test_repeats(keras, run, build, record):
    """RNNs repeat their previous output at masked steps.

    With return_sequences=True, a masked step emits what the step before it emitted, and zeros where there is none.
    """
    rnn, weights = make(keras, build, return_sequences=True)
    gru = keras.layers.GRU(UNITS, recurrent_activation="sigmoid", reset_after=True, return_sequences=True)
    gru_weights = build(gru, (None, STEPS, FEATURES))
    of_rnn, of_gru = run(lambda t, m: [rnn(t, mask=m), gru(t, mask=m)], X, MASK)
    record("SimpleRNN", of_rnn[~MASK], expected=oracle.simple_rnn(X, MASK, *weights)[0][~MASK])
    record("GRU", of_gru[~MASK], expected=oracle.gru(X, MASK, *gru_weights)[0][~MASK])


@pytest.mark.case("rnn.unroll-equals-loop", documented=UNROLL, tags=["SimpleRNN", "unroll"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_unroll(keras, run, build, record, backwards):
    """An unrolled RNN treats masks as a loop does.

    With unroll=True, masked steps are skipped and emit the previous output, in either direction.
    """
    rnn, weights = make(keras, build, unroll=True, go_backwards=backwards, return_sequences=True, return_state=True)
    step = -1 if backwards else 1
    results = run(lambda t, m: rnn(t, mask=m), X, MASK)
    expected = oracle.simple_rnn(X[:, ::step], MASK[:, ::step], *weights)
    record("sequence and state", results, expected=expected)


@pytest.mark.case("rnn.zero-output-for-mask", documented=ZERO, tags=["SimpleRNN", "zero_output_for_mask"])
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_zero_output(keras, run, build, record, unroll):
    """zero_output_for_mask makes masked steps emit zeros.

    Masked steps emit zeros; the state is carried over them all the same.
    """
    rnn, weights = make_zeroing(keras, build, unroll=unroll, return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", sequence, expected=zeroed_sequence(X, MASK, weights))
    record("state", state, expected=oracle.simple_rnn(X, MASK, *weights)[1])


@pytest.mark.case(
    "rnn.zero-output-for-mask.go-backwards",
    documented=ZERO + "; argument go_backwards: processes the input backwards and returns the reversed sequence",
    tags=["SimpleRNN", "zero_output_for_mask", "go_backwards", "unroll"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_zero_output_backwards(keras, run, build, record, unroll):
    """zero_output_for_mask in a reversed sequence.

    With go_backwards=True, the zeros stand where the masked steps are in the reversed sequence.
    """
    rnn, weights = make_zeroing(keras, build, unroll=unroll, return_sequences=True, go_backwards=True)
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", sequence, expected=zeroed_sequence(X[:, ::-1], MASK[:, ::-1], weights))


@pytest.mark.case(
    "rnn.zero-output-for-mask.last-output",
    documented=RNN_ARGUMENT % "zero_output_for_mask: this field is only used when return_sequences is True",
    issues=["keras-team/keras#17596", "keras-team/tf-keras#252"],
    tags=["SimpleRNN", "zero_output_for_mask"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_zero_output_last(keras, run, build, record, unroll):
    """zero_output_for_mask leaves a single output alone.

    With return_sequences=False, the output is that of the last unmasked step, also where the last steps are masked.
    """
    rnn, weights = make_zeroing(keras, build, unroll=unroll)
    last = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("last output", last, expected=oracle.simple_rnn(X, MASK, *weights)[1])


@pytest.mark.case(
    "rnn.return-state.mask-list",
    established="Source of keras.layers.RNN, compute_mask: the mask of the input for the sequence, None for each state",
    tags=["SimpleRNN", "Masking", "return_state"],
)
def test_masks_of_states(keras, run, build, mask_of, record):
    """Returned states have no mask.

    With return_sequences=True and return_state=True, the sequence has the mask of the input and the state has none.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, return_sequences=True, return_state=True)
    masks = run(lambda t: [mask_of(output) for output in rnn(masking(t))], ZEROED)
    record("masks", masks, expected=[MASK, None])


@pytest.mark.case(
    "rnn.custom-cell.output-not-state",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that the output of the previous "
    "timestep is returned for a masked one; an output that is not the state is allowed by argument cell, output_size",
    issues=["keras-team/keras#11472"],
    tags=["RNN", "custom cell"],
)
def test_custom_cell(keras, run, build, ops, record):
    """A cell whose output is not its state.

    At masked steps the previous output is repeated, not the state, and the state is kept.
    """

    class Cell(keras.layers.Layer):
        state_size, output_size = FEATURES, FEATURES + 1

        def call(self, inputs, states):
            total = states[0] + inputs
            return ops.concatenate([inputs * 3.0, total[:, :1]], axis=-1), [total]

    rnn = keras.layers.RNN(Cell(), return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: rnn(t, mask=m), X, MASK)
    totals = np.cumsum(ZEROED, axis=1)
    emitted = np.concatenate([X * 3, totals[..., :1]], axis=-1)
    last_kept = np.maximum.accumulate(np.where(MASK, np.arange(STEPS), -1), axis=1)
    repeated = np.take_along_axis(emitted, np.maximum(last_kept, 0)[..., None], axis=1)
    record("sequence", sequence, expected=np.where(last_kept[..., None] < 0, 0.0, repeated))
    record("state", state, expected=totals[:, -1])


@pytest.mark.case(
    "rnn.stacked-cells",
    documented=(RNN_ARGUMENT % "cell: a list of cells is stacked")
    + "; call argument mask: a timestep with a False entry should be ignored",
    issues=["keras-team/keras#21224"],
    tags=["RNN", "stacked", "LSTM", "SimpleRNN"],
)
def test_stacked_cells(keras, run, build, record):
    """Stacked cells skip masked steps together.

    An RNN of a list of cells emits what two RNNs with the same mask, one after the other, emit.
    """
    cells = [keras.layers.LSTMCell(UNITS, recurrent_activation="sigmoid"), keras.layers.SimpleRNNCell(UNITS + 1)]
    rnn = keras.layers.RNN(cells, return_sequences=True)
    weights = build(rnn, (None, STEPS, FEATURES))
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    between = oracle.lstm(X, MASK, *weights[:3])[0]
    record("sequence", sequence, expected=oracle.simple_rnn(between, MASK, *weights[3:])[0])


@pytest.mark.case(
    "rnn.explicit-overrides-implicit",
    documented="API docs of tf.keras.layers.Layer, __call__: the mask that the previous layer generated is the default "
    "value of an argument mask",
    tags=["SimpleRNN", "Masking", "explicit mask"],
)
def test_explicit_mask_wins(keras, run, build, mask_of, record):
    """A mask argument comes before the mask of the input.

    An RNN that is given another mask than its input has uses the one that it is given.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    other = np.roll(MASK, 1, axis=0)
    sequence = run(lambda t, m: rnn(masking(t), mask=m), ZEROED, other)
    record("sequence", sequence, expected=oracle.simple_rnn(ZEROED, other, *weights)[0])


@pytest.mark.case(
    "rnn.unknown-timesteps",
    documented="API docs of keras.layers.RNN, 'Masking': supports masking for input data with a variable number "
    "of timesteps",
    tags=["SimpleRNN", "Masking", "dynamic shape"],
    modes=["graph", "session"],
)
def test_unknown_steps(keras, run, build, record):
    """Batch and time unknown while tracing.

    An RNN after Masking skips masked steps where the number of steps is known at run time only.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    sequence = run(lambda t: rnn(masking(t)), ZEROED, shapes=[(None, None, FEATURES)])
    record("sequence", sequence, expected=oracle.simple_rnn(X, MASK, *weights)[0])
