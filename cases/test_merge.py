"""Merge layers: which mask comes out where several go in."""

import numpy as np
import pytest

BATCH, STEPS, FEATURES = 2, 5, 3
MASKS = np.array([[[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], [[1, 0, 1, 1, 0], [0, 1, 1, 0, 0]]], bool)
X = np.random.RandomState(6).uniform(-1, 1, (2, BATCH, STEPS, FEATURES)).astype("float32")
A, B = np.where(MASKS[..., None], X, np.float32(0))  # `Masking` makes MASKS of them

CHANGED = "No page says how masks are merged; the rule changed from 'and' to none to 'or' between releases"


@pytest.mark.case(
    "merge.add.both-masked",
    unspecified=CHANGED,
    issues=["keras-team/keras#18416", "keras-team/keras#19817", "keras-team/keras#19685"],
    tags=["Add", "Masking"],
)
def test_add_both(keras, run, mask_of, record):
    """The mask of the sum of two masked sequences.

    How Add merges two different masks is not specified.
    """
    masking, add = keras.layers.Masking(), keras.layers.Add()
    record("mask", run(lambda a, b: mask_of(add([masking(a), masking(b)])), A, B))


@pytest.mark.case(
    "merge.add.one-masked",
    unspecified="No page says what becomes of the mask; it was kept in Keras 2 and is dropped in Keras 3",
    issues=["keras-team/keras#18416", "keras-team/keras#19685"],
    tags=["Add", "Masking"],
)
def test_add_one(keras, run, mask_of, record):
    """The mask of the sum of a masked and an unmasked sequence.

    Whether Add keeps the one mask is not specified; embeddings of tokens and of positions are added like this.
    """
    masking, add = keras.layers.Masking(), keras.layers.Add()
    masked_first, masked_last = run(
        lambda a, x: [mask_of(add([masking(a), x])), mask_of(add([x, masking(a)]))], A, X[1]
    )
    record("masked first", masked_first)
    record("masked last", masked_last)


@pytest.mark.case(
    "merge.concatenate.feature",
    unspecified=CHANGED,
    issues=["keras-team/keras#18416", "keras-team/keras#19817"],
    tags=["Concatenate", "Masking"],
)
def test_concatenate_features(keras, run, mask_of, record):
    """The mask of two masked sequences concatenated along their features.

    How Concatenate(axis=-1) merges two different masks is not specified.
    """
    masking, concatenate = keras.layers.Masking(), keras.layers.Concatenate(axis=-1)
    record("mask", run(lambda a, b: mask_of(concatenate([masking(a), masking(b)])), A, B))
