"""GRU.

What a mask makes it skip, and what it emits there, wherever its reset gate is applied.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(33).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it

MASK_ARGUMENT = "API docs of keras.layers.GRU, 'Call arguments', mask: a timestep with a False entry should be ignored"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)
either = pytest.mark.parametrize("reset_after", [True, False], ids=["reset-after", "reset-before"])


def make(keras, build, reset_after, **arguments):
    """A built GRU and its weights."""
    layer = keras.layers.GRU(UNITS, recurrent_activation="sigmoid", reset_after=reset_after, **arguments)
    if not reset_after:
        return layer, build(layer, (None, STEPS, FEATURES))
    layer(keras.Input((STEPS, FEATURES)))  # built alone, Keras 2.3 on TensorFlow 2 keeps the first values of this bias
    return layer, build(layer)


@pytest.mark.case("gru.skip-masked-steps", documented=MASK_ARGUMENT, tags=["GRU"])
@either
def test_skip_masked_steps(keras, run, build, record, reset_after):
    """GRU skips masked steps.

    A masked step changes neither the state nor the output of any other step, wherever the reset gate is applied.
    """
    gru, weights = make(keras, build, reset_after, return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: gru(t, mask=m), X, MASK)
    want_sequence, want_state = oracle.gru(X, MASK, *weights)
    record("sequence at the other steps", sequence[MASK], expected=want_sequence[MASK])
    record("state", state, expected=want_state)


@pytest.mark.case(
    "gru.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    tags=["GRU", "return_sequences"],
    modes=["eager", "graph | session"],
)
@either
def test_masked_output_repeats_previous(keras, run, build, record, reset_after):
    """GRU repeats its previous output at masked steps.

    With return_sequences=True, a masked step emits what the step before it emitted, and zeros where there is none.
    """
    gru, weights = make(keras, build, reset_after, return_sequences=True)
    sequence = run(lambda t, m: gru(t, mask=m), X, MASK)
    record("sequence at masked steps", sequence[~MASK], expected=oracle.gru(X, MASK, *weights)[0][~MASK])


@pytest.mark.case("gru.padding", documented=MASK_ARGUMENT, tags=["GRU", "padding", "NaN"], modes=["eager", "session"])
def test_padding(keras, run, build, record):
    """Masked steps change nothing, wherever and whatever they are.

    The last output is that of the sample without its masked steps, with large numbers and NaN at masked steps, too.
    """
    gru, weights = make(keras, build, reset_after=True)
    samples = [X[i : i + 1, kept] for i, kept in enumerate(MASK)]
    alone = np.concatenate([oracle.gru(sample, None, *weights)[1] for sample in samples])
    large, nan = (np.where(MASK[..., None], X, np.float32(garbage)) for garbage in (1e30, np.nan))
    last = run(lambda t, m: gru(t, mask=m), np.concatenate([X, large, nan]), np.tile(MASK, (3, 1)))
    record("last output", last[:BATCH], expected=alone)
    record("with large numbers", last[BATCH : 2 * BATCH], expected=alone)
    record("with NaN", last[2 * BATCH :], expected=alone)


@pytest.mark.case(
    "gru.implicit-mask", documented=AUTOMATIC, tags=["GRU", "Masking"], modes=["eager", "graph", "session"]
)
def test_implicit_mask(keras, run, build, mask_of, record):
    """A GRU is given the mask of the layer before it, and hands it on.

    After Masking it computes what it computes when the mask is passed as an argument; a sequence has the same mask.
    """
    masking, (gru, weights) = keras.layers.Masking(), make(keras, build, reset_after=True, return_sequences=True)

    def call(t):
        sequence = gru(masking(t))
        return sequence, mask_of(sequence)

    sequence, mask = run(call, ZEROED)
    record("sequence", sequence, expected=oracle.gru(X, MASK, *weights)[0])
    record("mask", mask, expected=MASK)
