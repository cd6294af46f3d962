"""Mask shapes.

Shapes and dtypes of explicit masks that RNNs accept.
"""

import numpy as np
import pytest
import recurrent

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
# Lengths 3, 5 and 1; the second sample has a gap.
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 0, 0]], bool)
NOISE = np.random.RandomState(11).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
# `Masking()` computes MASK from these.
PADDED = NOISE * MASK[..., None]

ONCE = ["eager", "graph", "session"]  # Keras handles the shape of a mask before anything is compiled
GUIDE = "Guide 'Understanding masking & padding', section "


every_kind = recurrent.every_kind()


def make_rnn(keras, build, kind):
    """Return a function for `run` that calls a recurrent layer with an explicit mask, and its weights."""
    shape = (None, STEPS, FEATURES)
    layer, weights = recurrent.built_recurrent(keras, build, kind, UNITS, shape, return_sequences=True)
    return lambda x, mask: layer(x, mask=mask), weights


@pytest.mark.case(
    "rnn.explicit-mask.from-compute-mask",
    documented=GUIDE + "'Passing mask tensors directly to layers': the output of compute_mask can be passed as `mask`",
    tags=["Masking", "{kind}", "RNN", "explicit mask", "compute_mask"],
    modes=ONCE,
)
@every_kind
def test_explicit_mask_from_compute_mask(keras, run, build, record, kind):
    """RNNs accept a mask from `compute_mask`.

    An RNN skips the timesteps that a mask from `Masking.compute_mask` masks, whatever their values.
    """
    rnn, weights = make_rnn(keras, build, kind)
    masking = keras.layers.Masking()
    sequence = run(lambda padded, x: rnn(x, masking.compute_mask(padded)), PADDED, NOISE)
    record("sequence", sequence, expected=recurrent.of_recurrent(kind, NOISE, MASK, weights)[0])


@pytest.mark.case(
    "rnn.explicit-mask.non-bool",
    unspecified="The API docs call the mask of RNN a 'binary tensor', the guide a boolean one; "
    "no documentation says that it is cast",
    severity="raises",
    tags=["{kind}", "RNN", "explicit mask"],
    modes=ONCE,
)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
@every_kind
def test_explicit_mask_non_bool(keras, run, build, record, dtype, kind):
    """RNN with a mask of zeros and ones that is not boolean.

    Whether an RNN takes 0 as False and 1 as True or rejects the mask is not specified.
    """
    rnn, _ = make_rnn(keras, build, kind)
    record("sequence", run.attempt(rnn, NOISE, MASK.astype(dtype)))


@pytest.mark.case(
    "rnn.explicit-mask.rank3",
    unspecified="RNN documents a mask of (batch, timesteps), the backend function below it (samples, time, 1)",
    severity="raises",
    tags=["{kind}", "RNN", "explicit mask"],
    modes=ONCE,
)
@every_kind
def test_explicit_mask_rank3(keras, run, build, record, kind):
    """RNN with a mask of shape (batch, timesteps, 1).

    Whether an RNN takes it as a mask of shape (batch, timesteps) or rejects it is not specified.
    """
    rnn, _ = make_rnn(keras, build, kind)
    record("sequence", run.attempt(rnn, NOISE, MASK[..., None]))


@pytest.mark.case(
    "rnn.explicit-mask.bad-rank",
    unspecified="RNN documents a mask of (batch, timesteps), but not what happens to one without a batch dimension",
    severity="raises",
    tags=["{kind}", "RNN", "explicit mask"],
    modes=ONCE,
)
@every_kind
def test_explicit_mask_bad_rank(keras, run, build, record, kind):
    """RNN with a mask of shape (timesteps,).

    Whether an RNN rejects it, more or less clearly, or uses it for every sample is not specified.
    """
    rnn, _ = make_rnn(keras, build, kind)
    record("sequence", run.attempt(rnn, NOISE, MASK[0]))


@pytest.mark.case(
    "rnn.explicit-mask.one-by-time",
    unspecified="RNN documents a mask of (batch, timesteps), but not whether one row applies to every sample",
    tags=["{kind}", "RNN", "explicit mask"],
    modes=ONCE,
)
@every_kind
def test_explicit_mask_one_by_time(keras, run, build, record, kind):
    """RNN with a mask of shape (1, timesteps) for several samples.

    Whether an RNN rejects it or uses its row for every sample is not specified.
    """
    rnn, _ = make_rnn(keras, build, kind)
    record("sequence", run.attempt(rnn, NOISE, MASK[:1]))


@pytest.mark.case(
    "rnn.explicit-mask.wrong-length",
    unspecified="RNN documents a mask of (batch, timesteps), but not what happens to surplus timesteps",
    tags=["{kind}", "RNN", "explicit mask"],
    modes=ONCE,
)
@every_kind
def test_explicit_mask_wrong_length(keras, run, build, record, kind):
    """RNN with a mask that has one timestep too many.

    Whether an RNN rejects it or uses a part of it is not specified.
    """
    too_long = np.concatenate([MASK, np.ones((BATCH, 1), bool)], axis=1)
    rnn, _ = make_rnn(keras, build, kind)
    record("sequence", run.attempt(rnn, NOISE, too_long))
