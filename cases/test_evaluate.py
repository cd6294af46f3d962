"""Training.

How the loss of `evaluate` depends on the batch size when outputs are masked.
"""

import numpy as np
import pytest

STEPS, VOCABULARY, FEATURES, UNITS = 5, 7, 4, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
Y = np.random.RandomState(31).uniform(-1, 1, (len(IDS), UNITS)).astype("float32")


@pytest.mark.case(
    "evaluate.batch-size-invariance",
    unspecified="A loss averaged over the unmasked timesteps of each batch weights timesteps by batch; no page says so",
    tags=["loss", "evaluate", "batch_size", "Embedding", "Dense"],
    modes=["eager", "session"],
)
def test_batch_size_invariance(keras, run, build, record):
    """Masked loss of `evaluate` for several batch sizes.

    Whether samples of different lengths give the same loss in batches of one, two and three is not specified.

    The loss is averaged over batches in Python or in the compiled step alike: `graph` and `jit` would repeat the
    others.
    """
    embedding, dense = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.Dense(UNITS)
    build(embedding, (None, STEPS)), build(dense, (None, STEPS, FEATURES))
    inputs = keras.Input((STEPS,), dtype="int32")
    model = keras.Model(inputs, dense(embedding(inputs)))
    run.compile(model, optimizer="sgd", loss="mse")
    targets = np.repeat(Y[:, None], STEPS, axis=1)
    for size in (1, 2, 3):
        record("loss in batches of %d" % size, np.float32(run.evaluate(model, IDS, targets, batch_size=size)))
