"""Layer table.

What every built-in layer does with an incoming mask: one observation per layer, nothing expected.

The words: "consumes" (its output depends on the mask), "passes on", "merges by and", "merges by or", "changes" (how the
output mask follows from the input masks), "produces" (there is an output mask without an input mask as well), "stops
silently", "stops with a warning" (the mask is ignored and dropped), "refuses" (an exception is raised). While a model
is constructed there are no values to compare: a symbolic output mask is "gives a mask".
"""

import inspect
import warnings

import layer_recipes
import numpy as np
import pytest

from conformance.case import Raised, Unsupported


def make_producer(keras, ops):
    """Construct a layer called on [x, mask] that returns x with that mask."""

    class Producer(keras.layers.Layer):
        def call(self, inputs):
            return ops.reshape(inputs[0], ops.shape(inputs[0]))

        def compute_mask(self, inputs, mask=None):
            return inputs[1]

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    return Producer()


def call(recipe, layer, tensors):
    """Return the first output of the layer called on one tensor per input."""
    grouped = [tensors] if recipe.as_list and len(tensors) > 1 else tensors
    output = layer(*grouped, **recipe.call)
    return output[0] if isinstance(output, (list, tuple)) else output


def hear(attempt):
    """Return the result of `attempt()`, and whether it warned about masks."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        result = attempt()
    for one in heard:  # the recorder needs them as well
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return result, any("mask" in str(one.message) for one in heard)


def what_became_of(mask):
    """Return the word for an output mask, given the input masks."""
    first, second = layer_recipes.MASKS
    for word, known in [("passes on", first), ("merges by and", first & second), ("merges by or", first | second)]:
        if np.array_equal(mask, known):
            return word
    return "changes"


def dropped(warned):
    return "stops with a warning" if warned else "stops silently"


def refusal(masked, plain):
    """Return the words for a call that raised; None if neither did."""
    if isinstance(plain, Raised):
        return "raises without a mask as well: " + plain.names[0]
    return "refuses: " + masked.names[0] if isinstance(masked, Raised) else None


def describe(masked, plain, warned):
    """Describe what a layer did, from [output, output mask] with and without an input mask."""
    (output, mask), (plain_output, plain_mask) = masked, plain
    # A layer whose output depends on the mask consumes it.
    words = [] if np.allclose(output, plain_output, equal_nan=True) else ["consumes"]
    if mask is not None:
        words.append(what_became_of(mask) if plain_mask is None else "produces")
    return " and ".join(words) or dropped(warned)


@pytest.mark.case(
    "layer-table.incoming-mask",
    unspecified="The docs of few layers say what happens to a mask, which decides where in a model masks are dropped",
    tags=["layer table"],
    modes=["eager | session | graph"],
)
@pytest.mark.parametrize("name", sorted(layer_recipes.RECIPES))
def test_incoming_mask(keras, tf, run, ops, mask_of, record, name):
    """What a layer does with an incoming mask.

    Whether a layer consumes the mask of its input, propagates, changes or drops it, or raises an exception is not
    specified.

    The mask covers the first two axes of the input, whatever these are. A layer consumes the mask if its output with
    the mask differs from that without it. "Symbolic" is a call on keras.Input, "at run time" one on data.
    """
    if not hasattr(keras.layers, name):
        raise Unsupported("there is no keras.layers.%s" % name)
    recipe = layer_recipes.RECIPES[name]
    if recipe.tensorflow and tf is None:
        raise Unsupported("keras.layers.%s computes with TensorFlow" % name)
    if recipe.table and run.mode == "session":
        raise Unsupported("nothing initialises lookup tables in a session")
    layer, producer = recipe.make(keras.layers), make_producer(keras, ops)
    arrays, masks = recipe.arrays(), list(layer_recipes.MASKS[: recipe.inputs])
    symbolic = {}

    def construct(masked):
        inputs = [keras.Input(recipe.shape, dtype=recipe.dtype) for _ in arrays]
        if masked:
            inputs = [producer([i, keras.Input((layer_recipes.LENGTH,), dtype="bool")]) for i in inputs]
        symbolic[masked] = mask_of(call(recipe, layer, inputs))

    def observe(tensors):
        x, m = tensors[: len(arrays)], tensors[len(arrays) :]
        output = call(recipe, layer, [producer(list(pair)) for pair in zip(x, m)] if m else list(x))
        return [output, mask_of(output)]

    masked, warned = hear(lambda: run.attempt(lambda: construct(masked=True)))  # also builds the layer
    if masked is None and symbolic[True] is None:
        record("symbolic", dropped(warned))
    else:
        plain = run.attempt(lambda: construct(masked=False))
        record("symbolic", refusal(masked, plain) or ("gives a mask" if symbolic[False] is None else "produces"))

    # Without masks first: on JAX, `reshape` to the same shape returns its argument, to which the mask is then attached.
    both, warned = hear(lambda: run.attempt(lambda *t: [observe(t[: len(arrays)]), observe(t)], *(arrays + masks)))
    if isinstance(both, Raised):
        record("at run time", refusal(both, run.attempt(lambda *t: observe(t), *arrays)))
    else:
        record("at run time", describe(both[1], both[0], warned))
        record("output mask", both[1][1])


@pytest.mark.case(
    "layer-table.complete",
    established="The public namespace keras.layers of the target itself",
    severity="cosmetic",
    tags=["layer table"],
    modes=["eager | session | graph"],
)
def test_complete(keras, record):
    """The layer table covers every built-in layer.

    Every layer class in `keras.layers`, under one of its names, is in the table or omitted for a stated reason.
    """
    public = {name: getattr(keras.layers, name) for name in dir(keras.layers)}
    found = {n: c for n, c in public.items() if inspect.isclass(c) and issubclass(c, keras.layers.Layer)}
    # `keras.layers.deserialize` of Keras 2 adds Model and Sequential to its module when it is first called.
    found = {n: c for n, c in found.items() if not issubclass(c, keras.Model)}
    known = [found[name] for name in found if name in layer_recipes.RECIPES or name in layer_recipes.LEFT_OUT]
    record("missing", sorted(name for name in found if found[name] not in known), expected=[])
