"""What an author declares: a layer and how to call it. A `LayerSpec` never changes."""

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
    """A layer and how to call it, as declared.

    What is found out about the layer meanwhile, such as its inferred kind, is kept in a `LayerState`.

    Attributes:
        factory: Function without arguments that returns a new layer.
        name: Name of the layer in the output, or None for that of its class.
        kind: Name of its kind, or None if it is to be inferred.
        declared_shapes: Shape of each input as declared, with None for an open dimension.
        shapes: Shape of each input, including the batch; numbers only.
        any_length: Whether the number of steps was declared as None.
        dtypes: Name of the dtype of each input.
        masked: For each input whether it has a mask.

    The other attributes are those arguments of `api.check_layer` that have the same name.
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
        """Check the declaration and keep it.

        Raises:
            BadInput: An argument has no meaning, or two contradict each other.
        """
        make = as_factory(factory)
        if kind is not None and kind not in NAMES:
            raise BadInput("unknown kind %r%s; expected one of %s" % (kind, closest(kind, NAMES), ", ".join(NAMES)))
        declared_shapes = _shapes(input_shape)
        inputs = len(declared_shapes)
        vars(self).update(
            factory=make,
            name=name or _name_of(factory),
            kind=kind,
            declared_shapes=declared_shapes,
            any_length=any(len(s) > 1 and s[1] is None for s in declared_shapes),
            shapes=[tuple(_number(d, i) for i, d in enumerate(shape)) for shape in declared_shapes],
            dtypes=_per_input(dtype, inputs, "dtype"),
            call=dict(call or {}),
            as_arguments=as_arguments,
            masked=[True] * inputs if masked is None else _per_input(list(masked), inputs, "masked"),
            mask_rank=mask_rank,
            expected_mask=expected_mask,
            padding=padding,
            max_id=max_id,
            limits=tuple(limits),
            custom_objects=dict(custom_objects or {}),
        )
        self._check()

    def __setattr__(self, name, value):
        """Refuse: what is declared stays as it is."""
        raise AttributeError("LayerSpec is immutable: cannot set %s" % name)

    def _check(self):
        if not any(self.masked):
            raise BadInput("masked= declares that no input has a mask; at least one input needs one")
        for shape, masked in zip(self.shapes, self.masked):
            if masked and (len(shape) < max(2, self.mask_rank) or shape[1] < 3):
                raise BadInput(
                    "input_shape %s is too small for a mask: a masked input needs a batch axis and at least 3 "
                    "steps, as in (2, 5, 3)" % (shape,)
                )
        for limit in self.limits:
            if limit not in LIMITS:
                raise BadInput(
                    "unknown limit %r%s; expected one of %s" % (limit, closest(limit, LIMITS), ", ".join(LIMITS))
                )

    @property
    def several(self):
        """Whether the layer takes more than one input."""
        return len(self.shapes) > 1

    def apply(self, layer, tensors, **explicit):
        """Call the layer on one tensor per input.

        Args:
            layer: The layer.
            tensors: One tensor for each input.
            **explicit: Further arguments of this call, such as `mask`.

        Returns:
            What the layer returns.
        """
        arguments = dict(self.call, **explicit)
        if self.several and not self.as_arguments:
            return layer(list(tensors), **arguments)
        return layer(*tensors, **arguments)

    def arrays(self):
        """Draw one array per input, from a fixed seed; no element equals the padding value."""
        random = np.random.RandomState(SEED)
        return [self._draw(random, shape, dtype) for shape, dtype in zip(self.shapes, self.dtypes)]

    def junk(self, scale=300):
        """Draw other arrays of the same shapes and dtypes, to be put at masked steps.

        Args:
            scale: Factor for the values of float inputs.

        Returns:
            One array per input.
        """
        random, found = np.random.RandomState(SEED + 1), []
        for shape, dtype in zip(self.shapes, self.dtypes):
            array = self._draw(random, shape, dtype)
            found.append(array * np.asarray(scale, array.dtype) if array.dtype.kind == "f" else array)
        return found

    def _draw(self, random, shape, dtype):
        if dtype.startswith(("float", "bfloat")):
            return random.uniform(0.1, 0.9, shape).astype("float32" if dtype.startswith("bfloat") else dtype)
        ids = random.randint(1, self.max_id + 1, shape)
        if dtype == "string":
            return np.array(["w%d" % i for i in ids.ravel()], dtype=object).reshape(shape)
        return ids.astype(dtype)

    def masks(self, pattern="right", shift=0):
        """Make a mask for each input.

        Args:
            pattern: Name of a pattern of `masks.make`.
            shift: Number of rows by which the masks of consecutive inputs differ.

        Returns:
            For each input a bool array with the `mask_rank` leading axes of the input, or None if it has no mask.
        """
        found = []
        for i, shape in enumerate(self.shapes):
            mask = patterns.make(pattern, shape[0], shape[1], i * shift) if self.masked[i] else None
            found.append(None if mask is None else patterns.broadcast(mask, shape[: self.mask_rank]))
        return found

    def padded(self, arrays, masks):
        """Return the arrays with the padding value at masked steps."""
        return self.replaced(arrays, [np.full_like(a, self.padding) for a in arrays], masks)

    @staticmethod
    def replaced(arrays, others, masks):
        """Return the arrays with the values of `others` at masked steps."""
        found = []
        for array, other, mask in zip(arrays, others, masks):
            found.append(array if mask is None else np.where(patterns.expand_to(mask, array.ndim), array, other))
        return found


def as_factory(given):
    """Return a function that makes the layer.

    Args:
        given: A function or class, returned as it is, or a layer, to be copied by means of its configuration.

    Raises:
        BadInput: It is none of these.
    """
    if isinstance(given, type):
        return given
    if hasattr(given, "get_config") and hasattr(given, "call"):
        cls = type(given)
        return lambda: cls.from_config(given.get_config())
    if not callable(given):
        raise BadInput(
            "the factory is of type %s; pass a function without arguments that returns a layer" % type(given).__name__
        )
    return given


def make_layer(spec):
    """Make a new layer.

    Raises:
        BadInput: The factory does not return a layer; the message says what to change.
    """
    try:
        layer = spec.factory()
    except Exception as error:
        reason = one_line(error)
        if isinstance(spec.factory, type) and isinstance(error, TypeError):
            raise BadInput(
                "%s: the constructor needs arguments; pass a function, such as lambda: %s(...), or --config"
                % (reason, spec.factory.__name__)
            )
        raise BadInput("the factory raises %s; it must return a layer when called without arguments" % reason)
    if isinstance(layer, type) or not hasattr(layer, "call") or not hasattr(layer, "compute_mask"):
        raise BadInput("the factory does not return a Keras layer, but an object of type %s" % type(layer).__name__)
    return layer


def parameters(function):
    """Return the parameters of a function by name; none if its signature is unknown."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def closest(word, words):
    """Return " (did you mean ...?)" if one of the words is similar, else the empty string."""
    near = difflib.get_close_matches(str(word), list(words), 1, 0.5)
    return " (did you mean %r?)" % near[0] if near else ""


def _name_of(factory):
    name = factory.__name__ if isinstance(factory, type) else getattr(factory, "__name__", type(factory).__name__)
    return None if name == "<lambda>" else name


def _shapes(given):
    """Return a list of shapes, given one shape or several."""
    if given is None:
        raise BadInput("input_shape is missing: the shape of the input including the batch, such as (2, 5, 3)")
    try:
        several = bool(given) and all(hasattr(part, "__iter__") for part in given)
        shapes = [tuple(shape) for shape in (given if several else [given])]
    except TypeError:
        shapes = []
    numbers = [d for shape in shapes for d in shape]
    if not shapes or any(not shape for shape in shapes) or any(not _is_dimension(d) for d in numbers):
        raise BadInput("input_shape %r is neither a shape, such as (2, 5, 3), nor a list of shapes" % (given,))
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
        raise BadInput("%s has %d entries, but there are %d inputs" % (name, len(many), inputs))
    return many
