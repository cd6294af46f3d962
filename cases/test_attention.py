"""Attention.

`Attention` and `AdditiveAttention`: query masks, value masks and causal masks.
"""

import inspect

import numpy as np
import oracle
import pytest
import thinning

from conformance.case import Raised

BATCH, QUERIES, VALUES, FEATURES = 3, 4, 5, 6
QUERY_MASK = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [0, 1, 1, 0]], bool)
VALUE_MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 0, 0]], bool)
QUERY = np.random.RandomState(61).uniform(-1, 1, (BATCH, QUERIES, FEATURES)).astype("float32")
VALUE = np.random.RandomState(62).uniform(-1, 1, (BATCH, VALUES, FEATURES)).astype("float32")
# For queries that are as many as the values: no row is one of VALUE_MASK, so that no mask can stand for the other.
OWN_MASK = np.array([[0, 1, 0, 1, 1], [1, 1, 0, 0, 0], [0, 1, 1, 0, 1]], bool)
# `Masking` computes QUERY_MASK and VALUE_MASK from these. Zeros still matter: they have a score like any other value.
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
    """Construct the layer: no weights, and the values are the keys."""
    return getattr(keras.layers, name)(use_scale=False)


def make_causal(keras, name):
    """Return a function of inputs and mask that calls the layer, made causal by `call` or by its constructor."""
    layer_class = getattr(keras.layers, name)
    if "use_causal_mask" in inspect.signature(layer_class.call).parameters:
        layer = layer_class(use_scale=False)
        return lambda inputs, mask: layer(inputs, mask=mask, use_causal_mask=True)
    layer = layer_class(use_scale=False, causal=True)
    return lambda inputs, mask: layer(inputs, mask=mask)


def expect(name, query, value, mask):
    """Compute the expected output of the layer; mask: broadcasts to (B, Tq, Tv)."""
    return oracle.attention(query, value, mask, additive=name == "AdditiveAttention")


@pytest.mark.case(
    "attention.value-mask", documented=OF_VALUE, issues=SHAPES_ISSUES, needs=NEEDS, tags=["Attention", "explicit mask"]
)
@both
def test_value_mask(keras, run, record, name):
    """Attention ignores masked values.

    With a query mask and a value mask, unmasked queries attend to the unmasked values only.
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
    thinned=[thinning.GRAPH_FOR_JIT],
)
@both
def test_value_mask_as_many_queries_as_samples(keras, run, record, name):
    """Attention applies the value mask per sample for as many queries as samples.

    Each sample uses its own row of the value mask, which is not mistaken for one row per query.
    """
    layer, query, query_mask = make(keras, name), QUERY[:, :BATCH], np.ones((BATCH, BATCH), bool)
    output = run(lambda q, v, qm, vm: layer([q, v], mask=[qm, vm]), query, VALUE, query_mask, VALUE_MASK)
    record("output", output, expected=expect(name, query, VALUE, VALUE_MASK[:, None]))


@pytest.mark.case("attention.query-mask", documented=OF_QUERY, needs=NEEDS, tags=["Attention", "Masking"])
@both
def test_query_mask(keras, run, record, name):
    """Attention outputs zeros at masked queries.

    When only the queries are masked, the output is zero at masked queries, and the other queries attend to all values.
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
    thinned=[thinning.GRAPH_FOR_JIT],
)
@both
def test_none_in_mask_list(keras, run, record, name):
    """Attention accepts None for the query mask or the value mask.

    With `mask=[query_mask, None]` or `mask=[None, value_mask]`, only the given mask is applied.
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
    thinned=[thinning.GRAPH_FOR_JIT],
)
@both
def test_auto_mask(keras, run, record, name):
    """Attention uses the masks of queries and values.

    After Masking, unmasked queries attend to the unmasked values only, and the output is zero at masked queries.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    output = run(lambda q, v: layer([masking(q), masking(v)]), QUERY_ZEROED, VALUE_ZEROED)
    expected = expect(name, QUERY, VALUE, VALUE_MASK[:, None]) * QUERY_MASK[..., None]
    record("output", output, expected=expected)


@pytest.mark.case(
    "attention.own-masks", documented=AUTOMATIC, needs=NEEDS, tags=["Attention", "Masking", "several inputs"]
)
@both
def test_own_masks(keras, run, record, name):
    """Attention uses the mask of the query for the query and that of the value for the value.

    With as many queries as values and another mask for each, the output is zero at masked queries, and the other
    queries attend to the unmasked values.
    """
    masking, layer, query = keras.layers.Masking(), make(keras, name), VALUE[::-1] * OWN_MASK[..., None]
    output = run(lambda q, v: layer([masking(q), masking(v)]), query, VALUE_ZEROED)
    expected = expect(name, query, VALUE_ZEROED, VALUE_MASK[:, None]) * OWN_MASK[..., None]
    record("output", output, expected=expected)


@pytest.mark.case(
    "attention.auto-mask.value-only",
    documented=AUTOMATIC,
    needs=NEEDS,
    tags=["Attention", "Masking"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@both
def test_auto_mask_value_only(keras, run, record, name):
    """Attention uses the mask of the values when the queries have none.

    When only the values are masked, all queries attend to the unmasked values only.
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
    """Attention propagates the mask of the query.

    The output of the layer has the mask of the query.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    mask = run(lambda q, v: mask_of(layer([masking(q), v])), QUERY_ZEROED, VALUE)
    record("mask", mask, expected=QUERY_MASK)


@pytest.mark.case(
    "attention.causal",
    documented=CAUSAL,
    needs=NEEDS,
    tags=["Attention", "use_causal_mask"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@both
def test_causal(keras, run, record, name):
    """Attention with a causal mask ignores later timesteps.

    A timestep attends only to itself and to earlier timesteps, with `use_causal_mask=True` or, in older releases,
    `causal=True`.
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
    """Attention merges the causal mask with the value mask.

    An unmasked timestep attends only to itself and to earlier unmasked timesteps.
    """
    layer = make_causal(keras, name)
    output = run(lambda t, m: layer([t, t], [m, m]), QUERY, QUERY_MASK)
    causal = np.tril(np.ones((QUERIES, QUERIES), bool)) & QUERY_MASK[:, None]
    attend = causal | np.eye(QUERIES, dtype=bool)  # attending to itself matters for masked timesteps only
    record("output at unmasked steps", output[QUERY_MASK], expected=expect(name, QUERY, QUERY, attend)[QUERY_MASK])


@pytest.mark.case(
    "attention.mask-list-length",
    documented=AUTOMATIC + "; " + OF_VALUE[len("API docs of ") :],
    severity="raises",
    issues=["tensorflow/tensorflow#41294"],
    needs=NEEDS,
    tags=["Attention", "Masking"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@both
def test_mask_list_length(keras, run, record, name):
    """Attention accepts masked keys beside masked values.

    With masked queries, values and keys, the layer applies the masks of queries and values.
    """
    masking, layer = keras.layers.Masking(), make(keras, name)
    masked = run(lambda q, v: layer([masking(q), masking(v), masking(v)]), QUERY_ZEROED, VALUE_ZEROED)
    want = expect(name, QUERY, VALUE, VALUE_MASK[:, None]) * QUERY_MASK[..., None]
    record("output", masked, expected=want)


@pytest.mark.case(
    "attention.fully-masked-row",
    unspecified="The docs require an unmasked value; without one, equal weights, zeros and NaN are all possible",
    issues=SHAPES_ISSUES,
    needs=NEEDS,
    tags=["Attention", "explicit mask", "all masked"],
)
@both
def test_fully_masked_row(keras, run, record, name):
    """Attention over a sample whose values are all masked.

    What its queries get is not specified; the other samples are not affected.
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
    """Attention ignores masked values in half precision.

    The large negative scores of masked values neither contribute to the output nor overflow.
    """
    layer = getattr(keras.layers, name)(use_scale=False, dtype=dtype)
    large = np.where(VALUE_MASK[..., None], VALUE, np.float32(20))

    def call(q, v, qm, vm):
        return ops.cast(layer([ops.cast(q, dtype), ops.cast(v, dtype)], mask=[qm, vm]), "float32")

    output = run(call, QUERY, large, QUERY_MASK, VALUE_MASK)
    want = expect(name, QUERY, VALUE, VALUE_MASK[:, None]) * QUERY_MASK[..., None]
    record("output", output, expected=want, rtol=0.05, atol=0.03)
