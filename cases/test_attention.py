"""Attention.

`Attention` and `AdditiveAttention`: masks of queries, masks of values, causal masks.
"""

import inspect

import numpy as np
import oracle
import pytest

from conformance.case import Raised

BATCH, QUERIES, VALUES, FEATURES = 3, 4, 5, 6
QUERY_MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 1, 1, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
QUERY = np.random.RandomState(61).uniform(-1, 1, (BATCH, QUERIES, FEATURES)).astype("float32")
VALUE = np.random.RandomState(62).uniform(-1, 1, (BATCH, VALUES, FEATURES)).astype("float32")
# `Masking` makes QUERY_MASK and VALUE_MASK of these. Zeros still count: they have a score like others.
QUERY_ZEROED = np.where(QUERY_MASK[..., None], QUERY, np.float32(0))
VALUE_ZEROED = np.where(VALUE_MASK[..., None], VALUE, np.float32(0))

NEEDS = ["layers.Attention", "layers.AdditiveAttention"]
API = "API docs of keras.layers.Attention and AdditiveAttention, 'Call arguments', "
OF_VALUE = API + "mask: values at positions where value_mask is False do not contribute to the result"
OF_QUERY = API + "mask: the output is zero at the positions where query_mask is False"
CAUSAL = API + "use_causal_mask: position i cannot attend to positions j > i"
AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "Keras fetches the mask of an input and passes it to any layer that knows how to use it"
)
SHAPES_ISSUES = ["keras-team/keras#21483", "keras-team/keras#21595"]
both = pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"], ids=["dot", "additive"])


def make(keras, name):
    """The layer. It has no weights, and the values are the keys."""
    return getattr(keras.layers, name)(use_scale=False)


def make_causal(keras, name):
    """Function of the inputs and a mask: the layer, causal by an argument of its call or of its constructor."""
    layer_class = getattr(keras.layers, name)
    if "use_causal_mask" in inspect.signature(layer_class.call).parameters:
        layer = layer_class(use_scale=False)
        return lambda inputs, mask: layer(inputs, mask=mask, use_causal_mask=True)
    layer = layer_class(use_scale=False, causal=True)
    return lambda inputs, mask: layer(inputs, mask=mask)


def expect(name, query, value, mask):
    """What the layer of this name computes; mask: broadcasts to (B, Tq, Tv)."""
    return oracle.attention(query, value, mask, additive=name == "AdditiveAttention")


@pytest.mark.case(
    "attention.value-mask", documented=OF_VALUE, issues=SHAPES_ISSUES, needs=NEEDS, tags=["Attention", "explicit mask"]
)
@both
def test_value_mask(keras, run, record, name):
    """Masked values do not count.

    With a mask for queries and one for values, unmasked queries attend to the unmasked values only.
    """
    layer = make(keras, name)
    output = run(lambda q, v, qm, vm: layer([q, v], mask=[qm, vm]), QUERY, VALUE, QUERY_MASK, VALUE_MASK)
    expected = expect(name, QUERY, VALUE, VALUE_MASK[:, None])
    record("output at unmasked queries", output[QUERY_MASK], expected=expected[QUERY_MASK])


@pytest.mark.case(
    "attention.value-mask.as-many-queries-as-samples",
    documented=OF_VALUE,
    issues=SHAPES_ISSUES,
    needs=NEEDS,
    tags=["Attention", "explicit mask"],
    modes=["eager", "graph | jit", "session"],
)
@both
def test_value_mask_as_many_queries_as_samples(keras, run, record, name):
    """Masked values do not count where batch size and number of queries are the same.

    Each sample has its own mask of values, which is not mistaken for one that each query has.
    """
    layer, query, query_mask = make(keras, name), QUERY[:, :BATCH], np.ones((BATCH, BATCH), bool)
    output = run(lambda q, v, qm, vm: layer([q, v], mask=[qm, vm]), query, VALUE, query_mask, VALUE_MASK)
    record("output", output, expected=expect(name, query, VALUE, VALUE_MASK[:, None]))


@pytest.mark.case("attention.query-mask", documented=OF_QUERY, needs=NEEDS, tags=["Attention", "Masking"])
@both
def test_query_mask(keras, run, record, name):
    """The output at masked queries is zero.

    After Masking of the queries alone, masked queries get zeros and the others attend to all values.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    output = run(lambda q, v: layer([masking(q), v]), QUERY_ZEROED, VALUE)
    record("output", output, expected=expect(name, QUERY, VALUE, None) * QUERY_MASK[..., None])


@pytest.mark.case(
    "attention.none-in-mask-list",
    established="Source of keras.layers.Attention, call: each of the two masks may be None",
    severity="raises",
    needs=NEEDS,
    tags=["Attention", "explicit mask"],
    modes=["eager", "graph | jit", "session"],
)
@both
def test_none_in_mask_list(keras, run, record, name):
    """A mask for queries or values alone.

    In the list of masks, either may be None.
    """
    layer = make(keras, name)

    arrays = [QUERY, VALUE, QUERY_MASK, VALUE_MASK]

    def with_value_mask(q, v, qm, vm):
        return layer([q, v], mask=[None, vm])

    def with_query_mask(q, v, qm, vm):
        return layer([q, v], mask=[qm, None])

    outputs = run.attempt(lambda *t: [with_value_mask(*t), with_query_mask(*t)], *arrays)
    if isinstance(outputs, Raised):  # one of them, or both
        outputs = [run.attempt(fn, *arrays) for fn in (with_value_mask, with_query_mask)]
    of_value, of_query = outputs
    record("value mask alone", of_value, expected=expect(name, QUERY, VALUE, VALUE_MASK[:, None]))
    record("query mask alone", of_query, expected=expect(name, QUERY, VALUE, None) * QUERY_MASK[..., None])


@pytest.mark.case(
    "attention.auto-mask",
    documented=AUTOMATIC,
    needs=NEEDS,
    tags=["Attention", "Masking"],
    modes=["eager", "graph | jit", "session"],
)
@both
def test_auto_mask(keras, run, record, name):
    """The masks of queries and values are used.

    After Masking, unmasked queries attend to the unmasked values only, and masked queries get zeros.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    output = run(lambda q, v: layer([masking(q), masking(v)]), QUERY_ZEROED, VALUE_ZEROED)
    expected = expect(name, QUERY, VALUE, VALUE_MASK[:, None]) * QUERY_MASK[..., None]
    record("output", output, expected=expected)


@pytest.mark.case(
    "attention.auto-mask.value-only",
    documented=AUTOMATIC,
    needs=NEEDS,
    tags=["Attention", "Masking"],
    modes=["eager", "graph | jit", "session"],
)
@both
def test_auto_mask_value_only(keras, run, record, name):
    """The mask of the values is used where the queries have none.

    After Masking of the values alone, all queries attend to the unmasked values only.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    output = run(lambda q, v: layer([q, masking(v)]), QUERY, VALUE_ZEROED)
    record("output", output, expected=expect(name, QUERY, VALUE, VALUE_MASK[:, None]))


@pytest.mark.case(
    "attention.output-mask",
    established="Source of keras.layers.Attention, compute_mask: the mask of the query",
    needs=NEEDS,
    tags=["Attention", "Masking"],
)
@both
def test_output_mask(keras, run, mask_of, record, name):
    """The output has the mask of the query.

    The next layer is given the mask of the query.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    mask = run(lambda q, v: mask_of(layer([masking(q), v])), QUERY_ZEROED, VALUE)
    record("mask", mask, expected=QUERY_MASK)


@pytest.mark.case(
    "attention.causal",
    documented=CAUSAL,
    needs=NEEDS,
    tags=["Attention", "use_causal_mask"],
    modes=["eager", "graph | jit", "session"],
)
@both
def test_causal(keras, run, record, name):
    """A causal mask keeps queries from later steps.

    A step attends to itself and to earlier steps only, with use_causal_mask=True or, before it existed, causal=True.
    """
    layer = make_causal(keras, name)
    output = run(lambda t: layer([t, t], None), QUERY)
    record("output", output, expected=expect(name, QUERY, QUERY, np.tril(np.ones((QUERIES, QUERIES), bool))))


@pytest.mark.case(
    "attention.causal-and-value",
    documented=CAUSAL + "; " + OF_VALUE[len(API) :],
    issues=["keras-team/keras#19093"],
    needs=NEEDS,
    tags=["Attention", "use_causal_mask", "explicit mask"],
)
@both
def test_causal_and_value(keras, run, record, name):
    """A causal mask is combined with the mask of the values.

    An unmasked step attends to itself and to earlier unmasked steps.
    """
    layer = make_causal(keras, name)
    output = run(lambda t, m: layer([t, t], [m, m]), QUERY, QUERY_MASK)
    causal = np.tril(np.ones((QUERIES, QUERIES), bool)) & QUERY_MASK[:, None]
    attend = causal | np.eye(QUERIES, dtype=bool)  # itself: only for masked steps a difference
    record("output at unmasked steps", output[QUERY_MASK], expected=expect(name, QUERY, QUERY, attend)[QUERY_MASK])


@pytest.mark.case(
    "attention.mask-list-length",
    documented=AUTOMATIC + "; " + OF_VALUE[len("API docs of ") :],
    severity="raises",
    issues=["tensorflow/tensorflow#41294"],
    needs=NEEDS,
    tags=["Attention", "Masking"],
    modes=["eager", "graph | jit", "session"],
)
@both
def test_mask_list_length(keras, run, record, name):
    """Keys that are given beside the values may have a mask, too.

    With masked queries, values and keys, the masks of queries and values are used.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    masked = run(lambda q, v: layer([masking(q), masking(v), masking(v)]), QUERY_ZEROED, VALUE_ZEROED)
    want = expect(name, QUERY, VALUE, VALUE_MASK[:, None]) * QUERY_MASK[..., None]
    record("output", masked, expected=want)


@pytest.mark.case(
    "attention.fully-masked-row",
    unspecified="The docs ask for one unmasked value at least; equal weights, zeros and NaN are possible without one",
    issues=SHAPES_ISSUES,
    needs=NEEDS,
    tags=["Attention", "explicit mask", "all masked"],
)
@both
def test_fully_masked_row(keras, run, record, name):
    """A sample all of whose values are masked.

    What its queries get is not specified; those of the other samples are not affected.
    """
    layer, mask = make(keras, name), VALUE_MASK * np.array([[True], [False], [True]])
    output = run(lambda q, v, vm, qm: layer([q, v], mask=[qm, vm]), QUERY, VALUE, mask, np.ones_like(QUERY_MASK))
    record("masked sample", output[1])
    record("the mean of all values", bool(np.allclose(output[1], VALUE[1].mean(axis=0), atol=1e-5)))
    record("other samples", output[::2], expected=expect(name, QUERY, VALUE, VALUE_MASK[:, None])[::2])


@pytest.mark.case(
    "attention.half",
    documented=OF_VALUE,
    severity="raises",
    issues=["tensorflow/tensorflow#46064"] + SHAPES_ISSUES,
    needs=NEEDS,
    tags=["Attention", "float16", "bfloat16", "explicit mask"],
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@both
def test_half(keras, run, ops, record, name, dtype):
    """Masked values do not count in half precision.

    Scores of masked values are moved so far down that they do not count, and do not overflow.
    """
    layer = getattr(keras.layers, name)(use_scale=False, dtype=dtype)
    large = np.where(VALUE_MASK[..., None], VALUE, np.float32(20))

    def call(q, v, qm, vm):
        return ops.cast(layer([ops.cast(q, dtype), ops.cast(v, dtype)], mask=[qm, vm]), "float32")

    output = run(call, QUERY, large, QUERY_MASK, VALUE_MASK)
    want = expect(name, QUERY, VALUE, VALUE_MASK[:, None]) * QUERY_MASK[..., None]
    record("output", output, expected=want, rtol=0.05, atol=0.03)
