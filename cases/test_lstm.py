"""LSTM.

Skipped timesteps, outputs at masked timesteps and propagated masks.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

ONCE = ["eager", "graph", "session"]  # lstm.skip-masked-steps covers LSTM in the other modes
MASK_ARGUMENT = "API docs of keras.layers.LSTM, 'Call arguments', mask: a timestep with a False entry should be ignored"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


def make(keras, build, features=FEATURES, **arguments):
    """Build an LSTM and return it with its weights."""
    layer = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", **arguments)
    return layer, build(layer, (None, STEPS, features))


def record_beside_compacted(keras, run, build, record, rows):
    """Record the last output for a masked batch; expect that for each sample without its masked timesteps."""
    lstm, weights = make(keras, build)
    mask = np.array(rows, bool)
    samples = [X[i : i + 1, kept] for i, kept in enumerate(mask)]
    compacted = [oracle.lstm(sample, None, *weights)[1] for sample in samples]
    last = run(lambda t, m: lstm(t, mask=m), X[: len(mask)], mask)
    record("last output", last, expected=np.concatenate(compacted))


@pytest.mark.case("lstm.skip-masked-steps", documented=MASK_ARGUMENT, tags=["LSTM"])
def test_skip_masked_steps(keras, run, build, record):
    """LSTM skips masked timesteps.

    A masked timestep changes neither the states nor the output at any other timestep.
    """
    lstm, weights = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m: lstm(t, mask=m), X, MASK)
    record("sequence at the other steps", sequence[MASK], expected=oracle.lstm(X, MASK, *weights)[0][MASK])


@pytest.mark.case(
    "lstm.right-padding",
    documented=MASK_ARGUMENT,
    tags=["LSTM", "padding"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_right_padding(keras, run, build, record):
    """LSTM ignores padding on the right.

    The last output is that of the same sequence without the masked timesteps at its end.
    """
    record_beside_compacted(keras, run, build, record, [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0]])


@pytest.mark.case(
    "lstm.left-padding",
    documented=MASK_ARGUMENT,
    tags=["LSTM", "padding"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_left_padding(keras, run, build, record):
    """LSTM ignores padding on the left.

    The last output is that of the same sequence without the masked timesteps at its start.
    """
    record_beside_compacted(keras, run, build, record, [[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 1, 1]])


@pytest.mark.case(
    "lstm.gap", documented=MASK_ARGUMENT, tags=["LSTM", "padding"], modes=ONCE, thinned=[thinning.GRAPH_FOR_SESSION]
)
def test_gap(keras, run, build, record):
    """LSTM ignores masked timesteps in the middle.

    The last output is that of the same sequence without the masked timesteps between the others.
    """
    record_beside_compacted(keras, run, build, record, [[1, 0, 0, 1, 0, 1], [1, 1, 1, 0, 1, 1]])


@pytest.mark.case(
    "lstm.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    issues=["tensorflow/tensorflow#49241", "tensorflow/tensorflow#33834"],
    tags=["LSTM", "return_sequences"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_masked_output_repeats_previous(keras, run, build, record):
    """LSTM repeats its previous output at masked timesteps.

    With `return_sequences=True`, the output at a masked timestep is that of the previous timestep, or zeros where there
    is none.
    """
    lstm, weights = make(keras, build, return_sequences=True)
    sequence = run(lambda t, m: lstm(t, mask=m), X, MASK)
    record("sequence at masked steps", sequence[~MASK], expected=oracle.lstm(X, MASK, *weights)[0][~MASK])


@pytest.mark.case(
    "lstm.implicit-mask", documented=AUTOMATIC, tags=["LSTM", "Masking"], thinned=[thinning.GRAPH_FOR_JIT]
)
def test_implicit_mask(keras, run, build, record):
    """LSTM uses the mask of its input.

    After Masking, the output is the same as with that mask passed as `mask=`.
    """
    masking, (lstm, weights) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    record("sequence", run(lambda t: lstm(masking(t)), ZEROED), expected=oracle.lstm(X, MASK, *weights)[0])


@pytest.mark.case(
    "lstm.all-true-mask", documented=MASK_ARGUMENT, tags=["LSTM"], modes=ONCE, thinned=[thinning.GRAPH_FOR_SESSION]
)
def test_all_true_mask(keras, run, build, record):
    """LSTM with an all-True mask equals LSTM without a mask.

    An all-True mask gives the sequence and the states of an LSTM without a mask.
    """
    lstm, weights = make(keras, build, return_sequences=True, return_state=True)
    masked = run(lambda t, m: lstm(t, mask=m), X, np.ones((BATCH, STEPS), bool))
    record("sequence and states", masked, expected=oracle.lstm(X, None, *weights))


@pytest.mark.case(
    "lstm.sample-independence",
    documented="API docs of keras.layers.LSTM, 'Call arguments', mask: has the shape (samples, timesteps)",
    tags=["LSTM"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_sample_independence(keras, run, build, record):
    """LSTM applies the mask per sample.

    A sample of a batch has the output that it has alone with its own row of the mask.
    """
    lstm, weights = make(keras, build)
    together = run(lambda t, m: lstm(t, mask=m), X, MASK)
    record("last output", together[1:2], expected=oracle.lstm(X[1:2], MASK[1:2], *weights)[1])


@pytest.mark.case(
    "lstm.stacked",
    documented="Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and "
    "Sequential API': a mask is propagated through the network for any layer that is capable of using it",
    issues=["keras-team/keras#23235"],
    tags=["LSTM", "Masking", "stacked"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_stacked(keras, run, build, record):
    """Stacked LSTMs skip the same masked timesteps.

    After Masking, the last output of two stacked LSTMs is that of two LSTMs which both use this mask.
    """
    masking, (first, weights1) = keras.layers.Masking(), make(keras, build, return_sequences=True)
    second, weights2 = make(keras, build, features=UNITS)
    last = run(lambda t: second(first(masking(t))), ZEROED)
    between = oracle.lstm(X, MASK, *weights1)[0]
    record("last output", last, expected=oracle.lstm(between, MASK, *weights2)[1])
