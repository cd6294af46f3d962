"""Mask shapes.

The mask that `Masking` computes: one row per sample, one column per timestep.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Lengths 3, 5 and 1; the second sample has a gap.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
NOISE = np.random.RandomState(11).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
# `Masking()` computes MASK from these.
PADDED = NOISE * MASK[..., None]

GUIDE = "Guide 'Understanding masking & padding', section "
GENERATED = GUIDE + "'Mask-generating layers: Embedding and Masking': the mask is 2D, (batch_size, sequence_length)"
COMPARED = "keras/src/layers/core/masking.py, compute_mask: any(not_equal(inputs, mask_value), axis=-1)"


def make_masking(keras, mask_of):
    """Return a function for `run` that returns the mask `Masking()` computes for its argument."""
    layer = keras.layers.Masking()
    return lambda x: mask_of(layer(x))


@pytest.mark.case("mask-shape.batch-and-time", documented=GENERATED, tags=["Masking"])
def test_batch_and_time(keras, run, mask_of, record):
    """Masking computes a mask of shape (batch, timesteps).

    The mask of (batch, timesteps, features) input has one row per sample, different for samples of different lengths.
    """
    record("mask", run(make_masking(keras, mask_of), PADDED), expected=MASK)


@pytest.mark.case("mask-shape.one-sample-alone", documented=GENERATED, tags=["Masking"])
def test_one_sample_alone(keras, run, mask_of, record):
    """Masking masks each sample independently.

    The masks of batches of one sample each are the rows of the mask of the whole batch.
    """
    masking = make_masking(keras, mask_of)
    alone = run(lambda *samples: [masking(sample) for sample in samples], *np.split(PADDED, BATCH))
    record("alone", alone, expected=[MASK[i : i + 1] for i in range(BATCH)])


@pytest.mark.case("mask-shape.permuted-samples", documented=GENERATED, tags=["Masking"])
def test_permuted_samples(keras, run, mask_of, record):
    """Masking keeps the order of the samples in its mask.

    Permuting the samples permutes the rows of the mask in the same way.
    """
    masking = make_masking(keras, mask_of)
    order = [2, 0, 1]
    record("mask", run(masking, PADDED[order]), expected=MASK[order])


@pytest.mark.case(
    "mask-shape.static",
    established=COMPARED + " keeps the static sizes of the other dimensions",
    tags=["Masking", "symbolic"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize(
    "batch, steps",
    [(None, STEPS), (None, None), (BATCH, STEPS)],
    ids=["known-time", "unknown-time", "known-batch"],
)
def test_static(keras, mask_of, static_shape, record, batch, steps):
    """Masking keeps known dimensions in the static shape of its mask.

    During model construction, the static shape of the mask is that of the batch and time dimensions of the input.

    Construction executes nothing, so `graph` and `jit` would repeat `eager`.
    """
    inputs = keras.Input(batch_shape=(batch, steps, FEATURES))
    record("shape", static_shape(make_masking(keras, mask_of)(inputs)), expected=[batch, steps])
