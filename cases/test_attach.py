"""Attaching a mask.

Where a mask lives: on the tensor that a layer returned, for as long as it is that tensor.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 1, 1, 1]], bool)
X = np.random.RandomState(9).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
PADDED = X * MASK[..., None]  # `Masking` makes MASK of it

GUIDE = "Guide 'Understanding masking & padding', section "
CAST = "keras/src/layers/layer.py, maybe_convert in __call__: a cast of the input takes its mask along"
NO_LAYER = "The guide attaches masks to what layers return, and nothing says what follows for operations on it"
BORDER = "The guide attaches masks to tensors; nothing says whether they cross the border of a compiled function"

SIDE_TABLE = (
    "keras/src/backend/common/tensor_attributes.py: a tensor that takes no attributes has its mask in a table, "
)
SIDE_TABLE += "from which it is removed with the tensor"


def close(a, b):
    return bool(np.allclose(a, b, atol=1e-5))


@pytest.mark.case(
    "attach.eager-attribute",
    documented=GUIDE + "'Mask-generating layers: Embedding and Masking': the mask is attached to the output of the "
    "layer; it is printed as its attribute _keras_mask",
    severity="raises",
    tags=["Masking", "_keras_mask"],
    modes=["eager"],
)
def test_eager_attribute(keras, run, record):
    """An eager tensor carries its mask.

    The output of Masking has the mask as its attribute _keras_mask.
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
    """A layer that makes a mask leaves its input as it was.

    After a call of Masking, another layer that is called on the same input is given no mask.
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
    """A layer of another dtype is given the mask.

    A layer that computes in float16 passes on the mask of float32 input.
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
    """A layer of another dtype is given the mask while a model is constructed.

    A symbolic tensor of float32 that has a mask still has one after a layer that computes in float16.

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
    """The mask of a result of operators.

    Whether sums and slices of a masked tensor have a mask is not specified.
    """
    layer = keras.layers.Masking()
    total, part = run(lambda x: [mask_of(layer(x) + 1.0), mask_of(layer(x)[:, 1:])], PADDED)
    record("x + 1", total)
    record("x[:, 1:]", part)


@pytest.mark.case("attach.convert-idempotent", unspecified=NO_LAYER, tags=["Masking", "convert_to_tensor"])
def test_convert_idempotent(keras, run, ops, mask_of, record):
    """The mask of a tensor converted to a tensor.

    Whether convert_to_tensor of a masked tensor, which has nothing to do, keeps the mask is not specified.
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
    """A mask goes on inside a compiled function.

    Where Embedding, Dense and SimpleRNN are called in one compiled function, SimpleRNN skips what Embedding masks.
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
    """The call of a layer of another dtype is given the mask.

    A layer of float16 with an argument mask is given the mask of float32 input there.
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
    """The mask of a tensor that is passed into a compiled function.

    Whether layers called in the function are given the mask of its argument is not specified.
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
    """The mask of a tensor that a compiled function returns.

    Whether the result of Masking still has its mask outside of the function is not specified.
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
    """The mask of a tensor that is passed into jax.jit, and of one that comes back.

    Whether layers called in the function are given the mask of its argument, and layers after it that of its result, is
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
    record("mask of what the function returns", outside)


def record_many(keras, run, build, mask_of, record):
    """Record the masks of many tensors that layers return, masked ones and others in turn, and what SimpleRNN makes
    of one behind Masking and Dense."""
    masking, dense, rnn = keras.layers.Masking(), keras.layers.Dense(6), keras.layers.SimpleRNN(UNITS)
    kernel, bias = build(dense, (None, STEPS, FEATURES))
    weights = build(rnn, (None, STEPS, 6))

    def call(x):
        masks = [[mask_of(masking(x)), mask_of(dense(x))] for _ in range(9)]
        return [own for own, _ in masks], [other for _, other in masks], rnn(dense(masking(x)))

    own, others, last = run(call, PADDED)
    record("masks of masked tensors", np.array(own), expected=np.array([MASK] * 9))
    record("masks of the others", others, expected=[None] * 9)
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
    """Each tensor has its own mask while JAX traces.

    Of many tensors that layers return, masked ones and others in turn, each has the mask of its layer or none, and
    SimpleRNN after Masking and Dense skips the masked steps.
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
    """Arrays of NumPy have masks, and each its own.

    Of many arrays that layers return, masked ones and others in turn, each has the mask of its layer or none, and
    SimpleRNN after Masking and Dense skips the masked steps.
    """
    record_many(keras, run, build, mask_of, record)


@pytest.mark.case(
    "attach.openvino-backend",
    established="keras/src/backend/openvino/trainer.py, _unpack_inference_outputs: the masks of the outputs are "
    "computed with them and set on what a step returns",
    issues=["keras-team/keras#22649"],
    tags=["Masking", "Dense", "SimpleRNN", "OpenVINO", "predict"],
    backends=["openvino"],
)
def test_openvino_backend(keras, run, build, mask_of, record):
    """A model that OpenVINO compiles uses masks and hands them on.

    In predict_on_batch, SimpleRNN skips what Masking masks, and the output that has a mask has it outside, too.
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
    unspecified="These layers do not support masks; where they change nothing, what they return may be their input",
    tags=["Reshape", "Permute", "Masking"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize(
    "name, argument", [("Reshape", (STEPS, FEATURES)), ("Permute", (1, 2))], ids=["reshape", "permute"]
)
def test_noop_op_leak(keras, run, mask_of, record, name, argument):
    """The mask after a layer that reshapes to the same shape.

    Whether the mask goes on where Reshape and Permute have nothing to do is not specified.

    A tensor and its mask are one object or two, whoever executes: `graph` and `jit` would repeat the others.
    """
    masking, layer = keras.layers.Masking(), getattr(keras.layers, name)(argument)
    record("mask", run.attempt(lambda x: mask_of(layer(masking(x))), PADDED))


SIDE_EFFECT = "Source of keras.layers.Layer.__call__: masks are set on what a layer returns, not on what it is given"


@pytest.mark.case("attach.functional-clears-input", established=SIDE_EFFECT, tags=["Functional", "Masking"])
def test_functional_clears_input(keras, run, mask_of, record):
    """A functional model leaves the mask of its input alone.

    A tensor still has its mask after a model was called on it.
    """
    inputs = keras.Input((STEPS, FEATURES))
    masking, model = keras.layers.Masking(), keras.Model(inputs, keras.layers.Dense(UNITS)(inputs))

    def call(x):
        masked = masking(x)
        model(masked)
        return mask_of(masked)

    record("mask afterwards", run(call, PADDED), expected=MASK)


@pytest.mark.case(
    "attach.functional-clears-input.explicit-mask",
    established=SIDE_EFFECT,
    tags=["Functional", "Masking", "mask argument"],
)
def test_functional_clears_input_explicit_mask(keras, run, mask_of, record):
    """A functional model leaves the mask of its input alone when it is given another one.

    After model(x, mask=m), x still has its own mask, and not m.
    """
    inputs = keras.Input((STEPS, FEATURES))
    masking, model = keras.layers.Masking(), keras.Model(inputs, keras.layers.Dense(UNITS)(inputs))

    def call(x, other):
        masked = masking(x)
        model(masked, mask=other)
        return mask_of(masked)

    record("mask afterwards", run(call, PADDED, ~MASK), expected=MASK)
