"""Embedding.

`ReversibleEmbedding` with `reverse=True`.
"""

import numpy as np
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 2, 4
# Padded on the right, with gaps, padded on the left; id 0 is padding.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
X = np.random.RandomState(8).uniform(0.1, 1, IDS.shape + (FEATURES,)).astype("float32")


@pytest.mark.case(
    "reversible-embedding.reverse",
    established="keras/src/layers/core/reversible_embedding.py, compute_mask: reverse=True is excluded from masking",
    severity="raises",
    issues=["keras-team/keras#21961", "keras-team/keras-hub#2498"],
    tags=["ReversibleEmbedding", "mask_zero"],
    needs=["layers.ReversibleEmbedding"],
)
def test_reverse(keras, run, build, mask_of, record):
    """ReversibleEmbedding masks ids, but not logits.

    With `mask_zero=True`, embedded ids have a mask, and logits computed with `reverse=True` have none.
    """
    layer = keras.layers.ReversibleEmbedding(VOCABULARY, FEATURES, mask_zero=True)
    (table,) = build(layer, (None, STEPS))

    def call(ids, x):
        logits = layer(x, reverse=True)
        return mask_of(layer(ids)), logits, mask_of(logits)

    mask, logits, logits_mask = run(call, IDS, X)
    record("mask of the vectors", mask, expected=IDS != 0)
    record("logits", logits, expected=X @ table.T)
    record("mask of the logits", logits_mask, expected=None)
