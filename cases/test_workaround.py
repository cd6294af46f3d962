"""Workarounds.

What users can do where a mask is dropped or ignored; expectations refer to these cases as `workaround`.
"""

import inspect

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 5, 4, 2
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 0, 1, 0]], bool)
X, OTHER = np.random.RandomState(41).uniform(0.1, 1, (2, BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

ARGUMENT = "API docs of %s, 'Call arguments', mask: a timestep with a False entry is ignored"


@pytest.mark.case(
    "workaround.pass-mask-on",
    documented=ARGUMENT % "keras.layers.SimpleRNN and keras.layers.GlobalAveragePooling1D",
    issues=["keras-team/keras#18416", "keras-team/keras#20562", "keras-team/keras#21449"],
    tags=["workaround", "Masking", "SimpleRNN", "GlobalAveragePooling1D", "Add", "Concatenate", "Multiply", "ReLU"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
@pytest.mark.parametrize("between", ["Add", "Multiply", "Concatenate", "ReLU"])
def test_pass_mask_on(keras, run, build, record, between):
    """The mask can be passed around a layer that drops it.

    The mask that `Masking.compute_mask` computes from the data, passed as `mask=`, masks timesteps after another layer.
    """
    masking, layer = keras.layers.Masking(), getattr(keras.layers, between)()
    rnn, pooling = keras.layers.SimpleRNN(UNITS), keras.layers.GlobalAveragePooling1D()
    width = 2 * FEATURES if between == "Concatenate" else FEATURES
    weights = build(rnn, (None, STEPS, width))

    def call(x, other):
        mask = masking.compute_mask(x)
        hidden = layer(x) if between == "ReLU" else layer([x, other])
        return rnn(hidden, mask=mask), pooling(hidden, mask=mask)

    together = {
        "Add": ZEROED + OTHER,
        "Multiply": ZEROED * OTHER,
        "Concatenate": np.concatenate([ZEROED, OTHER], axis=-1),
        "ReLU": ZEROED,
    }[between]
    last, mean = run(call, ZEROED, OTHER)
    record("RNN", last, expected=oracle.simple_rnn(together, MASK, *weights)[1])
    record("mean", mean, expected=oracle.masked_mean(together, MASK))


@pytest.mark.case(
    "workaround.mask-of-sequences",
    documented=ARGUMENT % "keras.layers.SimpleRNN",
    issues=["keras-team/keras#10242", "keras-team/keras#22037"],
    tags=["workaround", "TimeDistributed", "SimpleRNN", "nested inputs"],
    modes=["eager", "graph", "session"],
    thinned=[thinning.GRAPH_FOR_SESSION],
)
def test_mask_of_sequences(keras, run, build, record):
    """The mask of the outer timesteps can be computed from the data after TimeDistributed.

    An RNN over the outputs of an RNN in TimeDistributed ignores the inner sequences that are padding.
    """
    outer = 4
    masking, inner, rnn = keras.layers.Masking(), keras.layers.SimpleRNN(UNITS), keras.layers.SimpleRNN(UNITS + 1)
    kept = np.array([[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]], bool)
    data = np.random.RandomState(42).uniform(0.1, 1, (BATCH, outer, STEPS, FEATURES)).astype("float32")
    data[~kept] = 0
    weights = build(inner, (None, STEPS, FEATURES))
    outer_weights = build(rnn, (None, outer, UNITS), seed=1)
    wrapped = keras.layers.TimeDistributed(inner)

    def call(x):
        return rnn(wrapped(x), mask=masking.compute_mask(x[:, :, 0]))

    each = [oracle.simple_rnn(data[:, i], None, *weights)[1] for i in range(outer)]
    # Batch size unknown: if it is known, TimeDistributed of Keras 2 has other bugs (keras-team/keras#13176).
    last = run(call, data, shapes=[(None,) + data.shape[1:]])
    record("last output", last, expected=oracle.simple_rnn(np.stack(each, 1), kept, *outer_weights)[1])


@pytest.mark.case(
    "workaround.pass-mask-on.attention",
    documented="API docs of keras.layers.MultiHeadAttention, 'Call arguments', attention_mask; "
    + ARGUMENT % "keras.layers.GlobalAveragePooling1D",
    issues=["keras-team/keras#20562"],
    needs=["layers.MultiHeadAttention"],
    tags=["workaround", "MultiHeadAttention", "Add", "Masking", "GlobalAveragePooling1D"],
    modes=["eager", "graph", "session"],
)
def test_pass_mask_on_attention(keras, run, build, record):
    """The mask can be passed around MultiHeadAttention.

    The mask of Masking, passed to attention and pooling explicitly, masks the same timesteps in both.
    """
    masking, add, pooling = keras.layers.Masking(), keras.layers.Add(), keras.layers.GlobalAveragePooling1D()
    attention = keras.layers.MultiHeadAttention(2, 3)
    symbolic = keras.Input((STEPS, FEATURES))
    attention(symbolic, symbolic)
    weights = build(attention)

    def call(x):
        mask, sequence = masking.compute_mask(x), masking(x)
        attended = attention(sequence, sequence, attention_mask=mask[:, None])
        return pooling(add([sequence, attended]), mask=mask)

    attend = MASK[:, None] | np.eye(STEPS, dtype=bool)  # itself matters only at masked timesteps
    attended = oracle.multi_head_attention(ZEROED, ZEROED, attend[:, None], *weights)
    record("mean", run(call, ZEROED), expected=oracle.masked_mean(ZEROED + attended, MASK))


@pytest.mark.case(
    "workaround.cast-before-masking",
    documented="API docs of keras.layers.Masking: masks a sequence by using a mask value to skip timesteps",
    issues=["keras-team/keras#21946"],
    tags=["workaround", "Masking", "float16"],
    modes=["eager", "graph", "session"],
)
def test_cast_before_masking(keras, run, mask_of, record):
    """Data that is cast before Masking keeps its mask in layers of the new dtype.

    Masking and Activation, both computing in float16 and called on float16 data, compute and propagate the mask.
    """
    masking, half = keras.layers.Masking(dtype="float16"), keras.layers.Activation("tanh", dtype="float16")
    record("mask", run(lambda x: mask_of(half(masking(x))), ZEROED.astype("float16")), expected=MASK)


@pytest.mark.case(
    "workaround.new-tensor-in-call",
    documented="Guide 'Understanding masking & padding', section 'Supporting masking in your custom layers': "
    "compute_mask computes the mask of the output",
    tags=["workaround", "custom layer", "compute_mask", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_new_tensor_in_call(keras, run, ops, mask_of, record):
    """A layer that returns a new tensor has the mask of its `compute_mask`.

    A custom layer that returns its input times one inverts the mask, which one that returned its input might not.
    """

    class Invert(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 1.0

        def compute_mask(self, inputs, mask=None):
            return ops.logical_not(mask)

    masking, invert = keras.layers.Masking(), Invert()
    record("mask", run(lambda x: mask_of(invert(masking(x))), ZEROED), expected=~MASK)


@pytest.mark.case(
    "workaround.mask-by-keyword",
    documented="Guide 'Understanding masking & padding', section 'Passing mask tensors directly to layers'",
    tags=["workaround", "custom layer", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_mask_by_keyword(keras, run, record):
    """A layer with two tensor arguments receives a mask passed as `mask=`.

    Its `call`, with a sequence, a second tensor and the mask of Masking, receives the mask.
    """
    seen = []

    class Scale(keras.layers.Layer):
        def call(self, inputs, other, mask=None):
            seen.append(mask)
            return inputs * other

    masking, scale = keras.layers.Masking(), Scale()
    scale.supports_masking = True

    def call(x, other):
        scale(masking(x), other=other, mask=masking.compute_mask(x))
        return seen[-1]

    record("mask", run(call, ZEROED, OTHER), expected=MASK)


@pytest.mark.case(
    "workaround.metric-weights",
    documented="API docs of keras.Model.compile, weighted_metrics: metrics that are weighted by sample_weight",
    issues=["keras-team/keras#21569", "tensorflow/tensorflow#40002"],
    tags=["workaround", "metrics", "compile", "sample_weight", "Masking"],
    modes=["eager", "graph", "session"],
)
def test_metric_weights(keras, run, build, record):
    """A weighted metric ignores timesteps with a sample weight of zero.

    With the mask as `sample_weight`, a metric of `compile(weighted_metrics=...)` is the mean over unmasked timesteps.
    """
    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, keras.layers.Dense(UNITS, activation="sigmoid")(keras.layers.Masking()(inputs)))
    kernel, bias = build(model)
    known = inspect.signature(model.compile).parameters
    options = {"sample_weight_mode": "temporal"} if "sample_weight_mode" in known else {}
    run.compile(model, optimizer="sgd", loss="mse", weighted_metrics=["mse"], **options)
    y = OTHER[..., :UNITS]
    errors = oracle.squared_errors(y, oracle.sigmoid(ZEROED @ kernel + bias), MASK)
    found = run.evaluate(model, ZEROED, y, sample_weight=MASK.astype("float32"))[1]
    record("metric", found, expected=errors.mean())
