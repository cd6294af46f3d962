"""RNN states.

Returned and initial states of every recurrent layer.
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

ONCE = ["eager", "graph", "session"]  # lstm.skip-masked-steps covers the other modes
MASK_ARGUMENT = "API docs of keras.layers.LSTM, 'Call arguments', mask: a timestep with a False entry should be ignored"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


# The cases of this file were about LSTM first.
every_kind = recurrent.every_kind("LSTM", recurrent.WITH_CELL)


def make(keras, build, kind, **arguments):
    """Build a recurrent layer of this kind and return it with its weights."""
    return recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, FEATURES), **arguments)


@pytest.mark.case(
    "rnn.return-state-at-last-unmasked",
    documented=MASK_ARGUMENT,
    tags=["{kind}"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@every_kind
def test_return_state_at_last_unmasked(keras, run, build, record, kind):
    """RNNs return the states after the last unmasked timestep.

    Masked timesteps at the end change none of the states that `return_state=True` returns.
    """
    rnn, weights = make(keras, build, kind, return_state=True)
    states = run(lambda t, m: rnn(t, mask=m), X, MASK)[1:]
    expected = recurrent.of_recurrent(kind, X, MASK, weights)[1:]
    for name, state, wanted in zip(["hidden state", "cell state"], states, expected):
        record(name, state, expected=wanted)


@pytest.mark.case("rnn.initial-state.implicit-mask", documented=AUTOMATIC, tags=["{kind}", "Masking", "initial_state"])
@every_kind
def test_initial_state_implicit_mask(keras, run, build, record, kind):
    """RNNs use the input mask when `initial_state` is passed.

    After Masking and with `initial_state=`, an RNN still skips the masked timesteps.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, kind)
    states = recurrent.initial_states(kind, BATCH, UNITS)
    last = run(lambda t, *given: rnn(masking(t), initial_state=list(given)), ZEROED, *states)
    record("last output", last, expected=recurrent.of_recurrent(kind, X, MASK, weights, states)[1])
