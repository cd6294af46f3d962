"""Normalization.

`BatchNormalization`: which timesteps contribute to its statistics.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0
X = np.random.RandomState(13).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
GRID = np.random.RandomState(14).uniform(-1, 1, (BATCH, STEPS, WIDTH, FEATURES)).astype("float32")
EPSILON = 1e-3

STATISTICS = (
    "API docs of keras.layers.BatchNormalization since Keras 2.12, 'Call arguments', mask: "
    "masked elements are not taken into account for mean and variance during training"
)
STATISTICS_ISSUES = ["tensorflow/tensorflow#30161", "keras-team/keras#18759", "keras-team/keras#18921"]
SHAPES = (
    "The docs ask for a mask that is broadcastable to the input, the code for one with one axis less than the input"
)


def make_embedding(keras, build):
    """Build an Embedding that masks the zeros of IDS, with nonzero output there; return it and its table."""
    layer = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    return layer, build(layer, (None, STEPS))[0]


def make_batchnorm(keras, *shape):
    """Build a BatchNormalization whose moving statistics start at 2 and 4 and follow the last batch only."""
    constant = keras.initializers.Constant
    layer = keras.layers.BatchNormalization(
        momentum=0.0,
        epsilon=EPSILON,
        gamma_initializer=constant(3.0),
        beta_initializer=constant(-1.0),
        moving_mean_initializer=constant(2.0),
        moving_variance_initializer=constant(4.0),
    )
    layer.build((None,) + shape)
    return layer


def make_masked(keras, *shape):
    """Construct a layer called on [x, mask] that returns x with that mask, whatever its shape."""
    return keras.layers.Lambda(
        lambda pair: pair[0] * 1.0,
        output_shape=shape,
        mask=lambda pair, mask=None: pair[1],
    )


@pytest.mark.case(
    "batchnorm.train-stats",
    documented=STATISTICS,
    issues=STATISTICS_ISSUES,
    tags=["BatchNormalization", "Embedding", "training"],
)
def test_train_stats(keras, run, build, record):
    """BatchNormalization excludes masked timesteps from batch statistics.

    In training, each feature is normalized with its mean and variance over the unmasked timesteps of the whole batch.
    """
    (embedding, table), norm = make_embedding(keras, build), make_batchnorm(keras, STEPS, FEATURES)
    output = run(lambda ids: norm(embedding(ids), training=True), IDS)
    want = oracle.batch_normalization(table[IDS], MASK, 3.0, -1.0, EPSILON)
    record("output at unmasked steps", output[MASK], expected=want[MASK])


@pytest.mark.case(
    "batchnorm.moving-mean",
    documented=STATISTICS,
    issues=STATISTICS_ISSUES,
    tags=["BatchNormalization", "Embedding", "training"],
    modes=["eager", "graph", "jit"],
)
def test_moving_mean(keras, run, build, record):
    """BatchNormalization excludes masked timesteps from the moving mean.

    With `momentum=0`, a training step sets the moving mean to the mean over the unmasked timesteps of the batch.

    Not in a v1 graph, where an operation run by the training loop updates it; and not the variance, which some versions
    correct for the number of samples.
    """
    (embedding, table), norm = make_embedding(keras, build), make_batchnorm(keras, STEPS, FEATURES)
    run(lambda ids: norm(embedding(ids), training=True), IDS)
    record("moving mean", norm.get_weights()[2], expected=table[IDS][MASK].mean(axis=0))


@pytest.mark.case(
    "batchnorm.inference-values",
    documented="API docs of keras.layers.BatchNormalization, 'During inference': "
    "normalizes with the moving mean and variance",
    tags=["BatchNormalization", "Embedding"],
)
def test_inference_values(keras, run, build, record):
    """BatchNormalization ignores the mask in inference.

    In inference, every timestep, masked or not, is normalized with the moving mean and variance.
    """
    (embedding, table), norm = make_embedding(keras, build), make_batchnorm(keras, STEPS, FEATURES)
    output = run(lambda ids: norm(embedding(ids), training=False), IDS)
    record("output", output, expected=3 * (table[IDS] - 2) / np.sqrt(4 + EPSILON) - 1)


@pytest.mark.case(
    "batchnorm.fully-masked",
    established="Upstream's test_input_fully_masked in batch_normalization_test.py: the output is finite",
    tags=["BatchNormalization", "Embedding", "training", "all masked"],
)
def test_fully_masked(keras, run, build, record):
    """BatchNormalization returns finite values for a fully masked batch.

    In training, the output is finite although no timestep contributes to the statistics.
    """
    (embedding, _), norm = make_embedding(keras, build), make_batchnorm(keras, STEPS, FEATURES)
    output = run(lambda ids: norm(embedding(ids), training=True), IDS * 0)
    record("finite", bool(np.isfinite(output).all()), expected=True)


@pytest.mark.case(
    "batchnorm.broadcast-moments",
    documented=STATISTICS + "; upstream's test_masked_broadcast_normalization has a mask with an axis of size 1",
    issues=["keras-team/keras#19848", "keras-team/keras#20815"],
    tags=["BatchNormalization", "training", "rank 4"],
)
def test_broadcast_moments(keras, run, record):
    """BatchNormalization broadcasts a mask with an axis of size 1.

    For (batch, time, width, features) input and a (batch, time, 1) mask, the statistics are those of all elements of
    the unmasked timesteps.
    """
    masked, norm = make_masked(keras, *GRID.shape[1:]), make_batchnorm(keras, *GRID.shape[1:])
    output = run(lambda x, m: norm(masked([x, m]), training=True), GRID, MASK[..., None])
    want = oracle.batch_normalization(GRID, MASK, 3.0, -1.0, EPSILON)
    record("output at unmasked steps", output[MASK], expected=want[MASK])


@pytest.mark.case(
    "batchnorm.fused-4d",
    documented=STATISTICS,
    tags=["BatchNormalization", "training", "rank 4"],
)
def test_fused_4d(keras, run, record):
    """BatchNormalization excludes masked positions of rank 4 input.

    For (batch, time, width, features) input and a (batch, time, width) mask, the statistics are those of the unmasked
    positions.

    Some versions use a fused kernel for images, which ignores masks.
    """
    mask = np.stack([MASK, MASK[::-1]], axis=-1)
    masked, norm = make_masked(keras, *GRID.shape[1:]), make_batchnorm(keras, *GRID.shape[1:])
    output = run(lambda x, m: norm(masked([x, m]), training=True), GRID, mask)
    want = oracle.batch_normalization(GRID, mask, 3.0, -1.0, EPSILON)
    record("output at unmasked places", output[mask], expected=want[mask])


@pytest.mark.case(
    "batchnorm.mask-rank",
    unspecified=SHAPES,
    issues=["keras-team/keras#19818", "keras-team/keras#19829"],
    severity="raises",
    tags=["BatchNormalization", "training"],
)
@pytest.mark.parametrize("x, mask", [(X, MASK[..., None]), (GRID, MASK)], ids=["batch-time-1", "batch-time-for-rank-4"])
def test_mask_rank(keras, run, record, x, mask):
    """BatchNormalization with a mask of unexpected rank.

    Whether a mask whose rank is not one less than that of the input is used, ignored or rejected is not specified.
    """
    masked, norm = make_masked(keras, *x.shape[1:]), make_batchnorm(keras, *x.shape[1:])
    record("output", run.attempt(lambda t, m: norm(masked([t, m]), training=True), x, mask))
