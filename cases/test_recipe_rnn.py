"""Recipes.

Code that treats masks of recurrent layers alike on Keras 2 and Keras 3; docs/recipes.md shows this code and no other.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
X = np.random.RandomState(51).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it
H0, C0 = np.random.RandomState(52).uniform(-0.9, 0.9, (2, BATCH, UNITS)).astype("float32")


@pytest.mark.case(
    "recipe.initial-state",
    documented="API docs of keras.layers.LSTM, call arguments mask and initial_state: a timestep with a False entry "
    "is ignored; a list of initial state tensors",
    tags=["recipe", "LSTM", "initial_state", "Masking", "Functional"],
    modes=["eager", "graph", "session"],  # other cases cover compiled layers
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_initial_state(keras, run, build, record):
    """LSTM uses both mask and `initial_state` on every Keras.

    With the mask passed explicitly on Keras 3, an LSTM starts from `initial_state` and skips the masked timesteps.
    """
    masking = keras.layers.Masking()
    lstm = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid")

    def decode(x, h, c):
        # With `initial_state`, Keras 3 ignores the mask of `x`; Keras 2 uses it.
        by_hand = {"mask": masking.compute_mask(x)} if hasattr(keras, "ops") else {}
        return lstm(masking(x), initial_state=[h, c], **by_hand)

    inputs = [keras.Input((STEPS, FEATURES)), keras.Input((UNITS,)), keras.Input((UNITS,))]
    model = keras.Model(inputs, decode(*inputs))

    weights = build(lstm)
    last = oracle.lstm(X, MASK, *weights, state=(H0, C0))[1]
    record("called", run(decode, ZEROED, H0, C0), expected=last)
    record("in a functional model", run(lambda x, h, c: model([x, h, c]), ZEROED, H0, C0), expected=last)
