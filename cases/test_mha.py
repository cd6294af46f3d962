"""MultiHeadAttention.

Masks that are passed, masks of its inputs, and what becomes of these.
"""

import warnings

import numpy as np
import oracle
import pytest

from conformance.case import Raised

BATCH, QUERIES, VALUES, FEATURES = 3, 4, 5, 6
HEADS, KEY_DIM = 2, 7  # and values of the same size: on JAX, Keras takes no others
QUERY_MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 1, 1, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
# True where a query attends to a value; every query to one at least.
ATTEND = np.random.RandomState(51).rand(BATCH, QUERIES, VALUES) < 0.4
ATTEND |= np.arange(VALUES) == np.arange(BATCH)[:, None, None]
QUERY = np.random.RandomState(52).uniform(-1, 1, (BATCH, QUERIES, FEATURES)).astype("float32")
VALUE = np.random.RandomState(53).uniform(-1, 1, (BATCH, VALUES, FEATURES)).astype("float32")
# `Masking` makes QUERY_MASK and VALUE_MASK of these. Zeros still count: biases make keys and values of them.
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
    """A MultiHeadAttention, built for QUERY and VALUE and for QUERY alone, and its weights."""
    layer = keras.layers.MultiHeadAttention(HEADS, KEY_DIM)
    layer(keras.Input((QUERIES, FEATURES)), keras.Input((VALUES, FEATURES)))
    return layer, build(layer)


def attention(query, value, mask, weights):
    """What the layer computes; mask: (B, Tq, Tv)."""
    return oracle.multi_head_attention(query, value, mask[:, None], *weights)


@pytest.mark.case("mha.explicit-mask-polarity", documented=POLARITY, needs=NEEDS, tags=["MultiHeadAttention"])
def test_explicit_mask_polarity(keras, run, build, record):
    """True in attention_mask means attend.

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
    """A mask for all samples, or one for each head.

    attention_mask may be without a batch dimension, or have a dimension of heads after that of the batch.
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
    modes=["eager", "graph | jit", "session"],
)
def test_auto_mask(keras, run, build, record):
    """The masks of query and value are used.

    An unmasked query attends to the unmasked values only.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    output = run(lambda q, v: layer(masking(q), masking(v)), QUERY_ZEROED, VALUE_ZEROED)
    attend = np.broadcast_to(VALUE_MASK[:, None], ATTEND.shape)
    expected = attention(QUERY, VALUE, attend, weights)
    record("output at unmasked queries", output[QUERY_MASK], expected=expected[QUERY_MASK])


@pytest.mark.case(
    "mha.auto-mask.and-explicit",
    established=MERGED + "attention_mask and the masks of the inputs are merged by AND",
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "explicit mask"],
    modes=["eager", "graph", "session"],
)
def test_auto_mask_and_explicit(keras, run, build, record):
    """attention_mask is combined with the mask of the value.

    A query attends to the values that are unmasked and that attention_mask allows.
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
    modes=["eager", "graph | jit", "session"],
)
def test_padding_invariance(keras, run, build, record):
    """Padding that is masked changes nothing.

    In self-attention, unmasked steps get what they get where the sample has no other steps.
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
    """The output has the mask of the query.

    The next layer is given the mask of the query, not that of the value.
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
    """A causal mask keeps queries from later steps.

    With use_causal_mask=True a step attends to itself and to earlier steps only.
    """
    layer, weights = make(keras, build)
    output = run(lambda t: layer(t, t, use_causal_mask=True), QUERY)
    record("output", output, expected=oracle.multi_head_attention(QUERY, QUERY, CAUSAL, *weights))


@pytest.mark.case(
    "mha.causal.and-padding",
    established=MERGED + "the causal mask and the masks of the inputs are merged by AND",
    needs=["layers.MultiHeadAttention(use_causal_mask)"],
    tags=["MultiHeadAttention", "use_causal_mask", "Masking"],
    modes=["eager", "graph | jit", "session"],
)
def test_causal_and_padding(keras, run, build, record):
    """A causal mask is combined with the mask of the input.

    With use_causal_mask=True an unmasked step attends to itself and to earlier unmasked steps.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    output = run(lambda t: layer(masking(t), masking(t), use_causal_mask=True), QUERY_ZEROED)
    attend = CAUSAL & QUERY_MASK[:, None] | np.eye(QUERIES, dtype=bool)  # itself: only for masked steps a difference
    expected = attention(QUERY, QUERY, attend, weights)
    record("output at unmasked steps", output[QUERY_MASK], expected=expected[QUERY_MASK])


@pytest.mark.case(
    "mha.query-mask-argument",
    unspecified="The arguments query_mask and value_mask of call are not documented; whether they count when they are "
    "passed by hand is worth knowing",
    needs=NEEDS,
    tags=["MultiHeadAttention", "explicit mask"],
    modes=["eager", "graph", "session"],
)
def test_query_mask_argument(keras, run, build, mask_of, record):
    """query_mask= and value_mask= passed by hand.

    They may be used, ignored or refused.
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
    """The input of MultiHeadAttention keeps its mask.

    A layer that is called on the same tensor after MultiHeadAttention is given the mask of the tensor.
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
    """A second MultiHeadAttention is given the mask, too.

    Two calls on the same tensors compute the same at unmasked steps.
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
    established="Source of keras.layers.Add, compute_mask: the masks of the inputs are combined, and of two equal ones "
    "that is the same mask",
    issues=["keras-team/keras#20562", "keras-team/keras#18416"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Add", "GlobalAveragePooling1D", "Masking", "Functional"],
    modes=["eager", "graph", "session"],
)
def test_residual_mask(keras, run, build, record):
    """A residual connection around MultiHeadAttention keeps the mask.

    The layer after Add of a masked sequence and its attention uses the mask that both have.
    """
    masking, add, pooling = keras.layers.Masking(), keras.layers.Add(), keras.layers.GlobalAveragePooling1D()
    layer, weights = make(keras, build)

    def residual(sequence):
        sequence = masking(sequence)
        return pooling(add([sequence, layer(sequence, sequence)]))

    inputs = keras.Input((QUERIES, FEATURES))
    model = keras.Model(inputs, residual(inputs))
    attend = QUERY_MASK[:, None] | np.eye(QUERIES, dtype=bool)  # itself: only for masked steps a difference
    expected = oracle.masked_mean(QUERY + attention(QUERY, QUERY, attend, weights), QUERY_MASK)
    one_by_one, by_model = run(lambda sequence: [residual(sequence), model(sequence)], QUERY_ZEROED)
    record("called one by one", one_by_one, expected=expected)
    record("in a functional model", by_model, expected=expected)


@pytest.mark.case(
    "mha.fully-masked-row",
    unspecified="Nothing is said of a query that may attend to no value: equal weights, zeros and NaN are possible",
    needs=NEEDS,
    tags=["MultiHeadAttention", "all masked"],
)
def test_fully_masked_row(keras, run, build, record):
    """A query that may attend to nothing.

    What it gets is not specified; the other queries are not affected.
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
    """MultiHeadAttention does not warn of masks that it uses.

    A call on masked tensors gives no warning about masks.
    """
    masking, (layer, _) = keras.layers.Masking(), make(keras, build)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(lambda q, v: layer(masking(q), masking(v)), QUERY_ZEROED, VALUE_ZEROED)
    record("warnings about masks", sum("mask" in str(w.message) for w in caught), expected=0)


@pytest.mark.case(
    "mha.tf-function",
    unspecified="No page says whether masks cross the border of a compiled function; what is passed through it may "
    "be the values alone",
    issues=["keras-team/keras#17655", "keras-team/tf-keras#56"],
    needs=NEEDS,
    tags=["MultiHeadAttention", "Masking", "tf.function"],
    modes=["eager", "graph"],
)
def test_tf_function(keras, run, build, record):
    """MultiHeadAttention behind the border of a compiled function.

    Whether it uses the masks of tensors that were masked outside is not specified.
    """
    masking, (layer, weights) = keras.layers.Masking(), make(keras, build)
    traced = run.traced(lambda q, v: layer(q, v))
    output = run(lambda q, v: traced(masking(q), masking(v)), QUERY_ZEROED, VALUE_ZEROED)
    attend = np.broadcast_to(VALUE_MASK[:, None], ATTEND.shape)
    want = attention(QUERY, VALUE_ZEROED, attend, weights)[QUERY_MASK]
    record("masked values are left out", bool(np.allclose(output[QUERY_MASK], want, atol=1e-4)))
