"""Bidirectional.

Masks in both directions, outputs at masked timesteps, and the masks of outputs and states.
"""

import numpy as np
import pytest
import recurrent
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]], bool)
X = np.random.RandomState(37).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it
MERGED = {
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
}

SAME_ARGUMENTS = (
    "API docs of keras.layers.Bidirectional, 'Call arguments': the same as those of the wrapped RNN layer, "
    "whose mask says which timesteps should be ignored"
)
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)
COMPUTE_MASK = "Source of keras.layers.Bidirectional, compute_mask: "


every_kind = recurrent.every_kind()
with_cell = recurrent.every_kind(others=recurrent.WITH_CELL)


def make(keras, build, kind, merge_mode="concat", batch=None, **arguments):
    """Build a Bidirectional around this kind; return it and its weights, those of the forward layer first."""

    def bidirectional():
        layer = recurrent.make_recurrent(keras, kind, UNITS, **arguments)
        return keras.layers.Bidirectional(layer, merge_mode=merge_mode)

    return recurrent.build_recurrent(keras, build, kind, bidirectional, (batch, STEPS, FEATURES))


def both(kind, weights, states=(None, None)):
    """Compute (sequence, last output) of each direction for X and MASK, sequences in the order of the input."""
    forward = recurrent.of_recurrent(kind, X, MASK, weights[:3], states[0])
    backward = recurrent.of_recurrent(kind, X[:, ::-1], MASK[:, ::-1], weights[3:], states[1])
    return [forward[:2], (backward[0][:, ::-1], backward[1])]


def both_last(kind, weights, states=(None, None)):
    """Concatenate the last outputs of both directions."""
    return np.concatenate([last for _, last in both(kind, weights, states)], axis=-1)


def both_zeroed(kind, weights):
    """Compute the sequence of each direction, with zeros at masked timesteps."""
    return [np.where(MASK[..., None], sequence, 0.0) for sequence, _ in both(kind, weights)]


def states_of_both(kind):
    """Draw the initial states of the forward and of the backward layer."""
    states = np.random.RandomState(38).uniform(0.2, 0.9, (4, BATCH, UNITS)).astype("float32")
    count = recurrent.KINDS[kind].states
    return list(states[:count]), list(states[count : 2 * count])


@pytest.mark.case(
    "bidirectional.last-output",
    documented=SAME_ARGUMENTS,
    tags=["Bidirectional", "{kind}"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_last_output(keras, run, build, record, kind):
    """Bidirectional skips masked timesteps in both directions.

    The last output concatenates the forward output at the last unmasked timestep and the backward output at the first
    unmasked timestep.
    """
    layer, weights = make(keras, build, kind)
    last = run(lambda t, m: layer(t, mask=m), X, MASK)
    record("last output", last, expected=both_last(kind, weights))


@pytest.mark.case(
    "bidirectional.sequence-alignment",
    documented=SAME_ARGUMENTS,
    tags=["Bidirectional", "{kind}"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@every_kind
def test_sequence_alignment(keras, run, build, record, kind):
    """Bidirectional aligns both directions with the input.

    At each unmasked timestep, the sequence holds the forward and the backward output of that timestep, computed as if
    masked timesteps were absent.
    """
    layer, weights = make(keras, build, kind, return_sequences=True)
    sequence = run(lambda t, m: layer(t, mask=m), X, MASK)
    expected = np.concatenate([each for each, _ in both(kind, weights)], axis=-1)
    record("sequence at unmasked steps", sequence[MASK], expected=expected[MASK])


@pytest.mark.case(
    "bidirectional.zero-at-masked",
    documented="API docs of keras.layers.Bidirectional, argument layer: when return_sequences is True, the output of "
    "the masked timestep will be zero",
    issues=["tensorflow/tensorflow#49738", "tensorflow/tensorflow#49739"],
    tags=["Bidirectional", "{kind}", "zero_output_for_mask", "unroll"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
@with_cell
def test_zero_at_masked(keras, run, build, record, unroll, kind):
    """Bidirectional outputs zeros at masked timesteps.

    With `return_sequences=True`, both halves are zero at masked timesteps and nowhere else.
    """
    layer, weights = make(keras, build, kind, return_sequences=True, unroll=unroll)
    sequence = run(lambda t, m: layer(t, mask=m), X, MASK)
    forward, backward = both_zeroed(kind, weights)
    record("forward half", sequence[..., :UNITS], expected=forward)
    record("backward half", sequence[..., UNITS:], expected=backward)


@pytest.mark.case(
    "bidirectional.implicit-mask",
    documented=AUTOMATIC,
    tags=["Bidirectional", "{kind}", "Masking"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@every_kind
def test_implicit_mask(keras, run, build, record, kind):
    """Bidirectional uses the mask of its input.

    After Masking, the output is the same as with that mask passed as `mask=`.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build, kind)
    last = run(lambda t: layer(masking(t)), ZEROED)
    record("last output", last, expected=both_last(kind, weights))


@pytest.mark.case(
    "bidirectional.merge-modes",
    established=COMPUTE_MASK + "the mask of the input if return_sequences",
    tags=["Bidirectional", "{kind}", "Masking"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@pytest.mark.parametrize("merge_mode", sorted(MERGED))
@every_kind
def test_merge_modes(keras, run, build, mask_of, record, merge_mode, kind):
    """Bidirectional propagates the mask in every merge mode.

    With `return_sequences=True`, the output has the mask of the input, and both directions are merged at unmasked
    timesteps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build, kind, merge_mode, return_sequences=True)

    def call(t):
        output = layer(masking(t))
        return mask_of(output), output

    mask, sequence = run(call, ZEROED)
    record("mask", mask, expected=MASK)
    record("sequence at unmasked steps", sequence[MASK], expected=MERGED[merge_mode](*both_zeroed(kind, weights))[MASK])


@pytest.mark.case(
    "bidirectional.merge-modes.none",
    established=COMPUTE_MASK + "the mask of the input twice, if return_sequences and no merge_mode",
    tags=["Bidirectional", "{kind}", "Masking"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@every_kind
def test_merge_modes_none(keras, run, build, mask_of, record, kind):
    """Bidirectional with `merge_mode=None` propagates the mask to both outputs.

    The forward and the backward sequence both have the mask of the input.
    """
    masking, (layer, _) = keras.layers.Masking(), make(keras, build, kind, None, return_sequences=True)
    record("masks", run(lambda t: [mask_of(each) for each in layer(masking(t))], ZEROED), expected=[MASK, MASK])


@pytest.mark.case(
    "bidirectional.return-state-mask",
    established=COMPUTE_MASK + "the mask of the input for the sequence, None for each state",
    tags=["Bidirectional", "{kind}", "Masking", "return_state", "stateful"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@pytest.mark.parametrize("stateful", [False, True], ids=["stateless", "stateful"])
@with_cell
def test_return_state_mask(keras, run, build, mask_of, record, stateful, kind):
    """Bidirectional attaches no mask to returned states.

    With `return_sequences=True` and `return_state=True`, the sequence has the mask of the input, and the states have no
    mask.
    """
    masking = keras.layers.Masking()
    layer, _ = make(keras, build, kind, batch=BATCH, return_sequences=True, return_state=True, stateful=stateful)
    masks = run(lambda t: [mask_of(each) for each in layer(masking(t))], ZEROED)
    record("masks", masks, expected=[MASK] + [None] * (2 * recurrent.KINDS[kind].states))


@pytest.mark.case(
    "bidirectional.initial-state-mask",
    documented=AUTOMATIC,
    tags=["Bidirectional", "{kind}", "Masking", "initial_state"],
    modes=["eager", "graph", "session"],
)
@with_cell
def test_initial_state_mask(keras, run, build, record, kind):
    """Bidirectional uses the input mask when `initial_state` is passed.

    After Masking and with `initial_state=`, both directions start from their state and skip masked timesteps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build, kind)
    forward, backward = states_of_both(kind)
    last = run(lambda t, *given: layer(masking(t), initial_state=list(given)), ZEROED, *forward + backward)
    record("last output", last, expected=both_last(kind, weights, (forward, backward)))


@pytest.mark.case(
    "bidirectional.initial-state-mask.explicit",
    documented=SAME_ARGUMENTS,
    tags=["Bidirectional", "{kind}", "explicit mask", "initial_state"],
    modes=["eager", "graph", "session"],
)
@with_cell
def test_initial_state_mask_explicit(keras, run, build, record, kind):
    """Bidirectional uses `mask=` when `initial_state` is passed.

    With `mask=` and `initial_state=`, both directions start from their state and skip masked timesteps.
    """
    layer, weights = make(keras, build, kind)
    forward, backward = states_of_both(kind)
    last = run(lambda t, m, *given: layer(t, mask=m, initial_state=list(given)), X, MASK, *forward + backward)
    record("last output", last, expected=both_last(kind, weights, (forward, backward)))


@pytest.mark.case(
    "bidirectional.custom-backward",
    documented="API docs of keras.layers.Bidirectional, argument backward_layer: used to handle backwards input "
    "processing; argument layer: when return_sequences is True, the output of the masked timestep will be zero",
    tags=["Bidirectional", "{kind}", "Masking", "backward_layer"],
    needs=["layers.Bidirectional.__init__(backward_layer)"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_custom_backward(keras, run, build, record, kind):
    """Bidirectional passes the mask to a custom `backward_layer`.

    Both halves of the sequence are aligned with the input, skip masked timesteps and are zero there.
    """
    masking = keras.layers.Masking()

    def bidirectional():
        forward, backward = (
            recurrent.make_recurrent(keras, kind, UNITS, return_sequences=True, go_backwards=backwards)
            for backwards in (False, True)
        )
        return keras.layers.Bidirectional(forward, backward_layer=backward)

    layer, weights = recurrent.build_recurrent(keras, build, kind, bidirectional, (None, STEPS, FEATURES))
    sequence = run(lambda t: layer(masking(t)), ZEROED)
    of_forward, of_backward = both_zeroed(kind, weights)
    record("forward half", sequence[..., :UNITS], expected=of_forward)
    record("backward half", sequence[..., UNITS:], expected=of_backward)
