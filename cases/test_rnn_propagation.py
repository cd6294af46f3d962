"""RNN.

The mask of the input, used and passed on to the next recurrent layer.
"""

import numpy as np
import pytest
import recurrent

BATCH, STEPS, FEATURES, UNITS = 3, 4, 2, 5
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]], bool)
X = np.random.RandomState(31).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
)


def make(keras, build, kind, features=FEATURES, **arguments):
    """Build a recurrent layer of this kind and return it with its weights."""
    return recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, features), **arguments)


@pytest.mark.case(
    "rnn.implicit-mask",
    documented=AUTOMATIC + "Keras fetches the mask of an input and passes it to any layer that knows how to use it",
    tags=["{kind}", "Masking"],
)
@recurrent.every_kind(others=["GRU-reset-before"])  # lstm.implicit-mask and gru.implicit-mask
def test_implicit_mask(keras, run, build, mask_of, record, kind):
    """RNNs use the mask of their input and propagate it.

    After Masking, the output sequence is the same as with that mask passed as `mask=`, and it has the same mask.
    """
    masking, (rnn, weights) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True)

    def call(t):
        sequence = rnn(masking(t))
        return sequence, mask_of(sequence)

    sequence, mask = run(call, ZEROED)
    record("sequence", sequence, expected=recurrent.of_recurrent(kind, X, MASK, weights)[0])
    record("mask", mask, expected=MASK)


@pytest.mark.case(
    "rnn.stacked",
    documented=AUTOMATIC + "a mask is propagated through the network for any layer that is capable of using it",
    issues=["keras-team/keras#23235"],
    tags=["{kind}", "Masking", "stacked"],
    modes=["eager", "graph", "session"],
)
@recurrent.every_kind(others=["GRU", "GRU-reset-before"])  # lstm.stacked
def test_stacked(keras, run, build, record, kind):
    """Stacked RNNs skip the same masked timesteps.

    After Masking, the last output of two stacked RNNs is that of two RNNs which both use this mask.
    """
    masking, (first, weights1) = keras.layers.Masking(), make(keras, build, kind, return_sequences=True)
    second, weights2 = make(keras, build, kind, features=UNITS)
    last = run(lambda t: second(first(masking(t))), ZEROED)
    between = recurrent.of_recurrent(kind, X, MASK, weights1)[0]
    record("last output", last, expected=recurrent.of_recurrent(kind, between, MASK, weights2)[1])
