"""RNN.

`SimpleRNN` skips masked timesteps.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]], bool)
X = np.random.RandomState(31).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

MASK_ARGUMENT = "API docs of keras.layers.%s, 'Call arguments', mask: a timestep with a False entry should be ignored"


def make(keras, build, **arguments):
    """Build a SimpleRNN and return it with its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case("simple-rnn.skip-masked-steps", documented=MASK_ARGUMENT % "SimpleRNN", tags=["SimpleRNN"])
def test_skip_masked_steps(keras, run, build, record):
    """SimpleRNN skips masked timesteps.

    A masked timestep changes neither the state nor the output at any other timestep.
    """
    rnn, weights = make(keras, build, return_sequences=True, return_state=True)
    sequence, state = run(lambda t, m: rnn(t, mask=m), X, MASK)
    want_sequence, want_state = oracle.simple_rnn(X, MASK, *weights)
    record("sequence at the other steps", sequence[MASK], expected=want_sequence[MASK])
    record("state", state, expected=want_state)
