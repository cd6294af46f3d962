"""What an author declares: a layer, what it is called on, and what is known of it."""

import difflib
import inspect

import numpy as np

from conformance.checks import masks as patterns
from conformance.checks.errors import BadInput, one_line
from conformance.checks.kinds import NAMES

STEPS, SAMPLES = 6, 3  # for dimensions that are declared as None
SEED = 52
LIMITS = ("left", "gap", "random", "all-masked")


class LayerSpec:
    """A layer and how to call it. See `api.check_layer` for the arguments.

    Attributes:
        factory: function without arguments that returns a new layer.
        kind: name of its kind; None until it is declared or guessed.
        guessed: why the kind was guessed, or None if it was declared.
        shapes: shape of each input, with the batch; numbers only.
        any_length: whether the number of steps was declared as None.
        same_weights: whether those that are trained are to be the same whatever an initializer draws.
        tried_out: whether `guess.try_out` was done with it.
        needs_mask: what it raises without a mask if it works with one, a `values.Raised`; else None.
        answers: to questions that several clauses have (`Trial.answer`).
        weights: arrays that every instance is given, once the first one was built.
    """

    def __init__(
        self,
        factory,
        input_shape,
        kind=None,
        dtype="float32",
        call=None,
        as_arguments=False,
        masked=None,
        mask_rank=2,
        expected_mask=None,
        padding=0,
        max_id=4,
        limits=(),
        custom_objects=None,
        name=None,
    ):
        self.factory = as_factory(factory)
        self.name = name or _name_of(factory)
        if kind is not None and kind not in NAMES:
            raise BadInput("unknown kind %r%s; one of %s" % (kind, closest(kind, NAMES), ", ".join(NAMES)))
        self.kind, self.guessed = kind, None
        self.answers = {}
        shapes = _shapes(input_shape)
        self.any_length = any(len(s) > 1 and s[1] is None for s in shapes)
        self.shapes = [tuple(_number(d, i) for i, d in enumerate(shape)) for shape in shapes]
        self.dtypes = _per_input(dtype, len(shapes), "dtype")
        self.call = dict(call or {})
        self.as_arguments = as_arguments
        self.mask_rank = mask_rank
        self.masked = [True] * len(shapes) if masked is None else _per_input(list(masked), len(shapes), "masked")
        if not any(self.masked):
            raise BadInput("masked= says that no input has a mask; at least one must")
        for shape, masked_too in zip(self.shapes, self.masked):
            if masked_too and (len(shape) < max(2, mask_rank) or shape[1] < 3):
                raise BadInput(
                    "input_shape %s has no room for a mask: an input that has one needs a batch and at least 3 "
                    "steps, as in (2, 5, 3)" % (shape,)
                )
        self.expected_mask = expected_mask
        self.padding, self.max_id = padding, max_id
        for limit in limits:
            if limit not in LIMITS:
                raise BadInput("unknown limit %r%s; one of %s" % (limit, closest(limit, LIMITS), ", ".join(LIMITS)))
        self.limits = tuple(limits)
        self.custom_objects = dict(custom_objects or {})
        self.needs_mask = self.weights = None
        self.tried_out = self.same_weights = False

    @property
    def several(self):
        """Whether it takes more than one input."""
        return len(self.shapes) > 1

    def apply(self, layer, tensors, **explicit):
        """Call the layer on one tensor per input."""
        arguments = dict(self.call, **explicit)
        if self.several and not self.as_arguments:
            return layer(list(tensors), **arguments)
        return layer(*tensors, **arguments)

    def arrays(self, steps=None):
        """One array per input, drawn from one seed; no element is that of padding.

        steps: as many steps as these instead of those declared.
        """
        draw, found = np.random.RandomState(SEED), []
        for shape, dtype in zip(self.shapes, self.dtypes):
            found.append(self._draw(draw, shape, dtype))
        return found if steps is None else [a[:, :steps] if m else a for a, m in zip(found, self.masked)]

    def junk(self, size=300):
        """As `arrays`, other values, and for floats as many times larger."""
        draw, found = np.random.RandomState(SEED + 1), []
        for shape, dtype in zip(self.shapes, self.dtypes):
            array = self._draw(draw, shape, dtype)
            found.append(array * np.asarray(size, array.dtype) if array.dtype.kind == "f" else array)
        return found

    def _draw(self, draw, shape, dtype):
        if dtype.startswith(("float", "bfloat")):
            return draw.uniform(0.1, 0.9, shape).astype("float32" if dtype.startswith("bfloat") else dtype)
        ids = draw.randint(1, self.max_id + 1, shape)
        if dtype == "string":
            return np.array(["w%d" % i for i in ids.ravel()], dtype=object).reshape(shape)
        return ids.astype(dtype)

    def masks(self, pattern="right", shift=0):
        """A mask for each input (`masks.make`), None for one that has none.

        shift: the rows of each further input differ.
        """
        found = []
        for i, shape in enumerate(self.shapes):
            mask = patterns.make(pattern, shape[0], shape[1], i * shift) if self.masked[i] else None
            found.append(None if mask is None else patterns.widen(mask, shape[: self.mask_rank]))
        return found

    def padded(self, arrays, masks):
        """The arrays with the value of padding where they are masked."""
        return self.replaced(arrays, [np.full_like(a, self.padding) for a in arrays], masks)

    @staticmethod
    def replaced(arrays, others, masks):
        """The arrays with what `others` have where they are masked."""
        found = []
        for array, other, mask in zip(arrays, others, masks):
            found.append(array if mask is None else np.where(patterns.lengthen(mask, array.ndim), array, other))
        return found


def as_factory(given):
    """A function that makes the layer: what was given, or one that makes copies of the layer that was given."""
    if isinstance(given, type):
        return given
    if hasattr(given, "get_config") and hasattr(given, "call"):
        kind = type(given)
        return lambda: kind.from_config(given.get_config())
    if not callable(given):
        raise BadInput(
            "the factory is of type %s; give a function without arguments that returns a layer" % type(given).__name__
        )
    return given


def make_layer(subject):
    """A new layer.

    Raises:
        BadInput: there is none, with what to change.
    """
    try:
        layer = subject.factory()
    except Exception as error:
        what = one_line(error)
        if isinstance(subject.factory, type) and isinstance(error, TypeError):
            raise BadInput(
                "%s: it needs arguments to be built; give a function, such as lambda: %s(...), or --config"
                % (what, subject.factory.__name__)
            )
        raise BadInput("the factory raises %s; it must return a layer when it is called without arguments" % what)
    if isinstance(layer, type) or not hasattr(layer, "call") or not hasattr(layer, "compute_mask"):
        raise BadInput("the factory returns no Keras layer, but an object of type %s" % type(layer).__name__)
    return layer


def parameters(function):
    """Its parameters; none if they cannot be known."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def closest(word, words):
    """ "; did you mean ...?" if one of the words is near, else nothing."""
    near = difflib.get_close_matches(str(word), list(words), 1, 0.5)
    return " (did you mean %r?)" % near[0] if near else ""


def _name_of(factory):
    name = factory.__name__ if isinstance(factory, type) else getattr(factory, "__name__", type(factory).__name__)
    return None if name == "<lambda>" else name


def _shapes(given):
    """A list of shapes, of one shape or of several."""
    if given is None:
        raise BadInput("input_shape is missing: the shape of the input with its batch, such as (2, 5, 3)")
    try:
        several = bool(given) and all(hasattr(part, "__iter__") for part in given)
        shapes = [tuple(shape) for shape in (given if several else [given])]
    except TypeError:
        shapes = []
    numbers = [d for shape in shapes for d in shape]
    if not shapes or any(not shape for shape in shapes) or any(not _is_dimension(d) for d in numbers):
        raise BadInput("input_shape %r is no shape and no list of shapes, such as (2, 5, 3)" % (given,))
    return shapes


def _is_dimension(d):
    return d is None or (isinstance(d, (int, np.integer)) and not isinstance(d, bool) and d > 0)


def _number(dimension, axis):
    if dimension is None:
        if axis > 1:
            raise BadInput("only the batch and the steps of input_shape may be None")
        return STEPS if axis else SAMPLES
    return int(dimension)


def _per_input(given, inputs, name):
    many = list(given) if isinstance(given, (list, tuple)) else [given] * inputs
    if len(many) != inputs:
        raise BadInput("%s has %d entries, and there are %d inputs" % (name, len(many), inputs))
    return many
