"""Custom layers.

Which of them are given a mask, and which let it go on.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 2, 5, 3, 4
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)
X = np.random.RandomState(5).uniform(-1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it

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
    """A layer that adds 10 where the mask it is given is True."""

    class Reader(keras.layers.Layer):
        def call(self, inputs, mask=None):
            return inputs + 10.0 * ops.expand_dims(ops.cast(mask, "float32"), -1)

    layer = Reader()
    layer.supports_masking = supports_masking
    return layer


def read(mask):
    """What `make_reader`'s layer makes of ZEROED and `mask`."""
    return ZEROED + 10 * mask[..., None]


@pytest.mark.case(
    "custom.supports-masking-true",
    documented=GUIDE % (OPT_IN, "with supports_masking = True, compute_mask() just passes the current mask through"),
    tags=["custom layer", "supports_masking"],
)
def test_supports_masking_true(keras, run, mask_of, record):
    """supports_masking lets the mask go on.

    A layer with supports_masking = True and no compute_mask passes the mask of its input on, unchanged.
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
    unspecified="No page says when the flag has to be set; the constructor of the base class resets it",
    issues=["keras-team/keras#19311"],
    tags=["custom layer", "supports_masking"],
)
def test_supports_before_super(keras, run, mask_of, record):
    """supports_masking set before super().__init__().

    Whether a flag set before the constructor of the base class holds is not specified.
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
    """compute_mask alone makes the mask.

    The next layer is given what compute_mask makes of the input and its mask; no flag is needed.
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
    """compute_mask that returns None ends the mask.

    The next layer is given no mask, although supports_masking is set.
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
    """compute_mask counts where call returns its input.

    A layer that leaves the values alone and only changes the mask gives the next layer the changed mask.
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
    record("in a functional model that is called", by_model, expected=read(~MASK))


@pytest.mark.case(
    "custom.time-axis.compute-mask",
    documented=GUIDE
    % ("Supporting masking in your custom layers", "a layer that changes the time dimension modifies the mask"),
    tags=["custom layer", "compute_mask", "RNN"],
    modes=["eager", "graph", "session"],
)
def test_time_axis_compute_mask(keras, run, build, mask_of, record):
    """A layer that drops steps can drop them from the mask.

    The mask that compute_mask shortens reaches the next layer, and an RNN there uses it.
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
        return rnn(shorter), mask_of(shorter)  # in this order: a layer that looks at a mask may remove it

    last, mask = run(call, ZEROED)
    record("mask", mask, expected=MASK[:, ::2])
    record("last output of the RNN", last, expected=oracle.simple_rnn(X[:, ::2], MASK[:, ::2], *weights)[1])


@pytest.mark.case(
    "custom.time-axis.flag-only",
    unspecified="The guide asks such layers for a compute_mask; without one a mask of the wrong length goes on, and "
    "what the next layer does with it is worth knowing",
    tags=["custom layer", "supports_masking", "RNN"],
    modes=["eager", "graph", "session"],
)
def test_time_axis_flag_only(keras, run, build, mask_of, record):
    """A layer that drops steps but not their mask.

    What becomes of a mask that is longer than the sequence is not specified.
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
    """A mask argument is filled.

    A layer whose call has an argument mask is given the mask of its input there.
    """
    masking, reader = keras.layers.Masking(), make_reader(keras, ops, supports_masking=True)
    record("output", run(lambda t: reader(masking(t)), ZEROED), expected=read(MASK))


@pytest.mark.case(
    "custom.mask-arg-no-support",
    documented=MASK_ARGUMENT + "; section '%s': by default, a custom layer will destroy the current mask" % OPT_IN,
    tags=["custom layer", "mask argument", "supports_masking"],
)
def test_mask_arg_no_support(keras, run, ops, mask_of, record):
    """A mask argument alone takes the mask and does not pass it on.

    A layer with an argument mask but without supports_masking is given the mask; the next layer is not.
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
    established="Source of keras.layers.Layer.__call__: a mask passed as an argument comes before that of the input "
    "when the mask of the output is computed",
    issues=["keras-team/keras#21449"],
    tags=["custom layer", "mask argument"],
)
def test_explicit_mask_propagates(keras, run, mask_of, record):
    """A mask passed as an argument goes on.

    With layer(x, mask=m) and supports_masking, the next layer is given m.
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
    """Layers inside a custom layer are given masks.

    A layer called inside of call is given the mask of the outer layer's input, and one that is made inside of call.
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
    record("mask made inside", run.attempt(makes, ZEROED), expected=1.0 * MASK)


@pytest.mark.case(
    "custom.generator",
    documented=GUIDE
    % ("Supporting masking in your custom layers", "a layer that can make a mask from the values of its input"),
    tags=["custom layer", "compute_mask", "RNN", "Functional"],
    modes=["eager", "graph", "session"],
)
def test_generator(keras, run, ops, build, mask_of, record):
    """A custom layer makes a mask of its own.

    What compute_mask makes of an input without a mask is used by an RNN in a functional model.
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
