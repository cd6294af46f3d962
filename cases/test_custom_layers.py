"""Custom layers.

Which custom layers receive a mask, and which propagate it.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)
X = np.random.RandomState(5).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it

GUIDE = "Guide 'Understanding masking & padding', section '%s': %s"
OWN_MASK = GUIDE % (
    "Supporting masking in your custom layers",
    "compute_mask() produces a new mask from the input and the current mask",
)
OPT_IN = "Opting-in to mask propagation on compatible layers"
MASK_ARGUMENT = GUIDE % (
    "Writing layers that need mask information",
    "the mask of the inputs is passed to a layer with a mask argument whenever it is available",
)


def make_reader(keras, ops, supports_masking):
    """Construct a layer that adds 10 where its `mask` argument is True."""

    class Reader(keras.layers.Layer):
        def call(self, inputs, mask=None):
            return inputs + 10.0 * ops.expand_dims(ops.cast(mask, "float32"), -1)

    layer = Reader()
    layer.supports_masking = supports_masking
    return layer


def read(mask):
    """Compute the expected output of `make_reader`'s layer for ZEROED and `mask`."""
    return ZEROED + 10 * mask[..., None]


@pytest.mark.case(
    "custom.supports-masking-true",
    documented=GUIDE % (OPT_IN, "with supports_masking = True, compute_mask() just passes the current mask through"),
    tags=["custom layer", "supports_masking"],
)
def test_supports_masking_true(keras, run, mask_of, record):
    """`supports_masking` propagates the mask.

    A custom layer with `supports_masking = True` and no `compute_mask` propagates the mask of its input unchanged.
    """

    class Double(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs):
            return inputs * 2.0

    masking, layer = keras.layers.Masking(), Double()
    record("mask", run(lambda t: mask_of(layer(masking(t))), ZEROED), expected=MASK)


@pytest.mark.case(
    "custom.supports-before-super",
    unspecified="The docs do not say when to set the flag; the constructor of the base class resets it",
    issues=["keras-team/keras#19311"],
    tags=["custom layer", "supports_masking"],
)
def test_supports_before_super(keras, run, mask_of, record):
    """`supports_masking` set before `super().__init__()`.

    Whether the flag survives the constructor of the base class is not specified.
    """

    class Double(keras.layers.Layer):
        def __init__(self):
            self.supports_masking = True
            super().__init__()

        def call(self, inputs):
            return inputs * 2.0

    masking, layer = keras.layers.Masking(), Double()
    record("flag", bool(layer.supports_masking))
    record("mask", run.attempt(lambda t: mask_of(layer(masking(t))), ZEROED))


@pytest.mark.case("custom.compute-mask-override", documented=OWN_MASK, tags=["custom layer", "compute_mask"])
def test_compute_mask_override(keras, run, ops, mask_of, record):
    """A custom `compute_mask` creates the output mask.

    The output has the mask that `compute_mask` returns for the input and its mask, without `supports_masking`.
    """

    class Invert(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_mask(self, inputs, mask=None):
            return ops.logical_and(ops.logical_not(mask), ops.equal(inputs[..., 0], 0.0))

    masking, layer = keras.layers.Masking(), Invert()
    record("mask", run(lambda t: mask_of(layer(masking(t))), ZEROED), expected=~MASK)


@pytest.mark.case(
    "custom.compute-mask-none",
    documented=GUIDE % ("Supporting masking in your custom layers", "compute_mask() returns None for no mask"),
    tags=["custom layer", "compute_mask"],
)
def test_compute_mask_none(keras, run, mask_of, record):
    """A custom `compute_mask` that returns None drops the mask.

    The output has no mask, although `supports_masking` is set.
    """

    class End(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs):
            return inputs * 2.0

        def compute_mask(self, inputs, mask=None):
            return None

    masking, layer = keras.layers.Masking(), End()
    record("mask", run(lambda t: mask_of(layer(masking(t))), ZEROED), expected=None)


@pytest.mark.case(
    "custom.call-returns-input",
    documented=OWN_MASK,
    issues=["tensorflow/tensorflow#32322"],
    tags=["custom layer", "compute_mask"],
)
def test_call_returns_input(keras, run, ops, record):
    """A custom `compute_mask` is used when `call` returns its input.

    When a layer returns its input unchanged and `compute_mask` changes the mask, the next layer receives the changed
    mask.
    """

    class Invert(keras.layers.Layer):
        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, mask=None):
            return ops.logical_not(mask)

    masking, layer, reader = keras.layers.Masking(), Invert(), make_reader(keras, ops, supports_masking=True)
    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, reader(layer(masking(inputs))))
    one_by_one, by_model = run(lambda t: [reader(layer(masking(t))), model(t)], ZEROED)
    record("called one by one", one_by_one, expected=read(~MASK))
    record("in a functional model", by_model, expected=read(~MASK))


@pytest.mark.case(
    "custom.time-axis.compute-mask",
    documented=GUIDE
    % ("Supporting masking in your custom layers", "a layer that changes the time dimension modifies the mask"),
    tags=["custom layer", "compute_mask", "RNN"],
    modes=["eager", "graph", "session"],
)
def test_time_axis_compute_mask(keras, run, build, mask_of, record):
    """A custom `compute_mask` shortens the mask with the sequence.

    The output of a layer that drops timesteps has the shortened mask, and an RNN after it uses this mask.
    """

    class EverySecond(keras.layers.Layer):
        def call(self, inputs):
            return inputs[:, ::2]

        def compute_mask(self, inputs, mask=None):
            return mask[:, ::2]

        def compute_output_shape(self, input_shape):
            return (input_shape[0], (input_shape[1] + 1) // 2, input_shape[2])

    masking, layer = keras.layers.Masking(), EverySecond()
    rnn = keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, 3, FEATURES))

    def call(t):
        shorter = layer(masking(t))
        return rnn(shorter), mask_of(shorter)  # in this order: a layer that uses a mask may remove it

    last, mask = run(call, ZEROED)
    record("mask", mask, expected=MASK[:, ::2])
    record("last output of the RNN", last, expected=oracle.simple_rnn(X[:, ::2], MASK[:, ::2], *weights)[1])


@pytest.mark.case(
    "custom.time-axis.flag-only",
    unspecified="The guide asks such layers for a compute_mask; without one, a mask of the wrong length propagates, "
    "and the docs do not say what the next layer does with it",
    tags=["custom layer", "supports_masking", "RNN"],
    modes=["eager", "graph", "session"],
)
def test_time_axis_flag_only(keras, run, build, mask_of, record):
    """`supports_masking` on a layer that drops timesteps.

    What happens to a mask that is longer than the sequence is not specified.
    """

    class EverySecond(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs):
            return inputs[:, ::2]

        def compute_output_shape(self, input_shape):
            return (input_shape[0], (input_shape[1] + 1) // 2, input_shape[2])

    masking, layer = keras.layers.Masking(), EverySecond()
    rnn = keras.layers.SimpleRNN(UNITS)
    build(rnn, (None, 3, FEATURES))
    record("mask", run(lambda t: mask_of(layer(masking(t))), ZEROED))
    record("last output of the RNN", run.attempt(lambda t: rnn(layer(masking(t))), ZEROED))


@pytest.mark.case("custom.mask-arg-autofilled", documented=MASK_ARGUMENT, tags=["custom layer", "mask argument"])
def test_mask_arg_autofilled(keras, run, ops, record):
    """The `mask` argument of `call` is passed automatically.

    A layer whose `call` has a `mask` argument receives the mask of its input there.
    """
    masking, reader = keras.layers.Masking(), make_reader(keras, ops, supports_masking=True)
    record("output", run(lambda t: reader(masking(t)), ZEROED), expected=read(MASK))


@pytest.mark.case(
    "custom.mask-arg-no-support",
    documented=MASK_ARGUMENT + "; section '%s': by default, a custom layer will destroy the current mask" % OPT_IN,
    tags=["custom layer", "mask argument", "supports_masking"],
)
def test_mask_arg_no_support(keras, run, ops, mask_of, record):
    """A `mask` argument alone does not propagate the mask.

    A layer whose `call` has a `mask` argument but that lacks `supports_masking` receives the mask and drops it from its
    output.
    """
    masking, reader = keras.layers.Masking(), make_reader(keras, ops, supports_masking=False)

    def call(t):
        output = reader(masking(t))
        return output, mask_of(output)

    output, mask = run(call, ZEROED)
    record("output", output, expected=read(MASK))
    record("mask", mask, expected=None)


@pytest.mark.case(
    "custom.explicit-mask-propagates",
    established="Source of keras.layers.Layer.__call__: a mask passed as an argument takes precedence over that of "
    "the input when the mask of the output is computed",
    issues=["keras-team/keras#21449"],
    tags=["custom layer", "mask argument"],
)
def test_explicit_mask_propagates(keras, run, mask_of, record):
    """A mask passed as `mask=` propagates.

    With `layer(x, mask=m)` and `supports_masking`, the output has the mask `m`.
    """

    class Double(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs, mask=None):
            return inputs * 2.0

    layer = Double()
    record("mask", run(lambda t, m: mask_of(layer(t, mask=m)), X, MASK), expected=MASK)


@pytest.mark.case(
    "custom.inner-layers-autopass",
    established="Source of keras.layers.Layer.__call__: the mask is read from the tensor, wherever the call is made",
    tags=["custom layer", "Masking"],
)
def test_inner_layers_autopass(keras, run, ops, mask_of, record):
    """Layers inside a custom layer propagate and create masks.

    Inside `call`, the output of an inner layer has the mask of the outer layer's input, or the mask that the inner
    layer creates.
    """

    class Outer(keras.layers.Layer):
        def __init__(self, inner):
            super().__init__()
            self.supports_masking = True
            self.inner = inner

        def call(self, inputs):
            return ops.cast(mask_of(self.inner(inputs)), "float32")

    masking = keras.layers.Masking()
    consumes, makes = Outer(keras.layers.Activation("tanh")), Outer(keras.layers.Masking())
    record("mask of the input", run.attempt(lambda t: consumes(masking(t)), ZEROED), expected=1.0 * MASK)
    record("mask created inside", run.attempt(makes, ZEROED), expected=1.0 * MASK)


@pytest.mark.case(
    "custom.generator",
    documented=GUIDE
    % ("Supporting masking in your custom layers", "a layer that can make a mask from the values of its input"),
    tags=["custom layer", "compute_mask", "RNN", "Functional"],
    modes=["eager", "graph", "session"],
)
def test_generator(keras, run, ops, build, mask_of, record):
    """A custom layer can create a mask.

    In a functional model, an RNN uses the mask that `compute_mask` of a custom layer creates from an unmasked input.
    """

    class Shift(keras.layers.Layer):
        def call(self, inputs):
            return inputs - 1.0

        def compute_mask(self, inputs, mask=None):
            return ops.any(ops.not_equal(inputs, 0.0), axis=-1)

    layer, rnn = Shift(), keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, STEPS, FEATURES))
    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, rnn(layer(inputs)))
    mask, last = run(lambda x: [mask_of(layer(x)), model(x)], ZEROED)
    record("mask", mask, expected=MASK)
    record("last output of the RNN", last, expected=oracle.simple_rnn(ZEROED - 1, MASK, *weights)[1])
