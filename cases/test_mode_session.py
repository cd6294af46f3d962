"""Modes.

Masks in a v1 graph, run in a session.
"""

import numpy as np
import pytest
import recurrent

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Padded on the right, with a gap, padded on the left.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]], bool)
X = np.random.RandomState(31).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it


@pytest.mark.case(
    "mode.v1-session",
    documented="Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and "
    "Sequential API': Keras fetches the mask of an input and passes it to any layer that knows how to use it",
    tags=["{kind}", "Masking", "Dense", "dynamic shape"],
    modes=["session"],
)
@pytest.mark.parametrize("kind", recurrent.LAYERS)
def test_v1_session(keras, run, build, mask_of, record, kind):
    """A mask in a v1 graph is computed from the data that is fed.

    After Masking, Dense and an RNN with unknown batch size and number of timesteps, mask and output are those of the
    samples that are fed.
    """
    masking, dense = keras.layers.Masking(), keras.layers.Dense(UNITS)
    kernel, bias = build(dense, (None, None, FEATURES))
    rnn, weights = recurrent.built_recurrent(keras, build, kind, UNITS, (None, None, UNITS), return_sequences=True)

    def call(t):
        sequence = rnn(dense(masking(t)))
        return sequence, mask_of(sequence)

    sequence, mask = run(call, ZEROED, shapes=[(None, None, FEATURES)])
    hidden = ZEROED @ kernel + bias
    record("mask", mask, expected=MASK)
    record("sequence", sequence, expected=recurrent.of_recurrent(kind, hidden, MASK, weights)[0])
