"""Recipes.

What to write where Keras leaves masks to the author: the code of docs/recipes.md, and no other code stands there.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
OTHER_MASK = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0], [0, 1, 0, 1, 0, 0]], bool)
X, OTHER = np.random.RandomState(51).uniform(0.1, 1, (2, BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` makes MASK of it
OTHER_ZEROED = np.where(OTHER_MASK[..., None], OTHER, np.float32(0))
H0, C0 = np.random.RandomState(52).uniform(-0.9, 0.9, (2, BATCH, UNITS)).astype("float32")

MODES = ["eager", "graph | session"]  # what is compiled of a layer is measured elsewhere
GUIDE = "Guide 'Understanding masking & padding', section '%s'"
COMPUTE_MASK = GUIDE % "Supporting masking in your custom layers"
MASK_ARGUMENT = GUIDE % "Writing layers that need mask information"


def each_mask(inputs, mask):
    """One mask, or None, for each input: of what `call` or `compute_mask` of a layer of lists is given."""
    masks = list(mask) if isinstance(mask, (list, tuple)) else [None] * len(inputs)
    # Keras 3.0 to 3.3 hand over no masks of lists. There alone a private attribute is the way to them.
    return [getattr(x, "_keras_mask", None) if m is None else m for x, m in zip(inputs, masks)]


@pytest.mark.case("recipe.read-mask", documented=MASK_ARGUMENT, tags=["recipe", "custom layer", "Masking"], modes=MODES)
def test_read_mask(keras, run, record):
    """The mask of a tensor, read with public means only.

    A layer that returns its mask argument gives the mask as ones and zeros; ones where there is none.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class MaskOf(keras.layers.Layer):
        """(batch, steps, features) -> (batch, steps): 1 where a step counts, 0 where it is masked."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True  # or Keras 3 warns, and Keras 2.2 and 2.3 refuse the mask

        def call(self, inputs, mask=None):
            if mask is None:
                return K.ones_like(inputs[..., 0])
            return K.cast(mask, inputs.dtype)

        def compute_mask(self, inputs, mask=None):
            return None

        def compute_output_shape(self, input_shape):
            return input_shape[:-1]

    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, MaskOf()(keras.layers.Masking()(inputs)))

    masking, reader = keras.layers.Masking(), MaskOf()
    masked, unmasked, functional = run(lambda x: [reader(masking(x)), reader(x), model(x)], ZEROED)
    record("of a masked tensor", masked, expected=1.0 * MASK)
    record("of an unmasked tensor", unmasked, expected=np.ones(MASK.shape))
    record("in a functional model", functional, expected=1.0 * MASK)


@pytest.mark.case("recipe.set-mask", documented=COMPUTE_MASK, tags=["recipe", "custom layer", "SimpleRNN"], modes=MODES)
def test_set_mask(keras, run, build, mask_of, record):
    """A mask of one's own is set on a tensor with public means only.

    A layer whose compute_mask returns its second input gives its first input that mask, and an RNN uses it.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class SetMask(keras.layers.Layer):
        """[values, mask] -> values with this mask; any mask that they had is replaced."""

        def call(self, inputs):
            return inputs[0] * 1  # a new tensor: one that comes back as it is keeps the mask that it had

        def compute_mask(self, inputs, mask=None):
            return K.cast(inputs[1], "bool")

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    values, lengths_mask = keras.Input((STEPS, FEATURES)), keras.Input((STEPS,), dtype="bool")
    rnn = keras.layers.SimpleRNN(UNITS)
    model = keras.Model([values, lengths_mask], rnn(SetMask()([values, lengths_mask])))

    weights = build(rnn)
    last = oracle.simple_rnn(X, MASK, *weights)[1]
    set_mask, masking = SetMask(), keras.layers.Masking()

    def call(x, other, m):
        return mask_of(set_mask([x, m])), mask_of(set_mask([masking(other), m])), model([x, m])

    mask, replaced, functional = run(call, X, OTHER_ZEROED, MASK)
    record("mask", mask, expected=MASK)
    record("replaced", replaced, expected=MASK)
    record("functional", functional, expected=last)


@pytest.mark.case(
    "recipe.drop-mask",
    documented=COMPUTE_MASK,
    issues=["tensorflow/tensorflow#32322"],
    tags=["recipe", "custom layer", "compute_mask", "SimpleRNN"],
    modes=MODES,
)
def test_drop_mask(keras, run, build, mask_of, record):
    """A layer that ends a mask.

    Behind a layer that returns a new tensor and whose compute_mask returns None there is no mask, and no warning.
    """

    class DropMask(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True  # it knows what it does: no warning from Keras 3, no error from Keras 2.2

        def call(self, inputs):
            return inputs * 1  # a new tensor: one that comes back as it is keeps its mask

        def compute_mask(self, inputs, mask=None):
            return None

    inputs = keras.Input((STEPS, FEATURES))
    rnn = keras.layers.SimpleRNN(UNITS)
    model = keras.Model(inputs, rnn(DropMask()(keras.layers.Masking()(inputs))))

    weights = build(rnn)
    masking, drop = keras.layers.Masking(), DropMask()
    mask, functional = run(lambda x: [mask_of(drop(masking(x))), model(x)], ZEROED)
    record("mask", mask, expected=None)
    record("functional", functional, expected=oracle.simple_rnn(ZEROED, None, *weights)[1])


@pytest.mark.case(
    "recipe.compute-mask", documented=COMPUTE_MASK, tags=["recipe", "custom layer", "compute_mask"], modes=MODES
)
def test_compute_mask(keras, run, build, mask_of, record):
    """A compute_mask that works on Keras 2 and 3.

    A mask made of the data, and of the mask that comes in, goes on in calls and in functional models.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class MaskMissing(keras.layers.Layer):
        """Masks the steps at which every feature is `missing`; steps that are masked already stay so."""

        def __init__(self, missing=-1.0, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True
            self.missing = missing

        def call(self, inputs):
            return inputs * 1

        def compute_mask(self, inputs, mask=None):
            there = K.any(K.not_equal(inputs, self.missing), axis=-1)
            return there if mask is None else K.all(K.stack([there, mask]), axis=0)

        def get_config(self):
            return dict(super().get_config(), missing=self.missing)

    inputs = keras.Input((STEPS, FEATURES))
    rnn = keras.layers.SimpleRNN(UNITS)
    model = keras.Model(inputs, rnn(MaskMissing()(keras.layers.Masking()(inputs))))

    weights = build(rnn)
    data = np.where(OTHER_MASK[..., None], ZEROED, np.float32(-1))
    both = MASK & OTHER_MASK
    masking, missing = keras.layers.Masking(), MaskMissing.from_config(MaskMissing().get_config())
    alone, of_masked, last = run(lambda x: [mask_of(missing(x)), mask_of(missing(masking(x))), model(x)], data)
    record("alone", alone, expected=OTHER_MASK)
    record("of a masked tensor", of_masked, expected=both)
    record("functional", last, expected=oracle.simple_rnn(data, both, *weights)[1])


@pytest.mark.case(
    "recipe.recompute-mask",
    documented=COMPUTE_MASK,
    tags=["recipe", "custom layer", "compute_mask", "SimpleRNN"],
    modes=MODES,
)
def test_recompute_mask(keras, run, build, mask_of, record):
    """A layer that changes the number of steps recomputes the mask.

    The sum of each two steps counts if one of the two does; masked steps add nothing.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class SumPairs(keras.layers.Layer):
        """(batch, steps, features) -> (batch, steps / 2, features), for an even number of steps."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            if mask is not None:
                inputs = inputs * K.expand_dims(K.cast(mask, inputs.dtype), -1)
            return inputs[:, ::2] + inputs[:, 1::2]

        def compute_mask(self, inputs, mask=None):
            return None if mask is None else K.any(K.stack([mask[:, ::2], mask[:, 1::2]]), axis=0)

        def compute_output_shape(self, input_shape):
            batch, steps, features = input_shape
            return (batch, None if steps is None else steps // 2, features)

    inputs = keras.Input((STEPS, FEATURES))
    rnn = keras.layers.SimpleRNN(UNITS)
    model = keras.Model(inputs, rnn(SumPairs()(keras.layers.Masking()(inputs))))

    weights = build(rnn)
    sums, kept = ZEROED[:, ::2] + ZEROED[:, 1::2], MASK[:, ::2] | MASK[:, 1::2]
    masking, pairs = keras.layers.Masking(), SumPairs()

    def call(x, unmasked):
        output = pairs(masking(x))
        return output, mask_of(output), mask_of(pairs(unmasked)), model(x)

    output, mask, without, last = run(call, ZEROED, X)
    record("output", output, expected=sums)
    record("mask", mask, expected=kept)
    record("without a mask", without, expected=None)
    record("functional", last, expected=oracle.simple_rnn(sums, kept, *weights)[1])


@pytest.mark.case(
    "recipe.list-masks",
    documented=MASK_ARGUMENT,
    issues=["keras-team/keras#19311"],
    tags=["recipe", "custom layer", "nested inputs"],
    modes=MODES,
)
def test_list_masks(keras, run, mask_of, record):
    """The masks of a list of inputs, in one form on every Keras.

    A layer of two inputs is given one mask or None for each, in call and in compute_mask, whichever are masked.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class SumOfMasked(keras.layers.Layer):
        """The sum of the inputs, each where it counts; its mask is that of the first input."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            total = 0.0
            for x, m in zip(inputs, each_mask(inputs, mask)):
                total += x if m is None else x * K.expand_dims(K.cast(m, x.dtype), -1)
            return total

        def compute_mask(self, inputs, mask=None):
            return each_mask(inputs, mask)[0]

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    one, other, total = keras.layers.Masking(-1.0), keras.layers.Masking(-1.0), SumOfMasked()
    data, more = np.where(MASK[..., None], X, np.float32(-1)), np.where(OTHER_MASK[..., None], OTHER, np.float32(-1))

    def call(inputs):
        output = total(inputs)
        return output, mask_of(output)

    both = ZEROED + OTHER_ZEROED

    def calls(x, y, first, last):
        return call([one(first), other(last)]), call([one(first), y]), call([x, other(last)]), call([x, y])

    of_both, of_first, of_last, of_none = run(calls, X, OTHER, data, more)
    record("both", of_both, expected=[both, MASK])
    record("first", of_first, expected=[ZEROED + OTHER, MASK])
    record("last", of_last, expected=[X + OTHER_ZEROED, None])
    record("none", of_none, expected=[X + OTHER, None])


@pytest.mark.case(
    "recipe.merge-and",
    documented=COMPUTE_MASK,
    issues=["keras-team/keras#19685"],
    tags=["recipe", "Add", "compute_mask", "Masking"],
    modes=MODES,
)
def test_merge_and(keras, run, build, mask_of, record):
    """A sum that counts where all of its masked inputs do, as in Keras 2.

    The mask of the sum is the AND of the masks that there are; inputs without a mask do not matter.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class AddAnd(keras.layers.Add):
        def compute_mask(self, inputs, mask=None):
            known = [m for m in each_mask(inputs, mask) if m is not None]
            return K.all(K.stack(known), axis=0) if known else None

    inputs = [keras.Input((STEPS, FEATURES)) for _ in range(2)]
    masked = [keras.layers.Masking()(x) for x in inputs]
    rnn = keras.layers.SimpleRNN(UNITS)
    model = keras.Model(inputs, rnn(AddAnd()(masked)))

    weights = build(rnn)
    add, one, other = AddAnd(), keras.layers.Masking(), keras.layers.Masking()
    both, sums = MASK & OTHER_MASK, ZEROED + OTHER_ZEROED

    def call(x, y):
        masks = [mask_of(add(pair)) for pair in ([one(x), other(y)], [one(x), y], [x, y])]
        return masks, model([x, y])

    masks, last = run(call, ZEROED, OTHER_ZEROED)
    record("two masks", masks[0], expected=both)
    record("one mask", masks[1], expected=MASK)
    record("no mask", masks[2], expected=None)
    record("functional", last, expected=oracle.simple_rnn(sums, both, *weights)[1])


@pytest.mark.case(
    "recipe.masked-softmax",
    documented=MASK_ARGUMENT,
    tags=["recipe", "custom layer", "mask argument", "all masked"],
    modes=MODES,
)
def test_masked_softmax(keras, run, record):
    """A layer that uses its mask: a softmax over the steps that count.

    Weights are those of a softmax over the unmasked steps alone, zero elsewhere, and zero where no step counts.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class StepWeights(keras.layers.Layer):
        """(batch, steps, features) -> the same shape; the weights of the steps that count add up to 1."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            counts = K.ones_like(inputs)
            if mask is not None:
                counts = counts * K.expand_dims(K.cast(mask, inputs.dtype), -1)
            scores = inputs * counts
            scores = scores + (1 - counts) * K.min(scores, axis=1, keepdims=True)  # nothing masked is the maximum
            weights = counts * K.exp(scores - K.max(scores, axis=1, keepdims=True))
            return weights / K.maximum(K.sum(weights, axis=1, keepdims=True), 1.0)  # below 1 only if no step counts

    layer = StepWeights()
    mask = MASK * np.array([[True], [False], [True]])
    garbage = np.where(mask[..., None], X, np.float32(1e6))
    expected = np.exp(X) * mask[..., None]
    expected = expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-9)
    masked, unmasked = run(lambda x, m, y: [layer(x, mask=m), layer(y)], garbage, mask, X)
    record("masked", masked, expected=expected)
    record("unmasked", unmasked, expected=np.exp(X) / np.exp(X).sum(axis=1, keepdims=True))


@pytest.mark.case(
    "recipe.initial-state",
    documented="API docs of keras.layers.LSTM, call arguments mask and initial_state: a timestep with a False entry "
    "is ignored; a list of initial state tensors",
    tags=["recipe", "LSTM", "initial_state", "Masking", "Functional"],
    modes=MODES,
)
def test_initial_state(keras, run, build, record):
    """An LSTM gets its mask together with initial_state.

    With states and, where Keras 3 would overlook it, the mask by hand, an LSTM goes on from the states and skips steps.
    """
    masking = keras.layers.Masking()
    lstm = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid")

    def decode(x, h, c):
        # Keras 3 does not look for the mask of `x` if there are states; Keras 2 does.
        by_hand = {"mask": masking.compute_mask(x)} if hasattr(keras, "ops") else {}
        return lstm(masking(x), initial_state=[h, c], **by_hand)

    inputs = [keras.Input((STEPS, FEATURES)), keras.Input((UNITS,)), keras.Input((UNITS,))]
    model = keras.Model(inputs, decode(*inputs))

    weights = build(lstm)
    last = oracle.lstm(X, MASK, *weights, state=(H0, C0))[1]
    record("called", run(decode, ZEROED, H0, C0), expected=last)
    record("in a functional model", run(lambda x, h, c: model([x, h, c]), ZEROED, H0, C0), expected=last)
