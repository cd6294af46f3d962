"""LSTM: what a mask makes it skip."""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)


@pytest.mark.case(
    "lstm.skip-masked-steps",
    documented="Guide 'Understanding masking & padding', section 'Introduction'",
    tags=["LSTM", "RNN"],
)
def test_skips(keras, run, build, record):
    """LSTM skips masked steps.

    A masked step changes neither the states nor the output of later steps.
    """
    x = np.random.RandomState(3).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
    layer = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", return_sequences=True, return_state=True)
    weights = build(layer, (None, STEPS, FEATURES))
    sequence, h, c = run(lambda t, m: layer(t, mask=m), x, MASK)
    want, want_h, want_c = oracle.lstm(x, MASK, *weights)
    record("sequence", sequence, expected=want)
    record("h", h, expected=want_h)
    record("c", c, expected=want_c)
