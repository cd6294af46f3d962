"""RNN.

Masks in every recurrent layer: the generic loop of Keras, and the implementations of LSTM and GRU.
"""

import numpy as np
import pytest
import recurrent
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]], bool)
X = np.random.RandomState(31).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

RNN_ARGUMENT = "API docs of keras.layers.RNN, argument %s"
UNROLL = RNN_ARGUMENT % "unroll: the network will be unrolled, else a symbolic loop will be used"
ZERO = RNN_ARGUMENT % "zero_output_for_mask: the output uses zeros for the masked timesteps"


every_kind = recurrent.every_kind()
with_cell = recurrent.every_kind(others=recurrent.WITH_CELL)


def make(keras, build, kind, **arguments):
    """Build a recurrent layer of this kind and return it with its weights."""
    return recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, FEATURES), **arguments)


def zeroed_sequence(kind, x, mask, weights):
    """Return the sequence of a layer of this kind with `zero_output_for_mask`."""
    return np.where(mask[..., None], recurrent.of_recurrent(kind, x, mask, weights)[0], 0.0)


@pytest.mark.case(
    "rnn.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    tags=["{kind}", "return_sequences"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@recurrent.every_kind(others=["RNN-LSTMCell"])  # lstm.* and gru.* have the other kinds
def test_masked_output_repeats_previous(keras, run, build, record, kind):
    """RNNs repeat the previous output at masked timesteps.

    With `return_sequences=True`, a masked timestep outputs what the previous one did, or zeros if there is none.
    """
    rnn, weights = make(keras, build, kind, return_sequences=True)
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    expected = recurrent.of_recurrent(kind, X, MASK, weights)[0]
    record("sequence at masked steps", sequence[~MASK], expected=expected[~MASK])


@pytest.mark.case(
    "rnn.unroll-equals-loop", documented=UNROLL, tags=["{kind}", "unroll"], modes=["eager", "graph", "session"]
)
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@with_cell
def test_unroll_equals_loop(keras, run, build, record, backwards, kind):
    """RNNs treat masks alike unrolled and in a loop.

    With `unroll=True`, masked timesteps are skipped and repeat the previous output, in either direction.
    """
    rnn, weights = make(
        keras, build, kind, unroll=True, go_backwards=backwards, return_sequences=True, return_state=True
    )
    step = -1 if backwards else 1
    results = run(lambda t, m: rnn(t, mask=m), X, MASK)
    expected = recurrent.of_recurrent(kind, X[:, ::step], MASK[:, ::step], weights)
    record("sequence and states", results, expected=expected)


@pytest.mark.case("rnn.zero-output-for-mask", documented=ZERO, tags=["{kind}", "zero_output_for_mask"])
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
@with_cell
def test_zero_output_for_mask(keras, run, build, record, unroll, kind):
    """RNNs output zeros at masked timesteps with `zero_output_for_mask`.

    Masked timesteps output zeros, and the states are still carried over them.
    """
    rnn, weights = make(
        keras, build, kind, zero_output_for_mask=True, unroll=unroll, return_sequences=True, return_state=True
    )
    found = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", found[0], expected=zeroed_sequence(kind, X, MASK, weights))
    record("states", found[1:], expected=recurrent.of_recurrent(kind, X, MASK, weights)[1:])


@pytest.mark.case(
    "rnn.zero-output-for-mask.config",
    documented=ZERO + "; API docs of keras.layers.Layer, from_config: the reverse of get_config",
    tags=["{kind}", "zero_output_for_mask", "serialization"],
    modes=["eager", "session"],
)
@with_cell
def test_zero_output_for_mask_config(keras, run, build, record, kind):
    """An RNN's config holds `zero_output_for_mask`.

    A layer created from the config of an RNN that outputs zeros at masked timesteps also does so.
    """
    zeroing, _ = make(keras, build, kind, zero_output_for_mask=True, return_sequences=True)
    rnn, weights = recurrent.build_recurrent(
        keras, build, kind, lambda: type(zeroing).from_config(zeroing.get_config()), (None, STEPS, FEATURES)
    )
    record("sequence", run(lambda t, m: rnn(t, mask=m), X, MASK), expected=zeroed_sequence(kind, X, MASK, weights))


@pytest.mark.case(
    "rnn.zero-output-for-mask.go-backwards",
    documented=ZERO + "; argument go_backwards: processes the input backwards and returns the reversed sequence",
    tags=["{kind}", "zero_output_for_mask", "go_backwards", "unroll"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
@with_cell
def test_zero_output_for_mask_go_backwards(keras, run, build, record, unroll, kind):
    """RNNs apply `zero_output_for_mask` in reversed order with `go_backwards`.

    With `go_backwards=True`, the zeros are at the masked timesteps of the reversed sequence.
    """
    rnn, weights = make(
        keras, build, kind, zero_output_for_mask=True, unroll=unroll, return_sequences=True, go_backwards=True
    )
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", sequence, expected=zeroed_sequence(kind, X[:, ::-1], MASK[:, ::-1], weights))


@pytest.mark.case(
    "rnn.zero-output-for-mask.last-output",
    documented=RNN_ARGUMENT % "zero_output_for_mask: this field is only used when return_sequences is True",
    issues=["keras-team/keras#17596", "keras-team/tf-keras#252"],
    tags=["{kind}", "zero_output_for_mask"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
@with_cell
def test_zero_output_for_mask_last_output(keras, run, build, record, unroll, kind):
    """RNNs ignore `zero_output_for_mask` without `return_sequences`.

    With `return_sequences=False`, the output is that of the last unmasked timestep, even if the last ones are masked.
    """
    rnn, weights = make(keras, build, kind, zero_output_for_mask=True, unroll=unroll)
    last = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("last output", last, expected=recurrent.of_recurrent(kind, X, MASK, weights)[1])


@pytest.mark.case(
    "rnn.return-state.mask-list",
    established="Source of keras.layers.RNN, compute_mask: the mask of the input for the sequence, None for each state",
    tags=["{kind}", "Masking", "return_state"],
    modes=["eager", "graph", "session"],
)
@with_cell
def test_return_state_mask_list(keras, run, build, mask_of, record, kind):
    """RNNs return states without a mask.

    With `return_sequences=True` and `return_state=True`, the sequence has the mask of the input, the states have none.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True, return_state=True)
    masks = run(lambda t: [mask_of(output) for output in rnn(masking(t))], ZEROED)
    record("masks", masks, expected=[MASK] + [None] * recurrent.KINDS[kind].states)


@pytest.mark.case(
    "rnn.explicit-overrides-implicit",
    documented="API docs of tf.keras.layers.Layer, __call__: the mask that the previous layer generated is the default "
    "value of an argument mask",
    tags=["{kind}", "Masking", "explicit mask"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_explicit_overrides_implicit(keras, run, build, mask_of, record, kind):
    """RNNs prefer an explicit mask to the mask of the input.

    An RNN that is passed `mask=` uses that mask instead of the mask of its input.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True)
    other = np.roll(MASK, 1, axis=0)
    sequence = run(lambda t, m: rnn(masking(t), mask=m), ZEROED, other)
    record("sequence", sequence, expected=recurrent.of_recurrent(kind, ZEROED, other, weights)[0])


@pytest.mark.case(
    "rnn.unknown-timesteps",
    documented="API docs of keras.layers.RNN, 'Masking': supports masking for input data with a variable number "
    "of timesteps",
    tags=["{kind}", "Masking", "dynamic shape"],
    modes=["graph", "session"],
)
@every_kind
def test_unknown_timesteps(keras, run, build, record, kind):
    """RNNs support masks of unknown batch size and number of timesteps.

    An RNN after Masking skips masked timesteps if batch size and number of timesteps are unknown while tracing.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True)
    sequence = run(lambda t: rnn(masking(t)), ZEROED, shapes=[(None, None, FEATURES)])
    record("sequence", sequence, expected=recurrent.of_recurrent(kind, X, MASK, weights)[0])


@pytest.mark.case(
    "rnn.time-major",
    documented="API docs of tf.keras.layers.RNN, argument time_major: inputs and outputs are of shape (timesteps, "
    "batch, ...); call argument mask: should be ignored",
    tags=["{kind}", "time_major", "explicit mask"],
    needs=["layers.RNN.__init__(time_major)"],
)
@every_kind
def test_time_major(keras, run, build, record, kind):
    """RNNs with `time_major` expect a mask of shape (timesteps, batch).

    With `time_major=True` and such a mask, the sequence is the transpose of that for batch-major input.
    """
    arguments = {"time_major": True, "return_sequences": True}
    if kind == "SimpleRNN":
        rnn = keras.layers.RNN(keras.layers.SimpleRNNCell(UNITS), **arguments)
        weights = build(rnn, (STEPS, None, FEATURES))
    else:
        rnn, weights = recurrent.built_recurrent(keras, build, kind, UNITS, (STEPS, None, FEATURES), **arguments)
    sequence = run(lambda t, m: rnn(t, mask=m), X.transpose(1, 0, 2), MASK.T)
    expected = recurrent.of_recurrent(kind, X, MASK, weights)[0]
    record("sequence", sequence, expected=expected.transpose(1, 0, 2))


@pytest.mark.case(
    "rnn.ragged-equals-mask",
    established="Source of keras.layers.RNN (tf.keras), call: ragged input is padded with zeros, and the padding is "
    "masked",
    issues=["keras-team/keras#15427"],
    tags=["{kind}", "ragged"],
    needs=["layers.RNN._validate_args_if_ragged"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_ragged_equals_mask(keras, tf, run, build, record, kind):
    """RNNs treat ragged input like input with masked right padding.

    The sequence is ragged like the input, and the states are those after the last timestep of each sample.
    """
    rnn, weights = make(keras, build, kind, return_sequences=True, return_state=True)
    lengths = np.array([3, STEPS, 1], "int32")

    def call(x, n):
        found = rnn(tf.RaggedTensor.from_tensor(x, lengths=n))
        return found[0].values, found[0].row_lengths(), found[1:]

    steps, rows, states = run(call, X, lengths)
    mask = np.arange(STEPS) < lengths[:, None]
    expected = recurrent.of_recurrent(kind, X, mask, weights)
    record("all steps of all samples", steps, expected=expected[0][mask])
    record("lengths", rows, expected=lengths)
    record("states", states, expected=expected[1:])


@pytest.mark.case(
    "rnn.zero-timesteps",
    unspecified="No documentation says what an RNN does with zero timesteps or zero samples",
    severity="raises",
    tags=["{kind}", "explicit mask", "dynamic shape"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("batch, steps", [(BATCH, 0), (0, STEPS)], ids=["no-steps", "no-samples"])
@with_cell
def test_zero_timesteps(keras, run, build, record, batch, steps, kind):
    """RNN output for zero timesteps or zero samples.

    Whether an RNN returns zeros, returns nothing or raises is not specified.
    """
    rnn, _ = make(keras, build, kind)
    arrays, shapes = (X[:batch, :steps], MASK[:batch, :steps]), [(None, None, FEATURES), (None, None)]
    record("last output", run.attempt(lambda t, m: rnn(t, mask=m), *arrays, shapes=shapes))
