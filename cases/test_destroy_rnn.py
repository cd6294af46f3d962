"""Dropped masks.

Recurrent layers that return the last output only.
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

ONCE = ["eager", "graph", "session"]  # the cases about values cover recurrence in the other modes


@pytest.mark.case(
    "destroy.rnn-last",
    established="Source of keras.layers.RNN, compute_mask: None unless return_sequences",
    tags=["{kind}", "RNN", "Masking"],
    modes=ONCE,
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@recurrent.every_kind()
def test_rnn_last(keras, run, build, mask_of, record, kind):
    """RNN drops the mask without `return_sequences`.

    With `return_sequences=False` the output has no mask, since it has no time axis.
    """
    masking = keras.layers.Masking()
    rnn, _ = recurrent.built_recurrent(keras, build, kind, UNITS, (None, STEPS, FEATURES))
    record("mask", run(lambda t: mask_of(rnn(masking(t))), ZEROED), expected=None)
