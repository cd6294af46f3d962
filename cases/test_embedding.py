"""Embedding.

Which ids Embedding masks, and what it outputs for them.
"""

import numpy as np
import oracle
import pytest

from conformance.case import Raised

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 2, 4
# Padded on the right, with gaps, padded on the left; 0 is padding.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = np.array([[1, 0, 1, 1, 0], [1, 1, 0, 0, 1], [0, 1, 1, 1, 1]], bool)

MASK_ZERO = "API docs of keras.layers.Embedding, argument mask_zero: whether 0 is a 'padding' value to be masked out"
BY_FLAG = "keras/src/layers/core/embedding.py, compute_mask: None unless mask_zero, else not_equal(inputs, 0)"


def make_embedding(keras, build, **arguments):
    """Build an Embedding; return it and its table, in which the row of id 0 is not zero."""
    layer = keras.layers.Embedding(VOCABULARY, FEATURES, **arguments)
    return layer, build(layer, (None, STEPS))[0]


@pytest.mark.case("embedding.mask-zero", documented=MASK_ZERO, tags=["Embedding", "mask_zero"])
def test_mask_zero(keras, run, build, mask_of, record):
    """Embedding with `mask_zero` masks id 0.

    The mask is False exactly where an id is 0.
    """
    embedding, _ = make_embedding(keras, build, mask_zero=True)
    record("mask", run(lambda ids: mask_of(embedding(ids)), IDS), expected=IDS != 0)


@pytest.mark.case("embedding.rank3-ids", established=BY_FLAG, tags=["Embedding", "mask_zero"])
def test_rank3_ids(keras, run, build, mask_of, record):
    """Embedding creates a mask of rank 3 for ids of rank 3.

    For (batch, time, characters) ids, the mask has that shape and is False exactly where an id is 0.
    """
    ids = np.stack([IDS, IDS[::-1]], axis=2)
    embedding, _ = make_embedding(keras, build, mask_zero=True)
    record("mask", run(lambda t: mask_of(embedding(t)), ids), expected=ids != 0)


@pytest.mark.case(
    "embedding.config-roundtrip",
    documented="API docs of keras.layers.Layer, from_config: the reverse of get_config, "
    "makes the same layer from its config",
    tags=["Embedding", "mask_zero", "serialization"],
    modes=["eager", "session"],
)
def test_config_roundtrip(keras, run, build, mask_of, record):
    """Embedding keeps `mask_zero` in its config.

    A layer created from the config of an Embedding with `mask_zero=True` masks zeros as well.
    """
    config = make_embedding(keras, build, mask_zero=True)[0].get_config()
    embedding = keras.layers.Embedding.from_config(config)
    build(embedding, (None, STEPS))
    record("mask_zero", config.get("mask_zero"), expected=True)
    record("mask", run(lambda ids: mask_of(embedding(ids)), IDS), expected=IDS != 0)


@pytest.mark.case(
    "embedding.mask-zero-false",
    documented="API docs of keras.layers.Embedding, its signature: mask_zero=False",
    tags=["Embedding", "mask_zero"],
)
def test_mask_zero_false(keras, run, build, mask_of, record):
    """Embedding without `mask_zero` creates no mask.

    By default, 0 is an id like any other, and the output has no mask.
    """
    embedding, _ = make_embedding(keras, build)
    record("mask", run(lambda ids: mask_of(embedding(ids)), IDS), expected=None)


@pytest.mark.case(
    "embedding.mask-zero-false.masked-ids",
    established=BY_FLAG,
    issues=["keras-team/keras#13683"],
    tags=["Embedding", "mask_zero"],
)
def test_mask_zero_false_masked_ids(keras, run, build, mask_of, record):
    """Embedding without `mask_zero` drops the mask of its ids.

    When the ids have a mask, the output has none.
    """

    class MaskLarge(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 1

        def compute_mask(self, inputs, mask=None):
            return inputs < 5

    mask_large, (embedding, _) = MaskLarge(), make_embedding(keras, build)
    before, after = run(lambda ids: [mask_of(mask_large(ids)), mask_of(embedding(mask_large(ids)))], IDS)
    record("mask of the ids", before, expected=IDS < 5)
    record("mask of the vectors", after, expected=None)


@pytest.mark.case(
    "embedding.row-zero-not-zeroed",
    established="keras/src/layers/core/embedding.py, call: looks up rows of the table, whatever mask_zero is",
    tags=["Embedding", "mask_zero"],
)
def test_row_zero_not_zeroed(keras, run, build, record):
    """Embedding looks up masked ids like any other.

    The output at id 0 is row 0 of the table, not zeros as after Masking.
    """
    embedding, table = make_embedding(keras, build, mask_zero=True)
    record("output", run(lambda ids: embedding(ids), IDS), expected=table[IDS])


@pytest.mark.case(
    "embedding.float-ids",
    unspecified="The docs ask for integers; a number between 0 and 1 may be 0 for the lookup but not for the mask",
    tags=["Embedding", "mask_zero", "float32"],
)
def test_float_ids(keras, run, build, mask_of, record):
    """Embedding with ids that are not integers.

    Whether an id of 0.4 is masked, and which row it gets, is not specified.
    """
    embedding, table = make_embedding(keras, build, mask_zero=True)
    ids = np.where(MASK, IDS, IDS + 0.4).astype("float32")

    def call(t):
        output = embedding(t)
        return mask_of(output), output

    mask, output = run(call, ids)
    record("mask", mask)
    record("0.4 is looked up as 0", bool(np.allclose(output[~MASK], table[IDS[~MASK]])))


@pytest.mark.case(
    "embedding.mask-used-by-rnn",
    documented="Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and "
    "Sequential API': a mask generated by an Embedding is propagated to any layer that can use it, an RNN for example",
    tags=["Embedding", "mask_zero", "RNN"],
    modes=["eager", "graph", "session"],
)
def test_mask_used_by_rnn(keras, run, build, record):
    """RNN skips the timesteps that Embedding masks.

    The last output for ids padded with 0 is that for the same ids without the zeros, wherever they are.
    """
    embedding, table = make_embedding(keras, build, mask_zero=True)
    rnn = keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, STEPS, FEATURES))
    alone = [oracle.simple_rnn(table[ids[ids != 0]][None], None, *weights)[1] for ids in IDS]
    record("last output", run(lambda ids: rnn(embedding(ids)), IDS), expected=np.concatenate(alone))


@pytest.mark.case(
    "embedding.sparse-mask-zero",
    established="keras/src/layers/core/embedding.py of Keras 2.15, __init__: mask_zero is rejected with sparse output",
    severity="raises",
    tags=["Embedding", "mask_zero"],
    needs=["layers.Embedding.__init__(sparse)"],
    modes=["eager", "session"],
)
def test_sparse_mask_zero(keras, run, record):
    """Embedding with `sparse=True` rejects `mask_zero`.

    The constructor of Embedding raises ValueError for `sparse=True` and `mask_zero=True`.
    """
    made = run.attempt(lambda: (keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, sparse=True), None)[1])
    record("layer", made, expected=Raised("ValueError"))
