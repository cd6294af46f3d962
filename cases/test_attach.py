"""Attached masks.

Which tensors have a mask attached, and for how long.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]], bool)
X = np.random.RandomState(9).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
PADDED = X * MASK[..., None]  # `Masking` computes MASK from it

GUIDE = "Guide 'Understanding masking & padding', section "
CAST = "keras/src/layers/layer.py, maybe_convert in __call__: a cast of the input keeps its mask"
NO_LAYER = "The guide attaches masks to layer outputs and does not say whether operations on these keep them"
BORDER = "The guide attaches masks to tensors and does not say whether they survive the boundary of a compiled function"

SIDE_TABLE = (
    "keras/src/backend/common/tensor_attributes.py: the mask of a tensor that takes no attributes is kept in a table, "
)
SIDE_TABLE += "from which it is removed with the tensor"


def close(a, b):
    return bool(np.allclose(a, b, atol=1e-5))


@pytest.mark.case(
    "attach.eager-attribute",
    documented=GUIDE + "'Mask-generating layers: Embedding and Masking': the mask is attached to the output of the "
    "layer; the guide prints it as its attribute _keras_mask",
    severity="raises",
    tags=["Masking", "_keras_mask"],
    modes=["eager"],
)
def test_eager_attribute(keras, run, record):
    """The mask is attached to eager tensors as `_keras_mask`.

    The output of Masking has the mask as its attribute `_keras_mask`.
    """
    layer = keras.layers.Masking()
    record("attribute", run(lambda x: getattr(layer(x), "_keras_mask", None), PADDED), expected=MASK)


@pytest.mark.case(
    "attach.input-unmarked",
    documented=GUIDE
    + "'Mask-generating layers: Embedding and Masking': the mask is attached to the output of the layer",
    tags=["Masking", "Dense"],
)
def test_input_unmarked(keras, run, build, mask_of, record):
    """Masking attaches no mask to its input.

    After a call of Masking, its input has no mask for other layers.
    """
    layer = keras.layers.Masking()

    def call(x):
        masked = layer(x)
        return [mask_of(masked), mask_of(x)]

    of_output, of_input = run(call, PADDED)
    record("mask of the output", of_output, expected=MASK)
    record("mask of the input", of_input, expected=None)


@pytest.mark.case(
    "attach.dtype-cast",
    established=CAST,
    issues=["keras-team/keras#21946"],
    tags=["Masking", "float16"],
)
def test_dtype_cast(keras, run, mask_of, record):
    """A layer with another dtype propagates the mask.

    A layer with dtype float16 propagates the mask of its float32 input.
    """
    masking, half = keras.layers.Masking(), keras.layers.Activation("tanh", dtype="float16")
    record("mask", run(lambda x: mask_of(half(masking(x))), PADDED), expected=MASK)


@pytest.mark.case(
    "attach.dtype-cast.symbolic",
    established=CAST,
    issues=["keras-team/keras#21946"],
    tags=["Masking", "float16", "symbolic"],
    modes=["eager", "session"],
)
def test_dtype_cast_symbolic(keras, mask_of, record):
    """A layer with another dtype propagates symbolic masks.

    The output of a float16 layer called on a masked symbolic float32 tensor has a mask.

    Construction does not execute anything, so `graph` and `jit` would repeat `eager`.
    """
    masking, half = keras.layers.Masking(), keras.layers.Activation("tanh", dtype="float16")
    mask = mask_of(half(masking(keras.Input((STEPS, FEATURES)))))
    record("there is a mask", mask is not None, expected=True)


@pytest.mark.case(
    "attach.operators-drop",
    unspecified=NO_LAYER,
    issues=["keras-team/keras#18416"],
    tags=["Masking", "operators"],
)
def test_operators_drop(keras, run, mask_of, record):
    """Mask after an operator on a masked tensor.

    Whether sums and slices of a masked tensor have a mask is not specified.
    """
    layer = keras.layers.Masking()
    total, part = run(lambda x: [mask_of(layer(x) + 1.0), mask_of(layer(x)[:, 1:])], PADDED)
    record("x + 1", total)
    record("x[:, 1:]", part)


@pytest.mark.case("attach.convert-idempotent", unspecified=NO_LAYER, tags=["Masking", "convert_to_tensor"])
def test_convert_idempotent(keras, run, ops, mask_of, record):
    """Mask after `convert_to_tensor` of a masked tensor.

    Whether `convert_to_tensor`, which has nothing to convert here, keeps the mask is not specified.
    """
    layer = keras.layers.Masking()
    record("mask", run(lambda x: mask_of(ops.convert_to_tensor(layer(x))), PADDED))


@pytest.mark.case(
    "attach.inside-compiled",
    documented=GUIDE + "'Mask propagation in the Functional API and Sequential API': Keras fetches the mask of an "
    "input and passes it to any layer that knows how to use it",
    tags=["Embedding", "Dense", "SimpleRNN"],
    modes=["graph", "jit"],
)
def test_inside_compiled(keras, run, build, mask_of, record):
    """Masks propagate inside a compiled function.

    When Embedding, Dense and SimpleRNN are called in one compiled function, SimpleRNN skips the timesteps that
    Embedding masks.
    """
    embedding, dense = keras.layers.Embedding(7, FEATURES, mask_zero=True), keras.layers.Dense(6)
    rnn = keras.layers.SimpleRNN(UNITS)
    (table,), (kernel, bias) = build(embedding, (None, STEPS)), build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, 6))
    ids = (np.arange(MASK.size).reshape(MASK.shape) % 6 + 1).astype("int32") * MASK

    def call(t):
        hidden = dense(embedding(t))
        return rnn(hidden), mask_of(hidden)  # in this order: a layer that looks at a mask may remove it

    last, mask = run(call, ids)
    record("mask", mask, expected=MASK)
    record("last output", last, expected=oracle.simple_rnn(table[ids] @ kernel + bias, MASK, *weights)[1])


@pytest.mark.case(
    "attach.cast-newly-visible",
    established=CAST,
    issues=["keras-team/keras#21946"],
    tags=["Masking", "float16", "mask argument"],
)
def test_cast_newly_visible(keras, run, record):
    """A layer with another dtype receives the mask in `call`.

    The `mask` argument of a float16 layer is passed automatically when its float32 input is masked.
    """
    seen = []

    class Reader(keras.layers.Layer):
        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs * 1.0

    masking, half = keras.layers.Masking(), Reader(dtype="float16")
    half.supports_masking = True

    def call(x):
        half(masking(x))
        return seen[-1]

    record("mask", run(call, PADDED), expected=MASK)


@pytest.mark.case(
    "attach.tf-function.in",
    unspecified=BORDER,
    issues=["keras-team/keras#17655", "keras-team/tf-keras#56"],
    tags=["Masking", "SimpleRNN", "tf.function"],
    modes=["eager", "graph"],
    backends=["tensorflow"],
)
def test_tf_function_in(keras, run, build, mask_of, record):
    """Mask of a tensor passed into `tf.function`.

    Whether layers called in the function receive the mask of its argument is not specified.
    """
    masking, rnn = keras.layers.Masking(), keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, STEPS, FEATURES))
    function = run.traced(lambda t: [mask_of(t), rnn(t)])
    mask, last = run(lambda x: function(masking(x)), PADDED)
    record("mask in the function", mask)
    record("the RNN skips masked steps", close(last, oracle.simple_rnn(PADDED, MASK, *weights)[1]))
    record("the RNN skips no step", close(last, oracle.simple_rnn(PADDED, None, *weights)[1]))


@pytest.mark.case(
    "attach.tf-function.out",
    unspecified=BORDER,
    issues=["keras-team/keras#17655", "keras-team/tf-keras#56"],
    tags=["Masking", "tf.function"],
    modes=["eager", "graph"],
    backends=["tensorflow"],
)
def test_tf_function_out(keras, run, mask_of, record):
    """Mask of a tensor returned from `tf.function`.

    Whether the output of Masking still has its mask outside the function is not specified.
    """
    masking = keras.layers.Masking()
    function = run.traced(lambda x: masking(x))
    record("mask", run(lambda x: mask_of(function(x)), PADDED))


@pytest.mark.case(
    "attach.jax-jit.in",
    unspecified=BORDER,
    issues=["keras-team/keras#17655"],
    tags=["Masking", "SimpleRNN", "jax.jit"],
    modes=["eager", "jit"],
    backends=["jax"],
)
def test_jax_jit_in(keras, run, build, mask_of, record):
    """Masks of tensors passed into and returned from `jax.jit`.

    Whether layers in the function receive the mask of its argument, and layers outside it the mask of its result, is
    not specified.
    """
    masking, rnn = keras.layers.Masking(), keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, STEPS, FEATURES))
    function = run.traced(lambda t: [mask_of(t), rnn(t), masking(t)])

    def call(x):
        inside, last, masked = function(masking(x))
        return inside, last, mask_of(masked)

    inside, last, outside = run(call, PADDED)
    record("mask in the function", inside)
    record("the RNN skips masked steps", close(last, oracle.simple_rnn(PADDED, MASK, *weights)[1]))
    record("the RNN skips no step", close(last, oracle.simple_rnn(PADDED, None, *weights)[1]))
    record("mask of the returned tensor", outside)


def record_many(keras, run, build, mask_of, record):
    """Record the masks of many layer outputs, masked or not, and the output of SimpleRNN after Masking and Dense."""
    masking, dense, rnn = keras.layers.Masking(), keras.layers.Dense(6), keras.layers.SimpleRNN(UNITS)
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, 6))

    def call(x):
        masks = [[mask_of(masking(x)), mask_of(dense(x))] for _ in range(9)]
        return [own for own, _ in masks], [other for _, other in masks], rnn(dense(masking(x)))

    own, others, last = run(call, PADDED)
    record("masks of masked tensors", np.array(own), expected=np.array([MASK] * 9))
    record("masks of unmasked tensors", others, expected=[None] * 9)
    record("last output", last, expected=oracle.simple_rnn(PADDED @ kernel + bias, MASK, *weights)[1])


@pytest.mark.case(
    "attach.jax-tracer",
    established=SIDE_TABLE,
    issues=["keras-team/keras#20165", "keras-team/keras#20374"],
    tags=["Masking", "Dense", "SimpleRNN", "jax.jit"],
    modes=["eager", "jit"],
    backends=["jax"],
)
def test_jax_tracer(keras, run, build, mask_of, record):
    """Each tensor keeps its own mask while JAX traces.

    Of many masked and unmasked layer outputs, each has its own mask or none, and SimpleRNN after Masking and Dense
    skips masked timesteps.
    """
    record_many(keras, run, build, mask_of, record)


@pytest.mark.case(
    "attach.numpy-backend",
    established=SIDE_TABLE,
    issues=["keras-team/keras#22491"],
    tags=["Masking", "Dense", "SimpleRNN", "NumPy"],
    backends=["numpy"],
)
def test_numpy_backend(keras, run, build, mask_of, record):
    """Each tensor keeps its own mask on the NumPy backend.

    Of many masked and unmasked layer outputs, each has its own mask or none, and SimpleRNN after Masking and Dense
    skips masked timesteps.
    """
    record_many(keras, run, build, mask_of, record)


@pytest.mark.case(
    "attach.openvino-backend",
    established="keras/src/backend/openvino/trainer.py, _unpack_inference_outputs: the masks of the outputs are "
    "computed along with them and attached to what a step returns",
    issues=["keras-team/keras#22649"],
    tags=["Masking", "Dense", "SimpleRNN", "OpenVINO", "predict"],
    backends=["openvino"],
)
def test_openvino_backend(keras, run, build, mask_of, record):
    """A model compiled by OpenVINO uses and returns masks.

    In `predict_on_batch`, SimpleRNN skips what Masking masks, and the masked output has its mask attached.
    """
    dense, rnn = keras.layers.Dense(6), keras.layers.SimpleRNN(UNITS)
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, 6))
    inputs = keras.Input((STEPS, FEATURES))
    hidden = dense(keras.layers.Masking()(inputs))
    model = keras.Model(inputs, [hidden, rnn(hidden)])
    run.compile(model, optimizer="sgd", loss="mse")
    sequence, last = model.predict_on_batch(PADDED)
    record("last output", last, expected=oracle.simple_rnn(PADDED @ kernel + bias, MASK, *weights)[1])
    record("mask of the sequence", run(lambda: mask_of(sequence)), expected=MASK)


@pytest.mark.case(
    "attach.noop-op-leak",
    unspecified="These layers do not support masking; where they change nothing, they may return their input tensor",
    tags=["Reshape", "Permute", "Masking"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize(
    "name, argument", [("Reshape", (STEPS, FEATURES)), ("Permute", (1, 2))], ids=["reshape", "permute"]
)
def test_noop_op_leak(keras, run, mask_of, record, name, argument):
    """Mask after Reshape and Permute that change nothing.

    Whether Reshape to the same shape and Permute to the same order keep the mask is not specified.

    Whether the layer returns its input tensor itself does not depend on how it is executed: `graph` and `jit` would
    repeat the others.
    """
    masking, layer = keras.layers.Masking(), getattr(keras.layers, name)(argument)
    record("mask", run.attempt(lambda x: mask_of(layer(masking(x))), PADDED))


SIDE_EFFECT = "Source of keras.layers.Layer.__call__: masks are attached to the outputs of a layer, not to its inputs"


@pytest.mark.case("attach.functional-clears-input", established=SIDE_EFFECT, tags=["Functional", "Masking"])
def test_functional_clears_input(keras, run, mask_of, record):
    """A functional model leaves the mask of its input attached.

    A masked tensor still has its mask after a functional model was called on it.
    """
    inputs = keras.Input((STEPS, FEATURES))
    masking, model = keras.layers.Masking(), keras.Model(inputs, keras.layers.Dense(UNITS)(inputs))

    def call(x):
        masked = masking(x)
        model(masked)
        return mask_of(masked)

    record("mask of the input", run(call, PADDED), expected=MASK)


@pytest.mark.case(
    "attach.functional-clears-input.explicit-mask",
    established=SIDE_EFFECT,
    tags=["Functional", "Masking", "mask argument"],
)
def test_functional_clears_input_explicit_mask(keras, run, mask_of, record):
    """A functional model called with `mask=` leaves the mask of its input attached.

    After `model(x, mask=m)`, `x` still has its own mask, not `m`.
    """
    inputs = keras.Input((STEPS, FEATURES))
    masking, model = keras.layers.Masking(), keras.Model(inputs, keras.layers.Dense(UNITS)(inputs))

    def call(x, other):
        masked = masking(x)
        model(masked, mask=other)
        return mask_of(masked)

    record("mask of the input", run(call, PADDED, ~MASK), expected=MASK)
