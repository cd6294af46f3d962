"""Mask shape.

A row for each sample, a column for each step, known early or late.
"""

import numpy as np
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Lengths 3, 5 and 1, a gap in the second sample.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
NOISE = np.random.RandomState(11).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
# `Masking()` masks these as MASK says.
PADDED = NOISE * MASK[..., None]

GUIDE = "Guide 'Understanding masking & padding', section "
GENERATED = GUIDE + "'Mask-generating layers: Embedding and Masking': the mask is 2D, (batch_size, sequence_length)"
COMPARED = "keras/src/layers/core/masking.py, compute_mask: any(not_equal(inputs, mask_value), axis=-1)"


def make_masking(keras, mask_of):
    """Function for `run`: the mask that `Masking()` makes of its argument."""
    layer = keras.layers.Masking()
    return lambda x: mask_of(layer(x))


@pytest.mark.case("mask-shape.batch-and-time", documented=GENERATED, tags=["Masking"])
def test_batch_and_time(keras, run, mask_of, record):
    """A mask has a row for each sample.

    The mask of (batch, time, features) data is (batch, time), and samples of different lengths have different rows.
    """
    record("mask", run(make_masking(keras, mask_of), PADDED), expected=MASK)


@pytest.mark.case("mask-shape.one-sample-alone", documented=GENERATED, tags=["Masking"])
def test_one_sample_alone(keras, run, mask_of, record):
    """A sample has the same mask alone as in a batch.

    The masks of batches of one sample each are the rows of the mask of the batch.
    """
    masking = make_masking(keras, mask_of)
    alone = run(lambda *samples: [masking(sample) for sample in samples], *np.split(PADDED, BATCH))
    record("alone", alone, expected=[MASK[i : i + 1] for i in range(BATCH)])


@pytest.mark.case("mask-shape.permuted-samples", documented=GENERATED, tags=["Masking"])
def test_permuted_samples(keras, run, mask_of, record):
    """The rows of a mask follow the samples.

    With the samples in another order, the rows of the mask are in that order.
    """
    masking = make_masking(keras, mask_of)
    order = [2, 0, 1]
    record("mask", run(masking, PADDED[order]), expected=MASK[order])


@pytest.mark.case(
    "mask-shape.static",
    established=COMPARED + " keeps what is known of the other dimensions",
    tags=["Masking", "symbolic"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize(
    "batch, steps",
    [(None, STEPS), (None, None), (BATCH, STEPS)],
    ids=["known-time", "unknown-time", "known-batch"],
)
def test_static(keras, mask_of, static_shape, record, batch, steps):
    """The static shape of a symbolic mask.

    While a model is constructed, the mask has as static shape what is known of batch and time.

    Construction does not execute anything, so `graph` and `jit` would repeat `eager`.
    """
    inputs = keras.Input(batch_shape=(batch, steps, FEATURES))
    record("shape", static_shape(make_masking(keras, mask_of)(inputs)), expected=[batch, steps])
