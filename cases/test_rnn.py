"""RNN.

What masks do in any RNN.
"""

import numpy as np
import oracle
import pytest

from conformance.case import Unsupported

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]], bool)
X = np.random.RandomState(31).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it

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


@pytest.mark.case(
    "rnn.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    tags=["SimpleRNN", "return_sequences"],
    modes=["eager", "graph | jit", "session"],
)
def test_masked_output_repeats_previous(keras, run, build, record):
    """RNNs repeat their previous output at masked steps.

    With return_sequences=True, a masked step emits what the step before it emitted, and zeros where there is none.
    """
    rnn, weights = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence at masked steps", sequence[~MASK], expected=oracle.simple_rnn(X, MASK, *weights)[0][~MASK])


@pytest.mark.case(
    "rnn.unroll-equals-loop", documented=UNROLL, tags=["SimpleRNN", "unroll"], modes=["eager", "graph", "session"]
)
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_unroll_equals_loop(keras, run, build, record, backwards):
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
def test_zero_output_for_mask(keras, run, build, record, unroll):
    """zero_output_for_mask makes masked steps emit zeros.

    Masked steps emit zeros; the state is carried over them all the same.
    """
    rnn, weights = make_zeroing(keras, build, unroll=unroll, return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: rnn(t, mask=m), X, MASK)
    record("sequence", sequence, expected=zeroed_sequence(X, MASK, weights))
    record("state", state, expected=oracle.simple_rnn(X, MASK, *weights)[1])


@pytest.mark.case(
    "rnn.zero-output-for-mask.config",
    documented=ZERO + "; API docs of keras.layers.Layer, from_config: the reverse of get_config",
    tags=["SimpleRNN", "zero_output_for_mask", "serialization"],
    modes=["eager", "session"],
)
def test_zero_output_for_mask_config(keras, run, build, record):
    """The config of an RNN holds zero_output_for_mask.

    A layer made from the config of one that emits zeros at masked steps emits zeros there, too.
    """
    zeroing, _ = make_zeroing(keras, build, return_sequences=True)
    rnn = keras.layers.SimpleRNN.from_config(zeroing.get_config())
    weights = build(rnn, (None, STEPS, FEATURES))
    record("sequence", run(lambda t, m: rnn(t, mask=m), X, MASK), expected=zeroed_sequence(X, MASK, weights))


@pytest.mark.case(
    "rnn.zero-output-for-mask.go-backwards",
    documented=ZERO + "; argument go_backwards: processes the input backwards and returns the reversed sequence",
    tags=["SimpleRNN", "zero_output_for_mask", "go_backwards", "unroll"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_zero_output_for_mask_go_backwards(keras, run, build, record, unroll):
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
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_zero_output_for_mask_last_output(keras, run, build, record, unroll):
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
    modes=["eager", "graph", "session"],
)
def test_return_state_mask_list(keras, run, build, mask_of, record):
    """Returned states have no mask.

    With return_sequences=True and return_state=True, the sequence has the mask of the input and the state has none.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build, return_sequences=True, return_state=True)
    masks = run(lambda t: [mask_of(output) for output in rnn(masking(t))], ZEROED)
    record("masks", masks, expected=[MASK, None])


@pytest.mark.case(
    "rnn.explicit-overrides-implicit",
    documented="API docs of tf.keras.layers.Layer, __call__: the mask that the previous layer generated is the default "
    "value of an argument mask",
    tags=["SimpleRNN", "Masking", "explicit mask"],
    modes=["eager", "graph", "session"],
)
def test_explicit_overrides_implicit(keras, run, build, mask_of, record):
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
def test_unknown_timesteps(keras, run, build, record):
    """Batch and time unknown while tracing.

    An RNN after Masking skips masked steps where the number of steps is known at run time only.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    sequence = run(lambda t: rnn(masking(t)), ZEROED, shapes=[(None, None, FEATURES)])
    record("sequence", sequence, expected=oracle.simple_rnn(X, MASK, *weights)[0])


@pytest.mark.case(
    "rnn.time-major",
    documented="API docs of tf.keras.layers.RNN, argument time_major: inputs and outputs are of shape (timesteps, "
    "batch, ...); call argument mask: should be ignored",
    tags=["SimpleRNN", "time_major", "explicit mask"],
    needs=["layers.RNN.__init__(time_major)"],
)
def test_time_major(keras, run, build, record):
    """Steps come first, in the mask too.

    With time_major=True and a mask of (timesteps, batch), the sequence is that of the samples side by side.
    """
    rnn = keras.layers.RNN(keras.layers.SimpleRNNCell(UNITS), time_major=True, return_sequences=True)
    weights = build(rnn, (STEPS, None, FEATURES))
    sequence = run(lambda t, m: rnn(t, mask=m), X.transpose(1, 0, 2), MASK.T)
    expected = oracle.simple_rnn(X, MASK, *weights)[0]
    record("sequence", sequence, expected=expected.transpose(1, 0, 2))


@pytest.mark.case(
    "rnn.ragged-equals-mask",
    established="Source of keras.layers.RNN (tf.keras), call: a ragged input is padded with zeros and treated as if "
    "what was added had been masked",
    issues=["keras-team/keras#15427"],
    tags=["SimpleRNN", "ragged"],
    needs=["layers.RNN._validate_args_if_ragged"],
    modes=["eager", "graph", "session"],
)
def test_ragged_equals_mask(keras, tf, run, build, record):
    """Ragged sequences are sequences with masked ends.

    The last output is that of each sample's last step; the sequence is ragged like its input.
    """
    rnn, weights = make(keras, build, return_sequences=True, return_state=True)
    lengths = np.array([3, STEPS, 1], "int32")

    def call(x, n):
        sequence, state = rnn(tf.RaggedTensor.from_tensor(x, lengths=n))
        return sequence.values, sequence.row_lengths(), state

    steps, rows, state = run(call, X, lengths)
    mask = np.arange(STEPS) < lengths[:, None]
    want_sequence, want_state = oracle.simple_rnn(X, mask, *weights)
    record("all steps of all samples", steps, expected=want_sequence[mask])
    record("lengths", rows, expected=lengths)
    record("state", state, expected=want_state)


@pytest.mark.case(
    "rnn.zero-timesteps",
    unspecified="Nothing says what an RNN does with a sequence that has no steps, or a batch without samples",
    severity="raises",
    tags=["SimpleRNN", "explicit mask", "dynamic shape"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("batch, steps", [(BATCH, 0), (0, STEPS)], ids=["no-steps", "no-samples"])
def test_zero_timesteps(keras, run, build, record, batch, steps):
    """Sequences without steps, and batches without samples.

    The last output may be a state of zeros, nothing, or an exception.
    """
    rnn, _ = make(keras, build)
    arrays, shapes = (X[:batch, :steps], MASK[:batch, :steps]), [(None, None, FEATURES), (None, None)]
    record("last output", run.attempt(lambda t, m: rnn(t, mask=m), *arrays, shapes=shapes))
