"""Dropped masks.

Recurrent layers that return the last output only.
"""

import numpy as np
import pytest
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

ONCE = ["eager", "graph", "session"]  # the cases about values cover recurrence in the other modes


def make(keras, build, **arguments):
    """Build a SimpleRNN and return it with its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case(
    "destroy.rnn-last",
    established="Source of keras.layers.RNN, compute_mask: None unless return_sequences",
    tags=["RNN", "Masking"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_rnn_last(keras, run, build, mask_of, record):
    """RNN drops the mask without `return_sequences`.

    With `return_sequences=False` the output has no mask, since it has no time axis.
    """
    masking, (rnn, _) = keras.layers.Masking(), make(keras, build)
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED), expected=None)
