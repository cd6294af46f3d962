"""RNN states.

Returned and initial states, shown on an LSTM for every recurrent layer.
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
H0, C0 = np.random.RandomState(4).uniform(0.2, 0.9, (2, BATCH, UNITS)).astype("float32")

ONCE = ["eager", "graph", "session"]  # lstm.skip-masked-steps covers the other modes
MASK_ARGUMENT = "API docs of keras.layers.LSTM, 'Call arguments', mask: a timestep with a False entry should be ignored"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


def make(keras, build, features=FEATURES, **arguments):
    """Build an LSTM and return it with its weights."""
    layer = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", **arguments)
    return layer, build(layer, (None, STEPS, features))


@pytest.mark.case(
    "rnn.return-state-at-last-unmasked",
    documented=MASK_ARGUMENT,
    tags=["LSTM"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_return_state_at_last_unmasked(keras, run, build, record):
    """RNNs return the states after the last unmasked timestep.

    Masked timesteps at the end change neither the hidden nor the cell state that `return_state=True` returns.
    """
    lstm, weights = make(keras, build, return_state=True)
    _, h, c = run(lambda t, m: lstm(t, mask=m), X, MASK)
    _, want_h, want_c = oracle.lstm(X, MASK, *weights)
    record("hidden state", h, expected=want_h)
    record("cell state", c, expected=want_c)


@pytest.mark.case("rnn.initial-state.implicit-mask", documented=AUTOMATIC, tags=["LSTM", "Masking", "initial_state"])
def test_initial_state_implicit_mask(keras, run, build, record):
    """RNNs use the input mask when `initial_state` is passed.

    After Masking and with `initial_state=[h, c]`, an LSTM still skips the masked timesteps.
    """
    masking, (lstm, weights) = keras.layers.Masking(), make(keras, build)
    last = run(lambda t, h, c: lstm(masking(t), initial_state=[h, c]), ZEROED, H0, C0)
    record("last output", last, expected=oracle.lstm(X, MASK, *weights, state=(H0, C0))[1])
