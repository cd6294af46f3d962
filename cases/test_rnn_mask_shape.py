"""Mask shape.

Explicit masks of RNNs: which shapes and dtypes are taken.
"""

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


def make_rnn(keras, build):
    """Function for `run`: a SimpleRNN given data and an explicit mask. With its weights, as the oracle wants them."""
    layer = keras.layers.SimpleRNN(UNITS, return_sequences=True)
    weights = build(layer, (None, STEPS, FEATURES))
    return lambda x, mask: layer(x, mask=mask), weights


@pytest.mark.case(
    "rnn.explicit-mask.from-compute-mask",
    documented=GUIDE + "'Passing mask tensors directly to layers': the output of compute_mask can be passed as `mask`",
    tags=["Masking", "RNN", "explicit mask", "compute_mask"],
    modes=ONCE,
)
def test_explicit_mask_from_compute_mask(keras, run, build, record):
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
def test_explicit_mask_non_bool(keras, run, build, record, dtype):
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
def test_explicit_mask_rank3(keras, run, build, record):
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
def test_explicit_mask_bad_rank(keras, run, build, record):
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
def test_explicit_mask_one_by_time(keras, run, build, record):
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
def test_explicit_mask_wrong_length(keras, run, build, record):
    """A mask with one step too many.

    An RNN may refuse it or use a part of it.
    """
    too_long = np.concatenate([MASK, np.ones((BATCH, 1), bool)], axis=1)
    rnn, _ = make_rnn(keras, build)
    record("sequence", run.attempt(rnn, NOISE, too_long))
