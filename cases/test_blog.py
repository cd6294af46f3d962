"""Claims about masks.

What a widely read blog post says about masks in Keras, corrected where it is wrong.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 1, 0], [1, 0, 1, 0, 0]], bool)
X = np.random.RandomState(7).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
X[0, 1, 0] = X[1, 2, 1:] = -9  # some features of a timestep, never all: not masked
PADDED = np.where(MASK[..., None], X, np.float32(-9))  # `Masking(-9)` computes MASK from it

ALL_EQUAL = "API docs of keras.layers.Masking: a timestep is masked if all of its values are equal to mask_value"
SHAPE = (
    "Guide 'Understanding masking & padding', section 'Mask-generating layers: Embedding and Masking': "
    "a mask is a boolean tensor of shape (batch_size, sequence_length)"
)


@pytest.mark.case("blog.claim-a-scalar-broadcasts", documented=ALL_EQUAL, tags=["Masking", "not_equal"])
def test_claim_a_scalar_broadcasts(keras, run, ops, mask_of, record):
    """Masking compares `mask_value` with every element.

    `not_equal` broadcasts the scalar to the shape of the input, and Masking masks the timesteps whose features all
    equal it.
    """
    masking = keras.layers.Masking(mask_value=-9.0)
    compared, mask = run(lambda t: [ops.not_equal(t, -9.0), mask_of(masking(t))], PADDED)
    record("comparison", compared, expected=PADDED != -9)
    record("mask", mask, expected=MASK)


@pytest.mark.case("blog.claim-b-any-last-axis", documented=ALL_EQUAL, tags=["Masking", "any"])
def test_claim_b_any_last_axis(keras, run, ops, mask_of, record):
    """Masking reduces the feature axis.

    `any(axis=-1)` reduces the features of each timestep, not the first axis, and Masking creates the same mask.
    """
    masking = keras.layers.Masking(mask_value=-9.0)
    reduced, mask = run(lambda t: [ops.any(ops.not_equal(t, -9.0), axis=-1), mask_of(masking(t))], PADDED)
    record("any", reduced, expected=np.any(PADDED != -9, axis=2))
    record("mask", mask, expected=np.any(PADDED != -9, axis=2))


@pytest.mark.case("blog.claim-c-mask-has-batch-axis", documented=SHAPE, tags=["Masking"])
def test_claim_c_mask_has_batch_axis(keras, run, mask_of, record):
    """Masking creates a mask with one row per sample.

    The mask has the shape (batch, timesteps), not (1, timesteps).
    """
    masking = keras.layers.Masking(mask_value=-9.0)
    mask, alone = run(lambda t, last: [mask_of(masking(t)), mask_of(masking(last))], PADDED, PADDED[-1:])
    record("mask", mask, expected=MASK)
    record("mask of the last sample alone", alone, expected=MASK[-1:])


@pytest.mark.case(
    "blog.claim-d-lstm-skips",
    documented="API docs of keras.layers.Masking: the timestep will be masked (skipped) in all downstream layers",
    tags=["Masking", "LSTM"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_claim_d_lstm_skips(keras, run, build, record):
    """After Masking, LSTM skips masked timesteps.

    The states are those of the unmasked timesteps, and the sequence repeats the previous output at masked timesteps.
    """
    masking = keras.layers.Masking(mask_value=-9.0)
    lstm = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", return_sequences=True, return_state=True)
    weights = build(lstm, (None, STEPS, FEATURES))
    sequence, h, c = run(lambda t: lstm(masking(t)), PADDED)
    want, want_h, want_c = oracle.lstm(X, MASK, *weights)
    record("states", [h, c], expected=[want_h, want_c])
    record("sequence at masked steps", sequence[~MASK], expected=want[~MASK])


@pytest.mark.case(
    "blog.claim-e-custom-layer-must-opt-in",
    documented="Guide 'Understanding masking & padding', section 'Opting-in to mask propagation on compatible layers': "
    "by default, a custom layer will destroy the current mask",
    tags=["Masking", "custom layer"],
)
def test_claim_e_custom_layer_must_opt_in(keras, run, mask_of, record):
    """Custom layers propagate the mask only if they opt in.

    The mask propagates through a layer with `supports_masking` or `compute_mask`, and through no other.
    """

    class Plain(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    class WithComputeMask(Plain):
        def compute_mask(self, inputs, mask=None):
            return mask

    masking, plain, with_flag, with_method = keras.layers.Masking(-9.0), Plain(), Plain(), WithComputeMask()
    with_flag.supports_masking = True
    after_plain = run.attempt(lambda t: mask_of(plain(masking(t))), PADDED)  # old versions raise an exception
    record("output of a plain layer has a mask", isinstance(after_plain, np.ndarray), expected=False)
    of_flag, of_method = run(lambda t: [mask_of(layer(masking(t))) for layer in (with_flag, with_method)], PADDED)
    record("mask with supports_masking", of_flag, expected=MASK)
    record("mask with compute_mask", of_method, expected=MASK)


@pytest.mark.case(
    "blog.backend-api",
    documented="API docs of keras.backend (Keras 2): any, not_equal",
    needs=["backend.any", "backend.not_equal"],
    severity="raises",
    tags=["keras.backend"],
)
def test_backend_api(keras, run, record):
    """`keras.backend` functions create the mask of Masking.

    `any(not_equal(x, value), axis=-1)` with the functions of `keras.backend` equals the mask that Masking creates.
    """
    mask = run(lambda t: keras.backend.any(keras.backend.not_equal(t, -9.0), axis=-1), PADDED)
    record("mask", mask, expected=MASK)
