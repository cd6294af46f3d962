"""Laws.

Properties that hold for all values, sizes and masks; random inputs come from one seed.

A law compares two calls of a layer. The first sample for which they differ is recorded, with the observed and the
required output; samples with few masked timesteps come first.
"""

import inspect

import numpy as np
import pytest
import recurrent

from conformance.case import Unsupported

SEED = 71
STEPS, FEATURES, UNITS, QUERIES, VOCABULARY = 11, 2, 5, 7, 6
RECURRENT = ["SimpleRNN", "LSTM", "GRU", "GRU-reset-before", "Bidirectional"]
ATTENTION = ["Attention", "AdditiveAttention", "MultiHeadAttention"]
ONE_OUTPUT_PER_STEP = RECURRENT + ["Softmax", "BatchNormalization"]

GUIDE = "Guide 'Understanding masking & padding', section "
IGNORED = GUIDE + "'Introduction': masking tells layers that certain timesteps are missing and should be skipped"
ROWS = (
    GUIDE + "'Mask-generating layers: Embedding and Masking': each entry of a mask of (batch, timesteps) "
    "says of one timestep of one sample whether it is to be ignored"
)
PASSED = GUIDE + "'Passing mask tensors directly to layers': the output of compute_mask can be passed to call"
ONCE = ["eager | session | graph"]


class Draw(object):
    """Random samples with the same number of unmasked timesteps, and the same samples without the masked ones.

    The first three are padded on the right, padded on the left, and have one long gap; the others are masked at random.
    """

    def __init__(self, random, batch, kept):
        every = np.arange(STEPS)
        places = [every[:kept], every[-kept:], np.append(every[:1], every[1 - kept :])]
        places += [random.permutation(STEPS)[:kept] for _ in range(batch - 3)]
        self.mask = np.array([np.isin(every, place) for place in places])
        self.x = random.uniform(-1, 1, (batch, STEPS, FEATURES)).astype("float32")
        self.query = random.uniform(-1, 1, (batch, QUERIES, FEATURES)).astype("float32")
        self.short = self.x[self.mask].reshape(batch, kept, FEATURES)


RANDOM = np.random.RandomState(SEED)
DRAWS = [Draw(RANDOM, batch=3, kept=9), Draw(RANDOM, batch=5, kept=4)]
# All of them as one batch, for laws that allow samples of different lengths.
X, MASK, QUERY = (np.concatenate([getattr(d, name) for d in DRAWS]) for name in ("x", "mask", "query"))


def make(keras, build, ops, name):
    """Return a function of (batch, timesteps, features) inputs, a mask (or None) and queries that applies the layer."""
    if name in recurrent.KINDS:
        layer = recurrent.make_recurrent(keras, name, UNITS, return_sequences=True)
    elif not hasattr(keras.layers, name):
        raise Unsupported("there is no keras.layers.%s" % name)
    else:
        arguments = {
            "Bidirectional": {"layer": keras.layers.SimpleRNN(UNITS, return_sequences=True)},
            "MultiHeadAttention": {"num_heads": 3, "key_dim": 4},
        }
        layer = getattr(keras.layers, name)(**arguments.get(name, {}))
    if name in ("Softmax", "BatchNormalization") and "mask" not in inspect.signature(layer.call).parameters:
        raise Unsupported("the call of keras.layers.%s has no argument mask" % name)
    if name == "MultiHeadAttention":
        layer(keras.Input((QUERIES, FEATURES)), keras.Input((None, FEATURES)))
        build(layer)
    elif name in RECURRENT:
        build(layer, (None, None, FEATURES))
    elif name == "AdditiveAttention":
        build(layer, [(None, QUERIES, FEATURES), (None, None, FEATURES)])
    elif name == "BatchNormalization":
        layer.build((None, None, FEATURES))

    def call(x, mask, query):
        if name == "MultiHeadAttention":
            return layer(query, x, **({} if mask is None else {"attention_mask": ops.expand_dims(mask, axis=1)}))
        given = {"training": True} if name == "BatchNormalization" else {}
        if name in ATTENTION:  # with a query mask, since not every version accepts None in the list
            given["mask"] = None if mask is None else [ops.equal(query[..., 0], query[..., 0]), mask]
            return layer([query, x], **given)
        if mask is not None:
            given["mask"] = mask
        return layer(x[..., 0] if name == "Softmax" else x, **given)

    return call


def rows(name, outputs, mask):
    """Return the output of each sample, at unmasked timesteps if there is one per timestep."""
    return [o[m] for o, m in zip(outputs, mask)] if name in ONE_OUTPUT_PER_STEP else list(outputs)


def record_difference(record, mask, observed, lawful, judged=True):
    """Record the first sample for which `observed` and `lawful` differ; none is expected."""
    record("seed", SEED)
    expected = {"expected": None} if judged else {}
    for i, (one, other) in enumerate(zip(observed, lawful)):
        if not np.allclose(one, other, rtol=1e-4, atol=1e-5):
            steps = "".join("%d" % kept for kept in mask[i])
            record("counter-example", "sample %d with mask %s" % (i, steps), **expected)
            record("observed output", one)
            record("required output", other)
            return
    record("counter-example", None, **expected)


@pytest.mark.case(
    "law.padding", documented=IGNORED, tags=["{name}", "law", "padding"], modes=["eager | session | graph", "jit"]
)
@pytest.mark.parametrize("name", RECURRENT + ["GlobalAveragePooling1D", "Softmax", "BatchNormalization"] + ATTENTION)
def test_padding(keras, run, build, ops, record, name):
    """Padding never changes the output.

    Samples padded on the right, on the left, in the middle and at random have, at unmasked timesteps, the same output
    as without the masked timesteps.
    """
    layer, observed, lawful = make(keras, build, ops, name), [], []
    draws = (
        DRAWS[1:] if run.mode == "jit" else DRAWS
    )  # all kinds of masks; XLA would recompile the layer for another size
    for d in draws:
        padded, short = run(
            lambda x, mask, query, short: [layer(x, mask, query), layer(short, None, query)],
            *[d.x, d.mask, d.query, d.short],
        )
        observed, lawful = observed + rows(name, padded, d.mask), lawful + list(short)
    record_difference(record, np.concatenate([d.mask for d in draws]), observed, lawful)


@pytest.mark.case("law.garbage", documented=IGNORED, tags=["{name}", "law", "garbage"], modes=ONCE)
@pytest.mark.parametrize("name", RECURRENT + ["Softmax", "BatchNormalization"] + ATTENTION)
def test_garbage(keras, run, build, ops, record, name):
    """Values at masked timesteps do not change the output.

    Large numbers at masked timesteps do not change the output at the others.
    """
    record_garbage(run, record, make(keras, build, ops, name), name, 3e3)


def record_garbage(run, record, layer, name, garbage, judged=True):
    dirty, clean = run(
        lambda x, dirty, mask, query: [layer(dirty, mask, query), layer(x, mask, query)],
        *[X, np.where(MASK[..., None], X, np.float32(garbage)), MASK, QUERY],
    )
    record_difference(record, MASK, rows(name, dirty, MASK), rows(name, clean, MASK), judged)


@pytest.mark.case(
    "law.garbage.not-finite",
    unspecified="A layer that multiplies masked timesteps by zero keeps NaN and infinity; "
    "the docs do not say whether it may, except for RNNs and means",
    tags=["{name}", "law", "garbage", "NaN", "inf"],
    modes=ONCE,
)
@pytest.mark.parametrize("garbage", [np.nan, np.inf], ids=["nan", "inf"])
@pytest.mark.parametrize("name", ["Softmax", "BatchNormalization", "Attention", "MultiHeadAttention"])
def test_garbage_not_finite(keras, run, build, ops, record, name, garbage):
    """NaN or infinity at masked timesteps.

    Whether they change the output at unmasked timesteps is not specified.
    """
    record_garbage(run, record, make(keras, build, ops, name), name, garbage, judged=False)


@pytest.mark.case("law.permutation", documented=ROWS, tags=["{name}", "law", "batch"], modes=ONCE)
@pytest.mark.parametrize(
    "name",
    RECURRENT + ["GlobalAveragePooling1D", "Softmax", "BatchNormalization", "Attention", "MultiHeadAttention"],
)
def test_permutation(keras, run, build, ops, record, name):
    """Permuting the samples permutes the output.

    When samples and their masks are reordered, the outputs are the same in the new order.

    For RNNs, one sample is fully masked.
    """
    layer, mask = make(keras, build, ops, name), MASK.copy()
    if name in RECURRENT:
        mask[-1] = False
    order = np.random.RandomState(SEED).permutation(len(MASK))
    permuted, plain = run(
        lambda *t: [layer(*t[:3]), layer(*t[3:])], *[a[order] for a in (X, mask, QUERY)] + [X, mask, QUERY]
    )
    record_difference(record, mask, permuted[np.argsort(order)], plain)


@pytest.mark.case("law.single-sample", documented=ROWS, tags=["{name}", "law", "batch"], modes=ONCE)
@pytest.mark.parametrize(
    "name",
    RECURRENT + ["GlobalAveragePooling1D", "Softmax", "Attention", "MultiHeadAttention"],
)
def test_single_sample(keras, run, build, ops, record, name):
    """A sample has the same output alone as in a batch.

    A batch of one sample and its row of the mask gives the output of that sample in the larger batch.
    """
    layer, i = make(keras, build, ops, name), 4
    alone, together = run(
        lambda x, mask, query: [layer(x[i : i + 1], mask[i : i + 1], query[i : i + 1]), layer(x, mask, query)],
        *[X, MASK, QUERY],
    )
    record_difference(record, MASK[i : i + 1], alone, together[i : i + 1])


@pytest.mark.case("law.all-true", documented=ROWS, tags=["{name}", "law"], modes=ONCE)
@pytest.mark.parametrize(
    "name",
    RECURRENT + ["GlobalAveragePooling1D", "Softmax", "BatchNormalization", "Attention", "MultiHeadAttention"],
)
def test_all_true(keras, run, build, ops, record, name):
    """An all-True mask does not change the output.

    With a mask that is True everywhere, the output is the same as without a mask.
    """
    layer, mask = make(keras, build, ops, name), np.ones_like(MASK)
    masked, plain = run(lambda x, m, query: [layer(x, m, query), layer(x, None, query)], X, mask, QUERY)
    record_difference(record, mask, masked, plain)


@pytest.mark.case("law.implicit-is-explicit", documented=PASSED, tags=["{name}", "law", "explicit mask"], modes=ONCE)
@pytest.mark.parametrize("name", RECURRENT + ["GlobalAveragePooling1D", "BatchNormalization"])
def test_implicit_is_explicit(keras, run, build, ops, record, name):
    """An attached mask acts like `mask=`.

    After Masking, the output is the same as with that mask passed as `mask=`.
    """
    masking, layer = keras.layers.Masking(), make(keras, build, ops, name)
    implicit, explicit = run(
        lambda x, mask, query: [layer(masking(x), None, query), layer(x, mask, query)],
        *[X * MASK[..., None], MASK, QUERY],
    )
    record_difference(record, MASK, implicit, explicit)


@pytest.mark.case(
    "law.masked-loss",
    established="Source of keras.Model: the mask of an output is a weight of its loss, in _prepare_total_loss or "
    "LossesContainer, since TF 2.11 and in Keras 3 in keras.losses.Loss.__call__",
    tags=["law", "loss", "Embedding", "compile"],
    modes=ONCE,
)
@pytest.mark.parametrize("law", ["permutation", "all-true", "garbage"])
def test_masked_loss(keras, run, build, record, law):
    """A masked loss obeys the laws.

    The loss is the same for reordered samples, for an all-True mask and none, and for other outputs and targets at
    masked timesteps.
    """

    def make_model(mask_zero):
        inputs = keras.Input((STEPS,), dtype="int32")
        embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=mask_zero)
        model = keras.Model(inputs, keras.layers.Dense(UNITS)(embedding(inputs)))
        run.compile(model, optimizer="sgd", loss="mse")
        return model, build(model)

    random = np.random.RandomState(SEED)
    ids = random.randint(1, VOCABULARY, MASK.shape).astype("int32")
    y = random.uniform(-1, 1, MASK.shape + (UNITS,)).astype("float32")
    model, weights = make_model(mask_zero=True)
    if law == "all-true":
        one, other = (run.test_on_batch(m, ids, y) for m in (model, make_model(mask_zero=False)[0]))
    else:
        one = run.test_on_batch(model, ids * MASK, y)
        if law == "permutation":
            order = random.permutation(len(ids))
            ids, y, changed = ids[order], y[order], MASK[order]
        else:
            weights[0][0] = 50.0
            model.set_weights(weights)
            y, changed = np.where(MASK[..., None], y, np.float32(-70)), MASK
        other = run.test_on_batch(model, ids * changed, y)
    record("seed", SEED)
    record("loss", one, expected=other)
