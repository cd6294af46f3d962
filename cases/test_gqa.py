"""GroupQueryAttention.

The masks of `MultiHeadAttention`, for query heads that share keys and values.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, QUERIES, VALUES, FEATURES = 3, 4, 5, 6
DIMENSION, QUERY_HEADS, VALUE_HEADS = 7, 4, 2
QUERY_MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 1, 1, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
# True where a query attends to a value; every query to one at least.
ATTEND = np.random.RandomState(56).rand(BATCH, QUERIES, VALUES) < 0.4
ATTEND |= np.arange(VALUES) == np.arange(BATCH)[:, None, None]
CAUSAL = np.tril(np.ones((QUERIES, QUERIES), bool))
QUERY = np.random.RandomState(57).uniform(-1, 1, (BATCH, QUERIES, FEATURES)).astype("float32")
VALUE = np.random.RandomState(58).uniform(-1, 1, (BATCH, VALUES, FEATURES)).astype("float32")
# For queries that are as many as the values: no row is one of VALUE_MASK, so that no mask can stand for the other.
OWN_MASK = np.array([[0, 1, 0, 1, 1], [1, 1, 0, 0, 0], [0, 1, 1, 0, 1]], bool)
# `Masking` computes QUERY_MASK and VALUE_MASK from these. Zeros still matter: biases turn them into keys and values.
QUERY_ZEROED = np.where(QUERY_MASK[..., None], QUERY, np.float32(0))
VALUE_ZEROED = np.where(VALUE_MASK[..., None], VALUE, np.float32(0))

NEEDS = ["layers.GroupQueryAttention"]
API = "API docs of keras.layers.GroupQueryAttention, 'Call arguments', "
MERGED = "Docstring of GroupedQueryAttention._compute_attention_mask: "


def make(keras, build):
    """Build the layer; return it and its weights, with those of keys and values repeated per query head."""
    layer = keras.layers.GroupQueryAttention(DIMENSION, QUERY_HEADS, VALUE_HEADS)
    layer(keras.Input((QUERIES, FEATURES)), keras.Input((VALUES, FEATURES)))
    wq, bq, wk, bk, wv, bv, wo, bo = build(layer)
    shared = [np.repeat(w, QUERY_HEADS // VALUE_HEADS, axis=-2) for w in (wk, bk, wv, bv)]
    return layer, [wq, bq] + shared + [wo, bo]


def attention(query, value, mask, weights):
    """Compute the expected output of the layer; mask: (B, Tq, Tv)."""
    return oracle.multi_head_attention(query, value, mask[:, None], *weights)


@pytest.mark.case(
    "gqa.explicit-mask-polarity",
    documented=API + "attention_mask: 1 indicates attention and 0 indicates no attention",
    needs=NEEDS,
    tags=["GroupQueryAttention"],
    modes=["eager", "graph", "session"],
)
def test_explicit_mask_polarity(keras, run, build, record):
    """GroupQueryAttention attends where `attention_mask` is True.

    In all heads, a query attends to the values where its row of `attention_mask` is True, and to no others.
    """
    layer, weights = make(keras, build)
    output = run(lambda q, v, m: layer(q, v, attention_mask=m), QUERY, VALUE, ATTEND)
    record("output", output, expected=attention(QUERY, VALUE, ATTEND, weights))


@pytest.mark.case(
    "gqa.auto-mask",
    established=MERGED + "the masks of query and value, and attention_mask are merged by AND",
    needs=NEEDS,
    tags=["GroupQueryAttention", "Masking", "explicit mask"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_auto_mask(keras, run, build, mask_of, record):
    """GroupQueryAttention uses the masks of query and value.

    An unmasked query attends only to unmasked values, with `attention_mask` only to those that it allows, and the
    output has the mask of the query.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    allowed = ~ATTEND | (np.arange(VALUES) == np.array([2, 4, 0])[:, None, None])

    def call(q, v, m):
        output = layer(masking(q), masking(v))
        return mask_of(output), output, layer(masking(q), masking(v), attention_mask=m)

    mask, output, of_both = run(call, QUERY_ZEROED, VALUE_ZEROED, allowed)
    attend = np.broadcast_to(VALUE_MASK[:, None], ATTEND.shape)
    expected, want_both = (attention(QUERY, VALUE, m, weights)[QUERY_MASK] for m in (attend, attend & allowed))
    record("output at unmasked queries", output[QUERY_MASK], expected=expected)
    record("output with attention_mask", of_both[QUERY_MASK], expected=want_both)
    record("mask", mask, expected=QUERY_MASK)


@pytest.mark.case(
    "gqa.own-masks",
    established=MERGED + "the masks of query and value, and attention_mask are merged by AND",
    needs=NEEDS,
    tags=["GroupQueryAttention", "Masking", "several inputs"],
)
def test_own_masks(keras, run, build, record):
    """GroupQueryAttention uses the mask of the query for the query and that of the value for the value.

    With as many queries as values and another mask for each, an unmasked query attends only to unmasked values.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    query = VALUE[::-1] * OWN_MASK[..., None]
    output = run(lambda q, v: layer(masking(q), masking(v)), query, VALUE_ZEROED)
    attend = np.broadcast_to(VALUE_MASK[:, None], (BATCH, VALUES, VALUES))
    record(
        "output at unmasked queries",
        output[OWN_MASK],
        expected=attention(query, VALUE_ZEROED, attend, weights)[OWN_MASK],
    )


@pytest.mark.case(
    "gqa.causal.and-padding",
    documented=API + "use_causal_mask: prevents tokens from attending to future tokens",
    needs=NEEDS,
    tags=["GroupQueryAttention", "use_causal_mask", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_causal_and_padding(keras, run, build, record):
    """GroupQueryAttention merges the causal mask with the input mask.

    With `use_causal_mask=True`, a timestep attends only to itself and to earlier unmasked timesteps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)

    def call(plain, padded):
        return [layer(t, t, use_causal_mask=True) for t in (plain, masking(padded))]

    output, masked = run(call, QUERY, QUERY_ZEROED)
    attend = CAUSAL & QUERY_MASK[:, None] | np.eye(
        QUERIES, dtype=bool
    )  # attending to itself matters for masked timesteps only
    record("causal mask", output, expected=oracle.multi_head_attention(QUERY, QUERY, CAUSAL, *weights))
    record(
        "unmasked steps of a masked input",
        masked[QUERY_MASK],
        expected=attention(QUERY, QUERY, attend, weights)[QUERY_MASK],
    )


@pytest.mark.case(
    "gqa.input-mask-side-effect",
    documented="Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and "
    "Sequential API': Keras fetches the mask of an input and passes it to any layer that knows how to use it",
    needs=NEEDS,
    tags=["GroupQueryAttention", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_input_mask_side_effect(keras, run, build, mask_of, record):
    """GroupQueryAttention leaves the mask of its inputs attached.

    After a call of GroupQueryAttention, its query and value still have their masks.
    """
    masking, (layer, _) = keras.layers.Masking(), make(keras, build)

    def masks_after(query, value):
        query, value = masking(query), masking(value)
        layer(query, value)
        return [mask_of(query), mask_of(value)]

    query_mask, value_mask = run(masks_after, QUERY_ZEROED, VALUE_ZEROED)
    record("mask of the query", query_mask, expected=QUERY_MASK)
    record("mask of the value", value_mask, expected=VALUE_MASK)
