"""TimeDistributed.

Masks of the outer timesteps, and masks within each of them.
"""

import numpy as np
import oracle
import pytest
import recurrent
import thinning

BATCH, STEPS, WIDTH, FEATURES, UNITS = 2, 4, 3, 5, 6
OUTER = np.array([[1, 1, 0, 0], [1, 0, 1, 1]], bool)
# Within a timestep: unmasked, padded on either side, with a gap, and fully masked where OUTER is False.
INNER = np.array(
    [[[1, 1, 1], [1, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 1, 1], [0, 0, 0], [1, 0, 1], [1, 0, 0]]],
    bool,
)
X = np.random.RandomState(41).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
NESTED = np.random.RandomState(42).uniform(-1, 1, (BATCH, STEPS, WIDTH, FEATURES)).astype("float32")
# `Masking` computes OUTER and INNER from these; the batch size is unknown while tracing.
X_ZEROED, X_SHAPE = np.where(OUTER[..., None], X, np.float32(0)), (None, STEPS, FEATURES)
NESTED_ZEROED, NESTED_SHAPE = np.where(INNER[..., None], NESTED, np.float32(0)), (None, STEPS, WIDTH, FEATURES)

MASK_ARGUMENT = (
    "API docs of keras.layers.TimeDistributed, 'Call arguments', mask: passed to the wrapped layer if it supports it"
)
COMPUTE_MASK = "Docstring of TimeDistributed.compute_mask (Keras 2): "


every_kind = recurrent.every_kind()


def make(keras, build, layer, shape):
    """Wrap `layer` in TimeDistributed and build it; return it with its weights."""
    distributed = keras.layers.TimeDistributed(layer)
    return distributed, build(distributed, shape)


def make_rnn(keras, build, kind, shape):
    """Wrap a recurrent layer of this kind in TimeDistributed and build it; return it with its weights."""

    def distributed():
        return keras.layers.TimeDistributed(recurrent.make_recurrent(keras, kind, UNITS))

    return recurrent.build_recurrent(keras, build, kind, distributed, shape)


def of_each_step(kind, weights):
    """Return the last outputs of a layer of this kind within each timestep of NESTED that skips what INNER masks."""
    flat = NESTED.reshape(-1, WIDTH, FEATURES)
    last = recurrent.of_recurrent(kind, flat, INNER.reshape(-1, WIDTH), weights)[1]
    return last.reshape(BATCH, STEPS, UNITS)


@pytest.mark.case(
    "timedistributed.dense-mask",
    established=COMPUTE_MASK + "if the inner layer computes no mask, the mask of the input is propagated",
    tags=["TimeDistributed", "Dense", "Masking"],
)
def test_dense_mask(keras, run, build, mask_of, record):
    """TimeDistributed propagates the mask of the outer timesteps.

    Around Dense, the next layer receives the mask of the input, and Dense is applied to each unmasked timestep.
    """
    masking = keras.layers.Masking()
    layer, (kernel, bias) = make(keras, build, keras.layers.Dense(UNITS), X_SHAPE)

    def call(t):
        output = layer(masking(t))
        return output, mask_of(output)

    output, mask = run(call, X_ZEROED, shapes=[X_SHAPE])
    record("mask", mask, expected=OUTER)
    record("output at unmasked steps", output[OUTER], expected=(X @ kernel + bias)[OUTER])


@pytest.mark.case(
    "timedistributed.inner-masking",
    established=COMPUTE_MASK + "the mask that the inner layer (Masking) computes at each timestep is returned",
    issues=["keras-team/keras#10242"],
    tags=["TimeDistributed", "Masking"],
)
def test_inner_masking(keras, run, mask_of, record):
    """TimeDistributed returns the mask of an inner Masking.

    The next layer receives the masks of all outer timesteps together.

    The docstring makes an exception for a known batch size, which every eager tensor has. tf.keras 1.15 uses it.
    """
    layer = keras.layers.TimeDistributed(keras.layers.Masking())
    mask = run(lambda t: mask_of(layer(t)), NESTED_ZEROED, shapes=[NESTED_SHAPE])
    record("mask", mask, expected=INNER)


@pytest.mark.case(
    "timedistributed.inner-embedding",
    established=COMPUTE_MASK + "the mask that the inner layer (Embedding with mask_zero) computes at each "
    "timestep is returned",
    tags=["TimeDistributed", "Embedding"],
)
def test_inner_embedding(keras, run, build, mask_of, record):
    """TimeDistributed returns the mask of an inner Embedding.

    With `mask_zero=True`, the next layer receives the masks of all outer timesteps together.
    """
    layer, _ = make(keras, build, keras.layers.Embedding(9, UNITS, mask_zero=True), (None, STEPS, WIDTH))
    ids = np.where(INNER, 7, 0).astype("int32")
    record("mask", run(lambda t: mask_of(layer(t)), ids, shapes=[(None, STEPS, WIDTH)]), expected=INNER)


@pytest.mark.case(
    "timedistributed.inner-rnn-mask",
    documented=MASK_ARGUMENT,
    tags=["TimeDistributed", "{kind}", "explicit mask"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_inner_rnn_mask(keras, run, build, record, kind):
    """TimeDistributed passes a 3D mask to an inner RNN.

    With a mask of rank 3, the RNN receives the part for each outer timestep.
    """
    layer, weights = make_rnn(keras, build, kind, NESTED_SHAPE)
    shapes = [NESTED_SHAPE, NESTED_SHAPE[:-1]]
    last = run(lambda t, m: layer(t, mask=m), NESTED, INNER, shapes=shapes)
    record("last outputs", last, expected=of_each_step(kind, weights))


@pytest.mark.case(
    "timedistributed.inner-rnn-mask.known-batch",
    documented=MASK_ARGUMENT,
    issues=["keras-team/keras#13176"],
    tags=["TimeDistributed", "{kind}", "explicit mask"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_inner_rnn_mask_known_batch(keras, run, build, record, kind):
    """TimeDistributed passes a 3D mask to an inner RNN if the batch size is known.

    The RNN receives the part for each outer timestep even if the batch size is known while tracing.
    """
    layer, weights = make_rnn(keras, build, kind, (BATCH,) + NESTED_SHAPE[1:])
    last = run(lambda t, m: layer(t, mask=m), NESTED, INNER)
    record("last outputs", last, expected=of_each_step(kind, weights))


@pytest.mark.case(
    "timedistributed.inner-rnn-reduces-mask",
    established=COMPUTE_MASK + "if the inner layer returns no mask, the mask is reduced to two dimensions",
    tags=["TimeDistributed", "{kind}", "Masking"],
    modes=["eager", "graph", "session"],
)
@every_kind
def test_inner_rnn_reduces_mask(keras, run, build, mask_of, record, kind):
    """TimeDistributed returns a 2D mask around an inner RNN.

    The next layer receives a mask of rank 2, False where all inner timesteps of an outer one are masked.
    """
    masking = keras.layers.Masking()
    layer, weights = make_rnn(keras, build, kind, NESTED_SHAPE)

    def call(t):
        output = layer(masking(t))
        return output, mask_of(output)

    output, mask = run(call, NESTED_ZEROED, shapes=[NESTED_SHAPE])
    record("last outputs", output, expected=of_each_step(kind, weights))
    record("mask", mask, expected=OUTER)


@pytest.mark.case(
    "timedistributed.masked-step-values",
    unspecified="No documentation says whether masked timesteps are computed or repeat the previous output; both "
    "happened, depending on the inner layer and on whether the batch size is known",
    issues=["tensorflow/tensorflow#42127"],
    tags=["TimeDistributed", "Dense", "custom layer", "explicit mask"],
    modes=["eager", "graph", "session"],
)
def test_masked_step_values(keras, run, build, record):
    """TimeDistributed output at masked timesteps.

    Whether a masked timestep is computed like the others is not specified.
    """

    class Double(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_output_shape(self, input_shape):
            return input_shape

    double = keras.layers.TimeDistributed(Double())
    dense, _ = make(keras, build, keras.layers.Dense(UNITS), X_SHAPE)
    of_double, of_dense = run(lambda t, m: [double(t, mask=m), dense(t, mask=m)], X, OUTER)
    record("custom layer, masked steps", of_double[~OUTER])
    record("Dense, masked steps", of_dense[~OUTER])


@pytest.mark.case(
    "timedistributed.mask-shape-check",
    unspecified="A mask has the shape (samples, timesteps); no documentation says what happens to any other",
    severity="raises",
    issues=["keras-team/keras#22037"],
    tags=["TimeDistributed", "Dense", "explicit mask"],
)
def test_mask_shape_check(keras, run, build, record):
    """TimeDistributed with a mask of the wrong shape.

    Whether a mask with one timestep or one sample too many is rejected or ignored is not specified.
    """
    layer, _ = make(keras, build, keras.layers.Dense(UNITS), X_SHAPE)
    step, sample = np.ones((BATCH, STEPS + 1), bool), np.ones((BATCH + 1, STEPS), bool)
    record("one step too many", run.attempt(lambda t, m: layer(t, mask=m), X, step))
    record("one sample too many", run.attempt(lambda t, m: layer(t, mask=m), X, sample))


@pytest.mark.case(
    "timedistributed.partial-batch",
    established="keras/src/layers/rnn/time_distributed_test.py, test_with_mask_zero: the number of samples is not "
    "a multiple of the batch size",
    severity="raises",
    issues=["keras-team/keras#20754", "keras-team/keras#20765"],
    tags=["TimeDistributed", "Embedding", "Dense", "GlobalAveragePooling1D", "predict"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_partial_batch(keras, run, build, record):
    """TimeDistributed supports a smaller last batch with masked timesteps.

    A model with masked timesteps in TimeDistributed predicts five samples in batches of two.
    """
    embedding, dense = keras.layers.Embedding(9, FEATURES, mask_zero=True), keras.layers.Dense(UNITS)
    inputs = keras.Input((STEPS,), dtype="int32")
    pooling = keras.layers.GlobalAveragePooling1D()
    model = keras.Model(inputs, pooling(keras.layers.TimeDistributed(dense)(embedding(inputs))))
    table, kernel, bias = build(model)
    ids = np.random.RandomState(43).randint(1, 9, (5, STEPS)).astype("int32")
    ids[::2, 2:] = 0
    run.compile(model, optimizer="sgd", loss="mse")
    output = run.predict(model, ids, batch_size=BATCH)
    expected = oracle.masked_mean(table[ids] @ kernel + bias, ids > 0)
    record("mean output at unmasked steps", output, expected=expected)


@pytest.mark.case(
    "timedistributed.inner-model",
    documented=MASK_ARGUMENT,
    issues=["keras-team/keras#10763", "keras-team/keras#20754"],
    tags=["TimeDistributed", "Functional", "Masking", "{kind}", "explicit mask"],
    modes=["eager", "graph"],
)
@pytest.mark.parametrize("explicit", [False, True], ids=["own-masking", "explicit-mask"])
@every_kind
def test_inner_model(keras, run, build, record, explicit, kind):
    """TimeDistributed supports masks in an inner model.

    An RNN in the model skips what a Masking in the model masks, and what a mask of rank 3 masks.
    """
    inputs, rnn = keras.Input(NESTED.shape[2:]), recurrent.make_recurrent(keras, kind, UNITS)
    model = keras.Model(inputs, rnn(inputs if explicit else keras.layers.Masking()(inputs)))
    weights, layer = build(model), keras.layers.TimeDistributed(model)
    if explicit:
        last = run(lambda t, m: layer(t, mask=m), NESTED, INNER, shapes=[NESTED_SHAPE, NESTED_SHAPE[:-1]])
    else:
        last = run(layer, NESTED_ZEROED, shapes=[NESTED_SHAPE])
    record("last outputs", last, expected=of_each_step(kind, weights))
