"""MultiHeadAttention.

Explicit masks, masks of the inputs, and what happens to the latter.
"""

import warnings

import numpy as np
import oracle
import pytest
import thinning

from conformance.case import Raised

BATCH, QUERIES, VALUES, FEATURES = 3, 4, 5, 6
HEADS, KEY_DIM = 2, 7  # also the size of the values: on JAX, Keras accepts no other
QUERY_MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 1, 1, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
# True where a query attends to a value; every query attends to at least one.
ATTEND = np.random.RandomState(51).rand(BATCH, QUERIES, VALUES) < 0.4
ATTEND |= np.arange(VALUES) == np.arange(BATCH)[:, None, None]
QUERY = np.random.RandomState(52).uniform(-1, 1, (BATCH, QUERIES, FEATURES)).astype("float32")
VALUE = np.random.RandomState(53).uniform(-1, 1, (BATCH, VALUES, FEATURES)).astype("float32")
# For queries that are as many as the values: no row is one of VALUE_MASK, so that no mask can stand for the other.
OWN_MASK = np.array([[0, 1, 0, 1, 1], [1, 1, 0, 0, 0], [0, 1, 1, 0, 1]], bool)
# `Masking` computes QUERY_MASK and VALUE_MASK from these. Zeros still matter: biases make nonzero keys and values.
QUERY_ZEROED = np.where(QUERY_MASK[..., None], QUERY, np.float32(0))
VALUE_ZEROED = np.where(VALUE_MASK[..., None], VALUE, np.float32(0))
CAUSAL = np.tril(np.ones((QUERIES, QUERIES), bool))

NEEDS = ["layers.MultiHeadAttention"]
API = "API docs of keras.layers.MultiHeadAttention, 'Call arguments', "
POLARITY = API + "attention_mask: 1 indicates attention and 0 indicates no attention"
MERGED = "Docstring of MultiHeadAttention._compute_attention_mask: "
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)


def make(keras, build):
    """Build a MultiHeadAttention for QUERY and VALUE, and for QUERY alone; return it with its weights."""
    layer = keras.layers.MultiHeadAttention(HEADS, KEY_DIM)
    layer(keras.Input((QUERIES, FEATURES)), keras.Input((VALUES, FEATURES)))
    return layer, build(layer)


def attention(query, value, mask, weights):
    """Return what the layer computes; mask: (B, Tq, Tv)."""
    return oracle.multi_head_attention(query, value, mask[:, None], *weights)


@pytest.mark.case("mha.explicit-mask-polarity", documented=POLARITY, needs=NEEDS, tags=["MultiHeadAttention"])
def test_explicit_mask_polarity(keras, run, build, record):
    """MultiHeadAttention attends where `attention_mask` is True.

    A query attends to the values at which its row of the mask is True, and to no others.
    """
    layer, weights = make(keras, build)
    output = run(lambda q, v, m: layer(q, v, attention_mask=m), QUERY, VALUE, ATTEND)
    record("output", output, expected=attention(QUERY, VALUE, ATTEND, weights))


@pytest.mark.case(
    "mha.attention-mask-rank",
    documented=API + "attention_mask: broadcasting can happen for the missing batch dimensions and the head dimension",
    issues=["keras-team/keras#20488"],
    needs=NEEDS,
    tags=["MultiHeadAttention"],
    modes=["eager", "graph", "session"],
)
@pytest.mark.parametrize("shape", [(QUERIES, VALUES), (HEADS, QUERIES, VALUES)], ids=["no-batch", "heads"])
def test_attention_mask_rank(keras, run, build, record, shape):
    """MultiHeadAttention broadcasts `attention_mask` over samples and heads.

    `attention_mask` may lack the batch dimension, or have a dimension of heads after it.
    """
    mask = ATTEND[0] if len(shape) == 2 else np.stack([ATTEND, ATTEND[::-1]], axis=1)
    layer, weights = make(keras, build)
    output = run(lambda q, v, m: layer(q, v, attention_mask=m), QUERY, VALUE, mask)
    record("output", output, expected=oracle.multi_head_attention(QUERY, VALUE, mask, *weights))


@pytest.mark.case(
    "mha.auto-mask",
    established=MERGED + "the masks of query and value are used, merged by AND",
    issues=["keras-team/keras#16248", "keras-team/keras#16619"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_auto_mask(keras, run, build, record):
    """MultiHeadAttention uses the masks of query and value.

    An unmasked query attends only to unmasked values.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    output = run(lambda q, v: layer(masking(q), masking(v)), QUERY_ZEROED, VALUE_ZEROED)
    attend = np.broadcast_to(VALUE_MASK[:, None], ATTEND.shape)
    expected = attention(QUERY, VALUE, attend, weights)
    record("output at unmasked queries", output[QUERY_MASK], expected=expected[QUERY_MASK])


@pytest.mark.case(
    "mha.own-masks",
    established=MERGED + "the masks of query and value are used, merged by AND",
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "several inputs"],
)
def test_own_masks(keras, run, build, record):
    """MultiHeadAttention uses the mask of the query for the query and that of the value for the value.

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
    "mha.auto-mask.and-explicit",
    established=MERGED + "attention_mask and the masks of the inputs are merged by AND",
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "explicit mask"],
    modes=["eager", "graph", "session"],
)
def test_auto_mask_and_explicit(keras, run, build, record):
    """MultiHeadAttention combines `attention_mask` with the mask of the value.

    A query attends to the values that are unmasked and that `attention_mask` allows.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    allowed = ~ATTEND | (np.arange(VALUES) == np.array([2, 4, 0])[:, None, None])
    output = run(lambda q, v, m: layer(q, masking(v), attention_mask=m), QUERY, VALUE_ZEROED, allowed)
    record("output", output, expected=attention(QUERY, VALUE, allowed & VALUE_MASK[:, None], weights))


@pytest.mark.case(
    "mha.padding-invariance",
    established=MERGED + "a mask of the input prevents attention to its masked positions",
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "padding"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_padding_invariance(keras, run, build, record):
    """MultiHeadAttention is invariant to masked padding.

    In self-attention, the output at unmasked timesteps is that of each sample without its masked timesteps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    padded = run(lambda t: layer(masking(t), masking(t)), QUERY_ZEROED)
    samples = [QUERY[i : i + 1, kept] for i, kept in enumerate(QUERY_MASK)]
    alone = [oracle.multi_head_attention(sample, sample, None, *weights)[0] for sample in samples]
    record("unmasked steps", padded[QUERY_MASK], expected=np.concatenate(alone))


@pytest.mark.case(
    "mha.output-mask",
    established="Source of keras.layers.MultiHeadAttention, call: the mask of the query is set on the output",
    issues=["keras-team/keras#16248"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_output_mask(keras, run, build, mask_of, record):
    """MultiHeadAttention propagates the mask of the query.

    The next layer receives the mask of the query, not that of the value.
    """
    masking, (layer, _) = keras.layers.Masking(), make(keras, build)
    mask = run(lambda q, v: mask_of(layer(masking(q), masking(v))), QUERY_ZEROED, VALUE_ZEROED)
    record("mask", mask, expected=QUERY_MASK)


@pytest.mark.case(
    "mha.causal",
    documented=API + "use_causal_mask: prevents tokens from attending to future tokens",
    needs=["layers.MultiHeadAttention(use_causal_mask)"],
    tags=["MultiHeadAttention", "use_causal_mask"],
    modes=["eager", "graph", "session"],
)
def test_causal(keras, run, build, record):
    """MultiHeadAttention ignores later timesteps with `use_causal_mask`.

    With `use_causal_mask=True`, a timestep attends only to itself and to earlier timesteps.
    """
    layer, weights = make(keras, build)
    output = run(lambda t: layer(t, t, use_causal_mask=True), QUERY)
    record("output", output, expected=oracle.multi_head_attention(QUERY, QUERY, CAUSAL, *weights))


@pytest.mark.case(
    "mha.causal.and-padding",
    established=MERGED + "the causal mask and the masks of the inputs are merged by AND",
    needs=["layers.MultiHeadAttention(use_causal_mask)"],
    tags=["MultiHeadAttention", "use_causal_mask", "Masking"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_causal_and_padding(keras, run, build, record):
    """MultiHeadAttention combines `use_causal_mask` with the mask of its input.

    With `use_causal_mask=True`, an unmasked timestep attends only to itself and to earlier unmasked timesteps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    output = run(lambda t: layer(masking(t), masking(t), use_causal_mask=True), QUERY_ZEROED)
    attend = CAUSAL & QUERY_MASK[:, None] | np.eye(QUERIES, dtype=bool)  # itself matters only at masked timesteps
    expected = attention(QUERY, QUERY, attend, weights)
    record("output at unmasked steps", output[QUERY_MASK], expected=expected[QUERY_MASK])


@pytest.mark.case(
    "mha.query-mask-argument",
    unspecified="The call arguments query_mask and value_mask are not documented; users may pass them explicitly and "
    "expect them to be used",
    needs=NEEDS,
    tags=["MultiHeadAttention", "explicit mask"],
    modes=["eager", "graph", "session"],
)
def test_query_mask_argument(keras, run, build, mask_of, record):
    """MultiHeadAttention with explicit `query_mask` and `value_mask`.

    Whether these arguments are used, ignored or rejected is not specified.
    """
    layer, _ = make(keras, build)

    def call(q, v, m):
        output = layer(q, v, query_mask=m)
        return output, mask_of(output)

    of_query = run.attempt(call, QUERY, VALUE, QUERY_MASK)
    output, mask = [of_query] * 2 if isinstance(of_query, Raised) else of_query
    record("query_mask: mask", mask)
    record("query_mask: output", output)
    record("value_mask: output", run.attempt(lambda q, v, m: layer(q, v, value_mask=m), QUERY, VALUE, VALUE_MASK))


@pytest.mark.case(
    "mha.input-mask-side-effect",
    documented=AUTOMATIC,
    issues=["keras-team/keras#20562"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_input_mask_side_effect(keras, run, build, mask_of, record):
    """MultiHeadAttention leaves the mask of its inputs attached.

    A layer called on the same tensor after MultiHeadAttention still receives the mask of that tensor.
    """
    masking, (layer, _) = keras.layers.Masking(), make(keras, build)

    def masks_after(query, value):
        query, value = masking(query), masking(value)
        layer(query, value)
        return [mask_of(query), mask_of(value)]

    query_mask, value_mask = run(masks_after, QUERY_ZEROED, VALUE_ZEROED)
    record("mask of the query", query_mask, expected=QUERY_MASK)
    record("mask of the value", value_mask, expected=VALUE_MASK)


@pytest.mark.case(
    "mha.second-call",
    established=MERGED + "the masks of query and value are used",
    issues=["keras-team/keras#20562"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_second_call(keras, run, build, record):
    """MultiHeadAttention uses the masks again in a second call on the same tensors.

    Two calls on the same tensors return the same output at unmasked timesteps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)

    def twice(sequence):
        sequence = masking(sequence)
        return [layer(sequence, sequence), layer(sequence, sequence)]

    first, second = run(twice, QUERY_ZEROED)
    attend = np.broadcast_to(QUERY_MASK[:, None], (BATCH, QUERIES, QUERIES))
    expected = attention(QUERY, QUERY, attend, weights)[QUERY_MASK]
    record("first call, unmasked steps", first[QUERY_MASK], expected=expected)
    record("second call, unmasked steps", second[QUERY_MASK], expected=expected)


@pytest.mark.case(
    "mha.residual-mask",
    established="Source of keras.layers.Add, compute_mask: the masks of the inputs are combined, and two equal masks "
    "combine to the same mask",
    issues=["keras-team/keras#20562", "keras-team/keras#18416"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Add", "GlobalAveragePooling1D", "Masking", "Functional"],
    modes=["eager", "graph", "session"],
)
def test_residual_mask(keras, run, build, record):
    """A residual connection around MultiHeadAttention propagates the mask.

    The layer after an Add of a masked sequence and its attention uses the mask that both have.
    """
    masking, add, pooling = keras.layers.Masking(), keras.layers.Add(), keras.layers.GlobalAveragePooling1D()
    layer, weights = make(keras, build)

    def residual(sequence):
        sequence = masking(sequence)
        return pooling(add([sequence, layer(sequence, sequence)]))

    inputs = keras.Input((QUERIES, FEATURES))
    model = keras.Model(inputs, residual(inputs))
    attend = QUERY_MASK[:, None] | np.eye(QUERIES, dtype=bool)  # itself matters only at masked timesteps
    expected = oracle.masked_mean(QUERY + attention(QUERY, QUERY, attend, weights), QUERY_MASK)
    one_by_one, by_model = run(lambda sequence: [residual(sequence), model(sequence)], QUERY_ZEROED)
    record("called one by one", one_by_one, expected=expected)
    record("in a functional model", by_model, expected=expected)


@pytest.mark.case(
    "mha.fully-masked-row",
    unspecified="No documentation covers a query that may attend to no value: equal weights, zeros, NaN are possible",
    needs=NEEDS,
    tags=["MultiHeadAttention", "all masked"],
)
def test_fully_masked_row(keras, run, build, record):
    """MultiHeadAttention output for a query that may attend to no value.

    The output for such a query is not specified; other queries are not affected.
    """
    layer, weights = make(keras, build)
    nothing = np.arange(QUERIES) == 1
    output = run(lambda q, v, m: layer(q, v, attention_mask=m), QUERY, VALUE, ATTEND & ~nothing[:, None])
    record("query that attends to nothing", output[:, nothing])
    record("other queries", output[:, ~nothing], expected=attention(QUERY, VALUE, ATTEND, weights)[:, ~nothing])


@pytest.mark.case(
    "mha.spurious-warnings",
    established="keras/src/layers/attention/multi_head_attention_test.py, test_no_warning_with_keras_mask",
    severity="warns",
    issues=["keras-team/keras#20455"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "warnings"],
    modes=["eager", "session"],
)
def test_spurious_warnings(keras, run, build, record):
    """MultiHeadAttention does not warn about masks that it uses.

    A call on masked tensors emits no warning about masks.
    """
    masking, (layer, _) = keras.layers.Masking(), make(keras, build)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(lambda q, v: layer(masking(q), masking(v)), QUERY_ZEROED, VALUE_ZEROED)
    record("warnings about masks", sum("mask" in str(w.message) for w in caught), expected=0)


@pytest.mark.case(
    "mha.tf-function",
    unspecified="No documentation says whether masks cross the boundary of a compiled function; it may receive only "
    "the values",
    issues=["keras-team/keras#17655", "keras-team/tf-keras#56"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "tf.function"],
    modes=["eager", "graph"],
)
def test_tf_function(keras, run, build, record):
    """MultiHeadAttention in a compiled function, with inputs masked outside.

    Whether it uses the masks of tensors that were masked outside the compiled function is not specified.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    traced = run.traced(lambda q, v: layer(q, v))
    output = run(lambda q, v: traced(masking(q), masking(v)), QUERY_ZEROED, VALUE_ZEROED)
    attend = np.broadcast_to(VALUE_MASK[:, None], ATTEND.shape)
    want = attention(QUERY, VALUE_ZEROED, attend, weights)[QUERY_MASK]
    record("ignores masked values", bool(np.allclose(output[QUERY_MASK], want, atol=1e-4)))
