"""GRU.

Skipped timesteps, outputs at masked timesteps and propagated masks, for both positions of the reset gate.
"""

import numpy as np
import oracle
import pytest
import recurrent
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(33).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

MASK_ARGUMENT = "API docs of keras.layers.GRU, 'Call arguments', mask: a timestep with a False entry should be ignored"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)
either = pytest.mark.parametrize("reset_after", [True, False], ids=["reset-after", "reset-before"])


def make(keras, build, reset_after, **arguments):
    """Build a GRU and return it with its weights."""
    kind = "GRU" if reset_after else "GRU-reset-before"
    return recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, FEATURES), **arguments)


@pytest.mark.case("gru.skip-masked-steps", documented=MASK_ARGUMENT, tags=["GRU"])
@either
def test_skip_masked_steps(keras, run, build, record, reset_after):
    """GRU skips masked timesteps.

    A masked timestep changes neither the state nor the output at any other timestep.
    """
    gru, weights = make(keras, build, reset_after, return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: gru(t, mask=m), X, MASK)
    want_sequence, want_state = oracle.gru(X, MASK, *weights)
    record("sequence at unmasked steps", sequence[MASK], expected=want_sequence[MASK])
    record("state", state, expected=want_state)


@pytest.mark.case(
    "gru.masked-output-repeats-previous",
    established="Source of keras.layers.RNN: a comment at zero_output_for_mask says that without it the output "
    "of the previous timestep is returned for a masked one",
    tags=["GRU", "return_sequences"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@either
def test_masked_output_repeats_previous(keras, run, build, record, reset_after):
    """GRU repeats its previous output at masked timesteps.

    With `return_sequences=True`, the output at a masked timestep is that of the previous timestep, or zeros where there
    is none.
    """
    gru, weights = make(keras, build, reset_after, return_sequences=True)
    sequence = run(lambda t, m: gru(t, mask=m), X, MASK)
    record("sequence at masked steps", sequence[~MASK], expected=oracle.gru(X, MASK, *weights)[0][~MASK])


@pytest.mark.case("gru.padding", documented=MASK_ARGUMENT, tags=["GRU", "padding", "NaN"], modes=["eager", "session"])
def test_padding(keras, run, build, record):
    """GRU ignores padding wherever and whatever it is.

    The last output is that of the sample without its masked timesteps, even with large numbers or NaN at masked
    timesteps.
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
    """GRU uses the mask of its input and propagates it.

    After Masking, the output sequence is the same as with that mask passed as `mask=`, and it has the same mask.
    """
    masking, (gru, weights) = keras.layers.Masking(), make(keras, build, reset_after=True, return_sequences=True)

    def call(t):
        sequence = gru(masking(t))
        return sequence, mask_of(sequence)

    sequence, mask = run(call, ZEROED)
    record("sequence", sequence, expected=oracle.gru(X, MASK, *weights)[0])
    record("mask", mask, expected=MASK)
