"""Custom layers.

Custom layers with several inputs or outputs, and less common uses of `mask` and `compute_mask`.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)
OTHER = np.array([[0, 1, 1, 1, 0], [1, 1, 0, 0, 0]], bool)
X = np.random.RandomState(12).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
PADDED, OTHER_PADDED = X * MASK[..., None], X * OTHER[..., None]  # `Masking` computes MASK and OTHER from them
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0]], "int32")  # `Embedding(mask_zero=True)` computes MASK from them
VOCABULARY = 7

GUIDE = "Guide 'Understanding masking & padding', section '%s': %s"
OWN_MASK = "Supporting masking in your custom layers"
CALL_DOCS = "API docs of keras.layers.Layer, "


def make_splitter(keras, make_mask):
    """Construct a layer that returns the first two timesteps and the others, with `make_mask` as its `compute_mask`."""

    class Splitter(keras.layers.Layer):
        def call(self, inputs):
            return [inputs[:, :2], inputs[:, 2:]]

        def compute_mask(self, inputs, mask=None):
            return make_mask(mask)

        def compute_output_shape(self, input_shape):
            return [(input_shape[0], 2, input_shape[2]), (input_shape[0], input_shape[1] - 2, input_shape[2])]

    return Splitter()


@pytest.mark.case(
    "custom.compute-mask-multi-output",
    documented=GUIDE % (OWN_MASK, "a layer that splits its input in two returns two masks from compute_mask"),
    tags=["custom layer", "compute_mask", "several outputs"],
)
def test_compute_mask_multi_output(keras, run, mask_of, record):
    """A custom `compute_mask` creates one mask per output.

    Each output has the mask at its position in the list that `compute_mask` returns.
    """
    masking, layer = keras.layers.Masking(), make_splitter(keras, lambda mask: [mask[:, :2], mask[:, 2:]])
    first, last = run(lambda x: [mask_of(part) for part in layer(masking(x))], PADDED)
    record("mask of the first output", first, expected=MASK[:, :2])
    record("mask of the last output", last, expected=MASK[:, 2:])


@pytest.mark.case(
    "custom.compute-mask-multi-output.one-none",
    documented=GUIDE % (OWN_MASK, "compute_mask returns None for no mask")
    + "; the docs of compute_mask allow one per output tensor",
    tags=["custom layer", "compute_mask", "several outputs"],
)
def test_compute_mask_multi_output_one_none(keras, run, mask_of, record):
    """A custom `compute_mask` can mask one of two outputs.

    When `compute_mask` returns None and a mask, the first output has no mask and the second has that mask.
    """
    masking, layer = keras.layers.Masking(), make_splitter(keras, lambda mask: [None, mask[:, 2:]])
    first, last = run(lambda x: [mask_of(part) for part in layer(masking(x))], PADDED)
    record("mask of the first output", first, expected=None)
    record("mask of the last output", last, expected=MASK[:, 2:])


@pytest.mark.case(
    "custom.compute-mask-multi-output.single-none",
    established="Source of keras.layers.Layer (_set_mask_metadata): where compute_mask returns None, no mask "
    "is attached to any output, however many there are",
    tags=["custom layer", "compute_mask", "several outputs"],
)
def test_compute_mask_multi_output_single_none(keras, run, mask_of, record):
    """A custom `compute_mask` can return one None for all outputs.

    When `compute_mask` of a layer with two outputs returns None instead of a list, neither output has a mask.
    """
    masking, layer = keras.layers.Masking(), make_splitter(keras, lambda mask: None)
    masks = run(lambda x: [mask_of(part) for part in layer(masking(x))], PADDED)
    record("masks", masks, expected=[None, None])


@pytest.mark.case(
    "custom.compute-mask-signature",
    established="Source of keras.layers.Layer.__call__: the input and its mask are passed to compute_mask by "
    "position; the docs call the second mask or previous_mask",
    severity="raises",
    tags=["custom layer", "compute_mask"],
)
def test_compute_mask_signature(keras, run, ops, mask_of, record):
    """`compute_mask` parameters may have any name.

    The output has the mask that a `compute_mask` with other parameter names returns.
    """

    class Invert(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_mask(self, tokens, kept):
            return ops.logical_not(kept)

    masking, layer = keras.layers.Masking(), Invert()
    record("mask", run(lambda x: mask_of(layer(masking(x))), PADDED), expected=~MASK)


@pytest.mark.case(
    "custom.compute-mask-signature.one-parameter",
    unspecified="The documented signature has two parameters; the docs do not mention a method with one",
    severity="raises",
    tags=["custom layer", "compute_mask"],
    modes=["eager", "session"],
)
def test_compute_mask_signature_one_parameter(keras, run, mask_of, record):
    """`compute_mask` without a `mask` parameter.

    Whether a layer that creates its mask from the input alone may omit the parameter is not specified.

    Python decides this when it calls the method: `graph` and `jit` would repeat the others.
    """

    class Positive(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_mask(self, inputs):
            return inputs[..., 0] > 0.5

    layer = Positive()
    record("mask", run.attempt(lambda x: mask_of(layer(x)), X))


@pytest.mark.case(
    "custom.unsupported-returns-input",
    documented=GUIDE
    % ("Opting-in to mask propagation on compatible layers", "by default, a custom layer will destroy the mask"),
    issues=["tensorflow/tensorflow#32322"],
    tags=["custom layer", "supports_masking"],
)
def test_unsupported_returns_input(keras, run, mask_of, record):
    """A layer without masking support that returns its input drops the mask.

    The output has no mask.

    Old versions raise an exception for the masked input instead.
    """

    class Nothing(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    masking, layer = keras.layers.Masking(), Nothing()
    mask = run.attempt(lambda x: mask_of(layer(masking(x))), PADDED)
    record("mask or exception", mask)
    record("output has a mask", isinstance(mask, np.ndarray), expected=False)


@pytest.mark.case(
    "custom.multi-tensor-args",
    documented=GUIDE
    % (
        "Writing layers that need mask information",
        "the mask of the inputs is passed to a layer with a mask argument whenever it is available",
    )
    + "; API docs of tf.keras.layers.Layer, method __call__: the mask is that of the argument inputs, the first one",
    tags=["custom layer", "mask argument", "several inputs"],
)
def test_multi_tensor_args(keras, run, mask_of, record):
    """The `mask` argument is passed automatically to a `call` with two tensor arguments.

    A layer called with two tensors receives the mask of the first.
    """
    seen = []

    class Scale(keras.layers.Layer):
        def call(self, inputs, scale, mask=None):
            seen.append(mask)
            return inputs * scale

    masking, layer = keras.layers.Masking(), Scale()
    layer.supports_masking = True

    def call(x, scale):
        layer(masking(x), scale=scale)
        return seen[-1]

    record("mask", run(call, PADDED, X), expected=MASK)


@pytest.mark.case(
    "custom.multi-tensor-args.named-masks",
    unspecified="Since Keras 3, masks are passed automatically as <argument>_mask, which no page documents",
    tags=["custom layer", "mask argument", "several inputs"],
)
def test_multi_tensor_args_named_masks(keras, run, mask_of, record):
    """`<argument>_mask` parameters of `call`.

    Whether the masks of `inputs` and `context` are passed automatically as `inputs_mask` and `context_mask` is not
    specified.
    """
    seen = []

    class Sum(keras.layers.Layer):
        def call(self, inputs, context, inputs_mask=None, context_mask=None):
            seen.append([inputs_mask, context_mask])
            return inputs + context

    masking, layer = keras.layers.Masking(), Sum()
    layer.supports_masking = True

    def call(x, context):
        layer(masking(x), context=masking(context))
        return seen[-1]

    inputs_mask, context_mask = run(call, PADDED, OTHER_PADDED)
    record("inputs_mask", inputs_mask)
    record("context_mask", context_mask)


@pytest.mark.case(
    "custom.list-input-mask-list",
    established="Source of the merge layers, compute_mask: for a list of inputs, mask is a list with None for each "
    "input that has no mask",
    issues=["keras-team/keras#19311"],
    tags=["custom layer", "mask argument", "compute_mask", "several inputs"],
)
def test_list_input_mask_list(keras, run, mask_of, record):
    """A layer called on a list receives a list of masks.

    `call` and `compute_mask` receive one mask per input, and None for an unmasked input.
    """
    seen = {}

    class Sum(keras.layers.Layer):
        def call(self, inputs, mask=None):
            seen["call"] = mask
            return inputs[0] + inputs[1] + inputs[2]

        def compute_mask(self, inputs, mask=None):
            seen["compute_mask"] = mask
            return None if mask is None else mask[0]

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    masking, layer = keras.layers.Masking(), Sum()

    def call(x, other):
        mask = mask_of(layer([masking(x), x, masking(other)]))
        return seen["call"], seen.get("compute_mask", []), mask

    in_call, in_compute_mask, after = run(call, PADDED, OTHER_PADDED)
    record("mask in call", in_call, expected=[MASK, None, OTHER])
    record("mask in compute_mask", in_compute_mask, expected=[MASK, None, OTHER])
    record("output mask", after, expected=MASK)


@pytest.mark.case(
    "custom.positional-mask",
    documented=CALL_DOCS + "method __call__: further positional arguments are passed on to call; one passed by "
    "position and by name is the same argument",
    issues=["keras-team/keras#21449"],
    tags=["custom layer", "mask argument"],
    needs=["layers.Layer.__call__(args)"],
)
def test_positional_mask(keras, run, mask_of, record):
    """A mask passed positionally propagates like `mask=`.

    With `layer(x, m)`, `call` receives `m`, and the output has the same mask as with `layer(x, mask=m)`.
    """
    seen = []

    class Double(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs * 2.0

    layer = Double()

    def call(x, m):
        by_position = mask_of(layer(x, m))
        return seen[-1], by_position, mask_of(layer(x, mask=m))

    in_call, by_position, by_name = run(call, X, MASK)
    record("mask in call", in_call, expected=MASK)
    record("output mask", by_position, expected=by_name)


@pytest.mark.case(
    "custom.mask-suffix-args-build",
    unspecified="Since Keras 3, build receives the shape of each tensor argument; the docs do not say whether this "
    "includes masks",
    severity="raises",
    issues=["keras-team/keras#22118"],
    tags=["custom layer", "mask argument", "build"],
    modes=["eager", "session"],
)
def test_mask_suffix_args_build(keras, run, record):
    """`build` and the shape of a `<name>_mask` argument.

    Whether `build` receives the shape of the argument `attention_mask` as `attention_mask_shape` is not specified.

    `build` runs once, before anything is executed: `graph` and `jit` would repeat the others.
    """
    seen = []

    class Layer(keras.layers.Layer):
        def build(self, inputs_shape, attention_mask_shape=None):
            seen.append(attention_mask_shape)
            self.built = True

        def call(self, inputs, attention_mask=None):
            return inputs * 2.0

    layer = Layer()
    run(lambda x, m: layer(x, attention_mask=m), X, MASK)
    record("attention_mask_shape", None if seen[0] is None else list(seen[0]))


@pytest.mark.case(
    "custom.unset-mask-in-call",
    established="Source of keras.layers.Layer.__call__: the mask is read from the input before call, which may "
    "remove it, as MultiHeadAttention does",
    issues=["keras-team/keras#20594"],
    tags=["custom layer", "_keras_mask"],
    backends=["tensorflow", "torch", "openvino"],  # NumPy arrays and JAX tracers take no attributes
)
def test_unset_mask_in_call(keras, run, mask_of, record):
    """A layer that clears the mask of its input in `call` still propagates it.

    The output has the mask that the input had before `call`, although `call` set `_keras_mask` to None.
    """

    class Double(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs):
            inputs._keras_mask = None
            return inputs * 2.0

    masking, layer = keras.layers.Masking(), Double()
    record("mask", run(lambda x: mask_of(layer(masking(x))), PADDED), expected=MASK)


def make_temporal_softmax(keras, ops):
    """Construct a layer that computes the softmax over unmasked timesteps."""

    class TemporalSoftmax(keras.layers.Layer):
        def call(self, inputs, mask=None):
            kept = keras.activations.exponential(inputs) * ops.cast(ops.expand_dims(mask, -1), "float32")
            return kept / ops.expand_dims(ops.sum(kept, axis=1), 1)

    layer = TemporalSoftmax()
    layer.supports_masking = True
    return layer


@pytest.mark.case(
    "custom.guide-temporal-softmax",
    documented=GUIDE
    % (
        "Writing layers that need mask information",
        "a layer that computes a softmax over the time dimension of an input, discarding masked timesteps",
    ),
    tags=["custom layer", "mask argument", "Embedding", "Dense", "Functional"],
)
def test_guide_temporal_softmax(keras, run, ops, build, record):
    """A custom softmax over time ignores masked timesteps.

    In a functional model, a custom softmax that multiplies by its `mask` argument is zero at masked timesteps and sums
    to one over the others.

    The layer of the guide sums over the features instead: it divides zero by zero at masked timesteps.
    """
    embedding, dense = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.Dense(UNITS)
    (table,), (kernel, bias) = build(embedding, (None, STEPS)), build(dense, (None, STEPS, FEATURES))
    inputs = keras.Input((STEPS,), dtype="int32")
    model = keras.Model(inputs, make_temporal_softmax(keras, ops)(dense(embedding(inputs))))
    logits = np.swapaxes(table[IDS] @ kernel + bias, 1, 2)
    want = oracle.softmax(logits, np.broadcast_to(MASK[:, None], logits.shape))
    record("output", run(model, IDS), expected=np.swapaxes(want, 1, 2))
