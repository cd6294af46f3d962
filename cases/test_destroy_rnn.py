"""Losing a mask.

A recurrent layer that returns its last output alone: there is no mask behind it.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it

ONCE = ["eager", "graph | session"]  # recurrence in the other modes is compared in the cases about values


def make(keras, build, **arguments):
    """A built SimpleRNN and its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case(
    "destroy.rnn-last",
    established="Source of keras.layers.RNN, compute_mask: None unless return_sequences",
    tags=["RNN", "Masking"],
    modes=ONCE,
)
def test_rnn_last(keras, run, build, mask_of, record):
    """The last output has no mask.

    With return_sequences=False the next layer is given no mask: there are no steps left.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build)
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED), expected=None)
