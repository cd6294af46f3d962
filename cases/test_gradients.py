"""Gradients: nothing flows into masked steps, and nothing out of them into weights."""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS, VOCABULARY = 3, 5, 2, 4, 7
# Padded on the right, padded on the left, with gaps.
IDS = np.array([[3, 1, 4, 0, 0], [0, 0, 0, 5, 3], [2, 0, 6, 5, 0]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS
X = np.random.RandomState(81).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it
QUERY = np.random.RandomState(82).uniform(-1, 1, (BATCH, UNITS, FEATURES)).astype("float32")

MODES = ["eager", "graph", "session"]  # the gradient of a loop is not a matter of XLA's
MASK_ARGUMENT = "API docs of keras.layers.RNN, call argument mask: a timestep with a False entry should be ignored"
MEAN = "API docs of keras.layers.GlobalAveragePooling1D, 'Call arguments', mask: excludes steps from the average"
MAY_BE_NAN = (
    "Masked steps are computed and left out afterwards; where they are NaN, the gradient of what is left out is zero "
    "times NaN. No page says that it is not"
)


def squares(ops, tensor):
    """A scalar that depends on all elements of `tensor`."""
    return ops.sum(tensor * tensor)


def numeric_gradient(function, x, step=1e-6):
    """Gradient of the scalar `function` of an array, by central differences."""
    x, gradient = x.astype("float64"), np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        shift = np.zeros(x.shape)
        shift[index] = step
        gradient[index] = (function(x + shift) - function(x - shift)) / (2 * step)
    return gradient


def make_rnn(keras, build, **arguments):
    """A built SimpleRNN and its weights."""
    layer = keras.layers.SimpleRNN(UNITS, **arguments)
    return layer, build(layer, (None, STEPS, FEATURES))


@pytest.mark.case(
    "rnn.gradient-masked-input-zero",
    documented=MASK_ARGUMENT,
    tags=["SimpleRNN", "gradient"],
    modes=["eager", "graph | session"],
)
@pytest.mark.parametrize("unroll", [False, True], ids=["loop", "unroll"])
def test_rnn_input(keras, run, build, ops, record, unroll):
    """Nothing flows into the masked steps of an RNN.

    The gradient of the last output is zero at masked steps; at the others it is that of an RNN that skips them.
    """
    rnn, weights = make_rnn(keras, build, unroll=unroll)
    _, (gradient,), _ = run(lambda t, m: run.gradients(lambda x: squares(ops, rnn(x, mask=m)), [t]), X, MASK)
    want = numeric_gradient(lambda x: np.square(oracle.simple_rnn(x, MASK, *weights)[1]).sum(), X)
    record("gradient at masked steps", gradient[~MASK], expected=np.zeros_like(X[~MASK]))
    record("gradient at unmasked steps", gradient[MASK], expected=want[MASK], rtol=1e-3)


@pytest.mark.case("rnn.gradient-garbage", documented=MASK_ARGUMENT, tags=["SimpleRNN", "gradient"], modes=MODES)
def test_rnn_weights(keras, run, build, ops, record):
    """Masked steps do not train an RNN.

    The gradients of its weights are those for the unmasked steps alone, with large numbers at masked steps, too.
    """
    rnn, weights = make_rnn(keras, build)
    large = np.where(MASK[..., None], X, np.float32(1e6))

    def gradients(t, mask):
        return run.gradients(lambda: squares(ops, rnn(t, mask=mask)), [], rnn.trainable_weights)[2]

    plain, dirty = run(lambda t, g, m: [gradients(t, m), gradients(g, m)], X, large, MASK)
    for i, name in enumerate(["kernel", "recurrent kernel", "bias"]):

        def loss(weight, i=i):
            changed = weights[:i] + [weight] + weights[i + 1 :]
            return np.square(oracle.simple_rnn(X, MASK, *changed)[1]).sum()

        want = numeric_gradient(loss, weights[i])
        record(name, plain[i], expected=want, rtol=1e-3)
        record(name + ", large numbers at masked steps", dirty[i], expected=want, rtol=1e-3)


@pytest.mark.case(
    "rnn.gradient-nan-leak",
    unspecified=MAY_BE_NAN,
    tags=["SimpleRNN", "gradient", "NaN"],
    modes=["eager", "graph | session"],
)
@pytest.mark.parametrize("garbage", [np.nan, np.inf], ids=["nan", "inf"])
def test_rnn_nan(keras, run, build, ops, record, garbage):
    """NaN and infinities at masked steps of an RNN, and the gradients of its weights.

    The last output does not depend on them; whether the gradients are finite is not specified.
    """
    rnn, weights = make_rnn(keras, build)
    dirty = np.where(MASK[..., None], X, np.float32(garbage))
    value, _, gradients = run(
        lambda t, m: run.gradients(lambda: squares(ops, rnn(t, mask=m)), [], rnn.trainable_weights), dirty, MASK
    )
    record("value", value, expected=np.square(oracle.simple_rnn(X, MASK, *weights)[1]).sum())
    for name, gradient in zip(["kernel", "recurrent kernel", "bias"], gradients):
        record("gradient of the %s is finite" % name, bool(np.isfinite(gradient).all()))


@pytest.mark.case(
    "mask.gradient-none",
    established="Source of keras.layers.Masking, call: the output is the input times the mask, cast to its dtype, or "
    "chosen by it; a comparison has no gradient",
    tags=["Masking", "GlobalAveragePooling1D", "gradient"],
    modes=MODES,
)
def test_masking(keras, run, ops, record):
    """A mask does not depend on what it was made of.

    After Masking, the gradient of a masked mean is that of the mean with the mask held fixed, and zero at masked steps.
    """
    masking, pooling = keras.layers.Masking(), keras.layers.GlobalAveragePooling1D()
    _, (gradient,), _ = run(lambda t: run.gradients(lambda x: squares(ops, pooling(masking(x))), [t]), ZEROED)
    mean = oracle.masked_mean(X, MASK)
    want = MASK[..., None] * (2 * mean / MASK.sum(axis=1, keepdims=True))[:, None]
    record("gradient", gradient, expected=want)


@pytest.mark.case(
    "pooling.gap1d.gradient-garbage", documented=MEAN, tags=["GlobalAveragePooling1D", "Dense", "gradient"], modes=MODES
)
def test_mean(keras, run, build, ops, record):
    """Masked steps do not train the layer before a masked mean.

    The gradients of Dense are those for the unmasked steps, with large numbers at masked steps, too, whose own
    gradient is zero.
    """
    dense, pooling = keras.layers.Dense(UNITS), keras.layers.GlobalAveragePooling1D()
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    large = np.where(MASK[..., None], X, np.float32(1e6))
    _, (of_input,), (of_kernel, of_bias) = run(
        lambda t, m: run.gradients(lambda x: squares(ops, pooling(dense(x), mask=m)), [t], dense.trainable_weights),
        large,
        MASK,
    )
    mean_input = oracle.masked_mean(X, MASK)
    of_mean = 2 * (mean_input @ kernel + bias)
    record("kernel", of_kernel, expected=mean_input.T @ of_mean)
    record("bias", of_bias, expected=of_mean.sum(axis=0))
    record("masked steps", of_input[~MASK], expected=np.zeros_like(X[~MASK]))


@pytest.mark.case(
    "pooling.gap1d.gradient-nan",
    unspecified=MAY_BE_NAN,
    tags=["GlobalAveragePooling1D", "gradient", "NaN"],
    modes=MODES,
)
def test_mean_nan(keras, run, build, ops, record):
    """NaN at masked steps before a masked mean, and the gradients of what made them.

    Whether the gradients of Dense are finite where its input is NaN at masked steps is not specified.
    """
    dense, pooling = keras.layers.Dense(UNITS), keras.layers.GlobalAveragePooling1D()
    build(dense, (None, STEPS, FEATURES))
    dirty = np.where(MASK[..., None], X, np.float32(np.nan))
    _, _, gradients = run(
        lambda t, m: run.gradients(lambda x: squares(ops, pooling(dense(x), mask=m)), [t], dense.trainable_weights),
        dirty,
        MASK,
    )
    for name, gradient in zip(["kernel", "bias"], gradients):
        record("gradient of the %s is finite" % name, bool(np.isfinite(gradient).all()))


@pytest.mark.case(
    "embedding.gradient-row-zero",
    documented="API docs of keras.layers.Embedding, argument mask_zero: 0 is padding that should be masked out; "
    + MASK_ARGUMENT,
    tags=["Embedding", "SimpleRNN", "GlobalAveragePooling1D", "gradient"],
    modes=MODES,
)
def test_embedding(keras, run, build, ops, record):
    """The vector of the masked id is not trained.

    Through a layer that uses the mask, row 0 of the table gets a gradient of zeros, the rows of other ids get theirs.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    (table,) = build(embedding, (None, STEPS))
    pooling, (rnn, weights) = keras.layers.GlobalAveragePooling1D(), make_rnn(keras, build)

    def table_gradient(layer, ids):
        return run.gradients(lambda: squares(ops, layer(embedding(ids))), [], embedding.trainable_weights)[2][0]

    by_mean, by_rnn = run(lambda ids: [table_gradient(pooling, ids), table_gradient(rnn, ids)], IDS)
    of_mean = numeric_gradient(lambda t: np.square(oracle.masked_mean(t[IDS], MASK)).sum(), table)
    of_rnn = numeric_gradient(lambda t: np.square(oracle.simple_rnn(t[IDS], MASK, *weights)[1]).sum(), table)
    record("GlobalAveragePooling1D", by_mean, expected=of_mean, rtol=1e-3)
    record("SimpleRNN", by_rnn, expected=of_rnn, rtol=1e-3)


@pytest.mark.case(
    "attention.gradient-masked",
    documented="API docs of keras.layers.Attention, 'Call arguments', mask: values where value_mask is False do not "
    "contribute to the result, and the output is zero where query_mask is False",
    issues=["keras-team/keras#21483", "keras-team/keras#21595"],
    tags=["Attention", "AdditiveAttention", "gradient", "explicit mask"],
    needs=["layers.Attention", "layers.AdditiveAttention"],
    modes=MODES,
)
@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"], ids=["dot", "additive"])
def test_attention(keras, run, ops, record, name):
    """Nothing flows into masked values and masked queries.

    The gradients of both are zero at masked positions, and at the others those of attention without masked values.
    """
    layer = getattr(keras.layers, name)(use_scale=False)
    queries = np.arange(UNITS) < np.array([[UNITS], [1], [2]])
    _, (of_query, of_value), _ = run(
        lambda q, v, qm, vm: run.gradients(lambda a, b: squares(ops, layer([a, b], mask=[qm, vm])), [q, v]),
        *[QUERY, X, queries, MASK],
    )

    def loss(query, value):
        output = oracle.attention(query, value, MASK[:, None], additive=name == "AdditiveAttention")
        return np.square(output[queries]).sum()

    want_query, want_value = (
        numeric_gradient(lambda q: loss(q, X), QUERY),
        numeric_gradient(lambda v: loss(QUERY, v), X),
    )
    record("query", of_query, expected=want_query, rtol=1e-3)
    record("value", of_value, expected=want_value, rtol=1e-3)


@pytest.mark.case(
    "mha.gradient-masked",
    established="Docstring of MultiHeadAttention._compute_attention_mask: the masks of query and value are used",
    tags=["MultiHeadAttention", "Masking", "gradient"],
    needs=["layers.MultiHeadAttention"],
    modes=MODES,
)
def test_multi_head_attention(keras, run, build, ops, record):
    """Masked values do not train MultiHeadAttention.

    With the mask of a layer before it, masked values get a gradient of zeros, and others do not.
    """
    layer = keras.layers.MultiHeadAttention(2, 3)
    layer(keras.Input((UNITS, FEATURES)), keras.Input((STEPS, FEATURES)))
    weights, masking = build(layer), keras.layers.Masking()
    _, (gradient,), _ = run(
        lambda q, v: run.gradients(lambda x: squares(ops, layer(q, masking(x))), [v]), QUERY, ZEROED
    )

    def loss(value):
        return np.square(oracle.multi_head_attention(QUERY, value, MASK[:, None, None], *weights)).sum()

    record("gradient", gradient, expected=numeric_gradient(loss, X), rtol=1e-3)


@pytest.mark.case(
    "loss.gradient-masked",
    unspecified="No page says whether a loss that is called looks for the mask of the predictions",
    tags=["loss", "Embedding", "Dense", "gradient"],
    needs=["losses.MeanSquaredError"],
    modes=MODES,
)
def test_loss(keras, run, build, ops, record):
    """Masked predictions in a training loop of one's own.

    Whether a loss called on the output of layers trains the vector of the masked id is not specified.
    """
    embedding, dense = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.Dense(UNITS)
    build(embedding, (None, STEPS))
    build(dense, (None, STEPS, FEATURES))
    loss, targets = keras.losses.MeanSquaredError(), np.ones((BATCH, STEPS, UNITS), "float32")

    def gradient(ids, y):
        return run.gradients(lambda: loss(y, dense(embedding(ids))), [], embedding.trainable_weights)[2][0]

    table = run(gradient, IDS, targets)
    record("the vector of the masked id has a gradient", bool(table[0].any()))
    record("that of another id has one", bool(table[3].any()), expected=True)
