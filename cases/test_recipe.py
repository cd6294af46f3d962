"""Recipes.

Code that treats masks alike on Keras 2 and Keras 3; docs/recipes.md shows this code and no other.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES, UNITS = 3, 6, 2, 4
# Padded on the right, padded on the left, with gaps.
MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0]], bool)
OTHER_MASK = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0], [0, 1, 0, 1, 0, 0]], bool)
X, OTHER = np.random.RandomState(51).uniform(0.1, 1, (2, BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(MASK[..., None], X, np.float32(0))  # `Masking` computes MASK from it
OTHER_ZEROED = np.where(OTHER_MASK[..., None], OTHER, np.float32(0))

# Other cases cover compiled layers.
IN_GRAPHS = {"modes": ["eager", "graph", "session"], "thinned": [thinning.GRAPH_FOR_SESSION]}
GUIDE = "Guide 'Understanding masking & padding', section '%s'"
COMPUTE_MASK = GUIDE % "Supporting masking in your custom layers"
MASK_ARGUMENT = GUIDE % "Writing layers that need mask information"


def each_mask(inputs, mask):
    """Return one mask or None for each input, given the arguments of `call` or `compute_mask` of a layer of lists."""
    masks = list(mask) if isinstance(mask, (list, tuple)) else [None] * len(inputs)
    # Keras 3.0 to 3.3 pass no masks of lists (keras-team/keras#18416): only a private attribute holds them.
    return [getattr(x, "_keras_mask", None) if m is None else m for x, m in zip(inputs, masks)]


@pytest.mark.case(
    "recipe.read-mask",
    documented=MASK_ARGUMENT,
    tags=["recipe", "custom layer", "Masking"],
    **IN_GRAPHS,
)
def test_read_mask(keras, run, record):
    """A custom layer reads a mask with public API only.

    A layer that outputs its `mask` argument returns the mask as ones and zeros, and ones if its input has no mask.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class MaskOf(keras.layers.Layer):
        """(batch, timesteps, features) -> (batch, timesteps): 1 at unmasked timesteps, 0 at masked ones."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True  # else Keras 3 warns, and Keras 2.2 and 2.3 raise

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


@pytest.mark.case(
    "recipe.set-mask",
    documented=COMPUTE_MASK,
    tags=["recipe", "custom layer", "SimpleRNN"],
    **IN_GRAPHS,
)
def test_set_mask(keras, run, build, mask_of, record):
    """A custom layer sets a mask with public API only.

    A layer whose `compute_mask` returns its second input attaches that mask to its output, and an RNN uses it.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class SetMask(keras.layers.Layer):
        """[values, mask] -> values with this mask, which replaces any other."""

        def call(self, inputs):
            return inputs[0] * 1  # a new tensor: the input itself would keep its mask

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
    **IN_GRAPHS,
)
def test_drop_mask(keras, run, build, mask_of, record):
    """A custom layer drops a mask.

    After a layer that returns a new tensor and whose `compute_mask` returns None there is no mask.
    """

    class DropMask(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True  # else Keras 3 warns, and Keras 2.2 and 2.3 raise

        def call(self, inputs):
            return inputs * 1  # a new tensor: the input itself would keep its mask

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
    "recipe.compute-mask",
    documented=COMPUTE_MASK,
    tags=["recipe", "custom layer", "compute_mask"],
    **IN_GRAPHS,
)
def test_compute_mask(keras, run, build, mask_of, record):
    """A custom `compute_mask` works on Keras 2 and Keras 3.

    A mask computed from the data and the incoming mask is propagated in calls and in functional models.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class MaskMissing(keras.layers.Layer):
        """Mask the timesteps whose features all equal `missing`, and keep those masked that already are."""

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
    **IN_GRAPHS,
)
def test_recompute_mask(keras, run, build, mask_of, record):
    """A custom layer that shortens the time axis recomputes the mask.

    The sum of each pair of timesteps is masked only if both are masked, and masked timesteps add nothing to it.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class SumPairs(keras.layers.Layer):
        """(batch, timesteps, features) -> (batch, timesteps / 2, features), for an even number of timesteps."""

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
    **IN_GRAPHS,
)
def test_list_masks(keras, run, mask_of, record):
    """A custom layer gets the masks of a list of inputs alike on every Keras.

    In `call` and in `compute_mask`, a layer of two inputs gets one mask or None for each, whichever inputs are masked.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class SumOfMasked(keras.layers.Layer):
        """Sum the unmasked timesteps of all inputs; the mask of the output is that of the first input."""

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
    **IN_GRAPHS,
)
def test_merge_and(keras, run, build, mask_of, record):
    """A subclass of Add merges masks with AND, as in Keras 2.

    The mask of the sum is the AND of the masks of all masked inputs, and unmasked inputs do not affect it.
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
    **IN_GRAPHS,
)
def test_masked_softmax(keras, run, record):
    """A custom layer computes a softmax over the unmasked timesteps.

    The weights are those of a softmax over the unmasked timesteps alone, and zero at masked timesteps, even if all
    timesteps are masked.
    """
    K = keras.ops if hasattr(keras, "ops") else keras.backend

    class StepWeights(keras.layers.Layer):
        """(batch, timesteps, features) -> the same shape; the weights of the unmasked timesteps sum to 1."""

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.supports_masking = True

        def call(self, inputs, mask=None):
            counts = K.ones_like(inputs)
            if mask is not None:
                counts = counts * K.expand_dims(K.cast(mask, inputs.dtype), -1)
            scores = inputs * counts
            scores = scores + (1 - counts) * K.min(scores, axis=1, keepdims=True)  # the maximum is an unmasked score
            weights = counts * K.exp(scores - K.max(scores, axis=1, keepdims=True))
            return weights / K.maximum(K.sum(weights, axis=1, keepdims=True), 1.0)  # below 1 only if all are masked

    layer = StepWeights()
    mask = MASK * np.array([[True], [False], [True]])
    garbage = np.where(mask[..., None], X, np.float32(1e6))
    expected = np.exp(X) * mask[..., None]
    expected = expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-9)
    masked, unmasked = run(lambda x, m, y: [layer(x, mask=m), layer(y)], garbage, mask, X)
    record("masked", masked, expected=expected)
    record("unmasked", unmasked, expected=np.exp(X) / np.exp(X).sum(axis=1, keepdims=True))
