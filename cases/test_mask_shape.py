"""The shape of masks: a row for each sample, a column for each step, known early or late."""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Lengths 3, 5 and 1, a gap in the second sample.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
NOISE = np.random.RandomState(11).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
# `Masking()` masks these as MASK says.
PADDED = NOISE * MASK[..., None]

ONCE = ["eager", "graph", "session"]  # what becomes of a mask's shape is decided before anything is compiled
GUIDE = "Guide 'Understanding masking & padding', section "
GENERATED = GUIDE + "'Mask-generating layers: Embedding and Masking': the mask is 2D, (batch_size, sequence_length)"
COMPARED = "keras/src/layers/core/masking.py, compute_mask: any(not_equal(inputs, mask_value), axis=-1)"


def make_masking(keras, mask_of):
    """Function for `run`: the mask that `Masking()` makes of its argument."""
    layer = keras.layers.Masking()
    return lambda x: mask_of(layer(x))


def make_rnn(keras, build):
    """Function for `run`: a SimpleRNN given data and an explicit mask. With its weights, as the oracle wants them."""
    layer = keras.layers.SimpleRNN(UNITS, return_sequences=True)
    weights = build(layer, (None, STEPS, FEATURES))
    return lambda x, mask: layer(x, mask=mask), weights


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
def test_static_shape(keras, mask_of, static_shape, record, batch, steps):
    """The static shape of a symbolic mask.

    While a model is constructed, the mask has as static shape what is known of batch and time.

    Construction does not execute anything, so `graph` and `jit` would repeat `eager`.
    """
    inputs = keras.Input(batch_shape=(batch, steps, FEATURES))
    record("shape", static_shape(make_masking(keras, mask_of)(inputs)), expected=[batch, steps])


@pytest.mark.case(
    "masking.dynamic-shape",
    established=COMPARED + " asks for no static shape",
    tags=["Masking", "dynamic shape"],
    modes=["graph", "session"],
)
def test_dynamic_shape(keras, run, mask_of, static_shape, record):
    """Batch and time unknown while tracing.

    The mask is right where batch size and number of steps are known at run time only; its rank is known before.
    """
    masking = make_masking(keras, mask_of)
    known = []

    def call(x):
        mask = masking(x)
        known.append(static_shape(mask))
        return mask

    record("mask", run(call, PADDED, shapes=[(None, None, FEATURES)]), expected=MASK)
    record("static shape", known[-1], expected=[None, None])


@pytest.mark.case("masking.zero-length", established=COMPARED + " of nothing is nothing", tags=["Masking"])
@pytest.mark.parametrize("batch, steps", [(BATCH, 0), (0, STEPS)], ids=["time", "batch"])
def test_zero_length(keras, run, mask_of, record, batch, steps):
    """No steps, or no samples.

    The mask of no steps has no columns, that of no samples no rows.
    """
    record("mask", run(make_masking(keras, mask_of), PADDED[:batch, :steps]), expected=MASK[:batch, :steps])


@pytest.mark.case(
    "rnn.explicit-mask.from-compute-mask",
    documented=GUIDE + "'Passing mask tensors directly to layers': the output of compute_mask can be passed as `mask`",
    tags=["Masking", "RNN", "explicit mask", "compute_mask"],
    modes=ONCE,
)
def test_from_compute_mask(keras, run, build, record):
    """A mask made by compute_mask can be passed by hand.

    An RNN skips the steps that the mask of `Masking.compute_mask` tells it to, whatever their data.
    """
    rnn, weights = make_rnn(keras, build)
    masking = keras.layers.Masking()
    sequence = run(lambda padded, x: rnn(x, masking.compute_mask(padded)), PADDED, NOISE)
    record("sequence", sequence, expected=oracle.simple_rnn(NOISE, MASK, *weights)[0])


@pytest.mark.case(
    "rnn.explicit-mask.non-bool",
    unspecified="The docs call the mask of RNN a 'binary tensor', the guide wants it boolean; "
    "nothing says that it is cast",
    severity="raises",
    tags=["RNN", "explicit mask"],
    modes=ONCE,
)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_non_bool(keras, run, build, record, dtype):
    """A mask of zeros and ones that are not boolean.

    An RNN may take 0 as False and 1 as True, or refuse the mask.
    """
    rnn, _ = make_rnn(keras, build)
    record("sequence", run.attempt(rnn, NOISE, MASK.astype(dtype)))


@pytest.mark.case(
    "rnn.explicit-mask.rank3",
    unspecified="RNN asks for a mask of (batch, timesteps), the recurrent function below it for (samples, time, 1)",
    severity="raises",
    tags=["RNN", "explicit mask"],
    modes=ONCE,
)
def test_rank3(keras, run, build, record):
    """A mask of shape (batch, time, 1).

    An RNN may take it as a mask of shape (batch, time), or refuse it.
    """
    rnn, _ = make_rnn(keras, build)
    record("sequence", run.attempt(rnn, NOISE, MASK[..., None]))


@pytest.mark.case(
    "rnn.explicit-mask.bad-rank",
    unspecified="RNN asks for a mask of (batch, timesteps); nothing says what becomes of one without a batch",
    severity="raises",
    tags=["RNN", "explicit mask"],
    modes=ONCE,
)
def test_bad_rank(keras, run, build, record):
    """A mask of shape (time,).

    An RNN may refuse it, more or less clearly, or use it for every sample.
    """
    rnn, _ = make_rnn(keras, build)
    record("sequence", run.attempt(rnn, NOISE, MASK[0]))


@pytest.mark.case(
    "rnn.explicit-mask.one-by-time",
    unspecified="RNN asks for a mask of (batch, timesteps); nothing says whether one row serves every sample",
    tags=["RNN", "explicit mask"],
    modes=ONCE,
)
def test_one_by_time(keras, run, build, record):
    """A mask of shape (1, time) for several samples.

    An RNN may refuse it or use its row for every sample.
    """
    rnn, _ = make_rnn(keras, build)
    record("sequence", run.attempt(rnn, NOISE, MASK[:1]))


@pytest.mark.case(
    "rnn.explicit-mask.wrong-length",
    unspecified="RNN asks for a mask of (batch, timesteps); nothing says what becomes of steps that do not exist",
    tags=["RNN", "explicit mask"],
    modes=ONCE,
)
def test_wrong_length(keras, run, build, record):
    """A mask with one step too many.

    An RNN may refuse it or use a part of it.
    """
    too_long = np.concatenate([MASK, np.ones((BATCH, 1), bool)], axis=1)
    rnn, _ = make_rnn(keras, build)
    record("sequence", run.attempt(rnn, NOISE, too_long))
