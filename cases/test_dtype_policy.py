"""Dtypes.

Models with a mixed-precision policy.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS

AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "a mask is propagated through the network for any layer that is capable of using it"
)


def make_chain(keras, build, **arguments):
    """Return layers that create the mask MASK of IDS, propagate it and consume it, and their output for IDS."""
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, **arguments)
    dense, rnn = keras.layers.Dense(WIDTH, **arguments), keras.layers.SimpleRNN(UNITS, **arguments)
    table = build(embedding, (None, STEPS))[0]
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, WIDTH))
    return (embedding, dense, rnn), oracle.simple_rnn(table[IDS] @ kernel + bias, MASK, *weights)[1]


def make_functional(keras, layers):
    """Chain the layers in a functional model."""
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.case(
    "dtype.mixed-policy",
    documented=AUTOMATIC,
    tags=["mixed precision", "Functional", "Embedding", "Dense", "SimpleRNN"],
    needs=["mixed_precision.Policy"],
)
def test_mixed_policy(keras, run, build, record):
    """A mixed-precision model propagates the mask.

    With the policy `mixed_float16` for all layers, an RNN skips the timesteps that Embedding masked.
    """
    layers, want = make_chain(keras, build, dtype=keras.mixed_precision.Policy("mixed_float16"))
    record("last output", run(make_functional(keras, layers), IDS), expected=want, atol=1e-2)
