"""The vocabulary in which faults are written. Runs inside a target, beside the cases, and needs nothing there.

Classes and functions of a Keras are patched before any layer is made, so that all that is made has the fault.
"""

import contextlib
import functools
import importlib
import inspect
import os
import traceback

from conformance.worker import execute


class Fault:
    """One way to break masks: `apply(keras, ops)` patches the front end; the docstring says what is then wrong.

    cases: globs of the few cases that may notice; modes: in which they run; targets: ids of the columns that are
    broken; control: a patch that must not be noticed; raises: an exception of Keras where there was none before
    counts as noticed, too (else it does not: that would be too easy).
    """

    def __init__(self, apply, cases, modes, on, control, raises):
        self.apply = apply
        self.name = apply.__name__.replace("_", "-")
        self.description = inspect.cleandoc(apply.__doc__ or "")
        self.cases = list(cases)
        self.modes = list(modes)
        self.targets = list(on)
        self.control = control
        self.raises = raises


BOTH = ("keras-3.15", "tf-2.15")
KERAS_3 = ("keras-3.15",)
KERAS_2 = ("tf-2.15",)


def fault(*cases, modes=("eager",), on=BOTH, control=False, raises=False):
    """Decorator: the function becomes a `Fault`, named after it."""
    return lambda apply: Fault(apply, cases, modes, on, control, raises)


def break_cells(module, function):
    """Apply a fault before the first cell of a process, and know the mode of each."""
    sound = execute.perform

    def perform(masks, case, mode_name, arguments):
        if Now.mode is None:
            _break_front_end(module, function, masks.front)
        Now.mode = mode_name
        return sound(masks, case, mode_name, arguments)

    execute.perform = perform


def _break_front_end(module, function, front):
    """One that cannot be applied ends the worker: it must not look noticed."""
    try:
        # Otherwise frames of Keras are cut off, and its exceptions look like those of our patches around them.
        if front.tf is not None:
            front.tf.debugging.disable_traceback_filtering()
        if front.is_keras3 and hasattr(front.keras.config, "disable_traceback_filtering"):
            front.keras.config.disable_traceback_filtering()
        getattr(importlib.import_module(module), function).apply(front.keras, front.ops)
    except BaseException:
        traceback.print_exc()
        os._exit(70)


class Now:
    """What runs at the moment; kept up to date by `break_cells`. mode: name of the mode, or None."""

    mode = None


def internal(name):
    """A module inside Keras: "backend", "losses.loss"."""
    return importlib.import_module("keras.src." + name)


def wrap(owner, name, function):
    """Replace the function or method `owner.name` by `function(call, given)`.

    given: the arguments by name, defaults included; call(**changes): the original with these arguments, some of
    them changed. What the signature says stays the same: Keras looks at it.
    """
    original = getattr(owner, name)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def wrapper(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)

        def call(**changes):
            changed = inspect.BoundArguments(signature, bound.arguments.copy())
            changed.arguments.update(changes)
            return original(*changed.args, **changed.kwargs)

        with_defaults = inspect.BoundArguments(signature, bound.arguments.copy())
        with_defaults.apply_defaults()
        return function(call, with_defaults.arguments)

    wrapper.__signature__ = signature
    setattr(owner, name, wrapper)


def after_init(cls, change):
    """`change(layer)` right after the layer's constructor."""

    def function(call, given):
        call()
        change(given["self"])

    wrap(cls, "__init__", function)


def mask_argument(cls, change, name="mask", where=lambda given: True):
    """Layers of this class compute with `change(mask)` where they are given a mask (and `where(given)` holds)."""

    def function(call, given):
        return call(**{name: leaves(change, given[name])}) if where(given) else call()

    wrap(cls, "call", function)


def made_mask(cls, change):
    """What layers of this class give the next layer as mask is `change(mask)`, if they give one."""
    wrap(cls, "compute_mask", lambda call, given: leaves(change, call()))
    attached_mask(cls, change)


def attached_mask(cls, change):
    """As `made_mask`, only where `call` attaches the mask itself."""

    def function(call, given):
        output = call()
        inputs = flat(list(given.values()))
        for tensor in flat(output):
            if mask_on(tensor) is not None and not any(tensor is one for one in inputs):
                tensor._keras_mask = leaves(change, tensor._keras_mask)
        return output

    wrap(cls, "call", function)


def next_mask(cls, make):
    """Layers of this class give the next layer the mask `make(layer, inputs, mask)`, whatever they gave before."""

    def compute_mask(self, inputs, mask=None):
        return make(self, inputs, mask)

    cls.compute_mask = compute_mask
    # Where `call` attaches one.
    wrap(cls, "call", lambda call, given: _remade(call(), given["self"], given["inputs"], make))


def _remade(output, layer, inputs, make):
    if mask_on(output) is not None:
        output._keras_mask = make(layer, inputs, mask_on(inputs))
    return output


def layer_output(cls, change):
    """The output of these layers is `change(output, given)`; a mask that `call` attached stays attached."""

    def function(call, given):
        output = call()
        changed = change(output, given)
        if mask_on(output) is not None:
            changed._keras_mask = mask_on(output)
        return changed

    wrap(cls, "call", function)


def config_without(cls, key):
    """`get_config` forgets an argument."""

    def function(call, given):
        return {k: v for k, v in call().items() if k != key}

    wrap(cls, "get_config", function)


def only_in(mode, change):
    """A change of a mask that happens in one mode."""
    return lambda mask: change(mask) if Now.mode == mode else mask


def leaves(change, nested):
    """`change` applied to the masks in nested lists and tuples; None stays None."""
    if nested is None:
        return None
    if isinstance(nested, (list, tuple)):
        return type(nested)(leaves(change, one) for one in nested)
    return change(nested)


def flat(nested):
    if isinstance(nested, (list, tuple)):
        return [leaf for one in nested for leaf in flat(one)]
    return [nested]


@contextlib.contextmanager
def with_masks(tensors, masks):
    """Tensors have these masks attached meanwhile."""
    before = [mask_on(tensor) for tensor in tensors]
    for tensor, mask in zip(tensors, masks, strict=True):
        if mask is not mask_on(tensor):
            tensor._keras_mask = mask
    yield
    for tensor, mask in zip(tensors, before, strict=True):
        if mask is not mask_on(tensor):
            tensor._keras_mask = mask


def unmasked(tensors):
    """Tensors have no masks attached meanwhile."""
    return with_masks(tensors, [None] * len(tensors))


def mask_on(tensor):
    """The mask that is attached to a tensor."""
    return getattr(tensor, "_keras_mask", None)


# Changes of a mask of (batch, steps). They are made of operators, which arrays and tensors of all kinds have.


def same(mask):
    return mask


def lost(mask):
    return None


def inverted(mask):
    return ~mask


def all_true(mask):
    return mask | ~mask


def all_false(mask):
    return mask & ~mask


def first_row(mask):
    """Every sample gets the mask of the first one."""
    return all_false(mask) | mask[:1]


def backwards(mask):
    """Reversed in time."""
    return mask[:, ::-1]


def shifted(ops):
    """Each step gets the mask of the step before."""
    return lambda mask: ops.concatenate([mask[:, :1], mask[:, :-1]], axis=1)


def by_length(ops):
    """As if all padding were on the right: as many steps from the first on as there are unmasked ones."""

    def change(mask):
        counts = ops.cast(mask, "int32")
        # The steps before each one, by name of their number: 0, 1, 2, ...
        steps = ops.zeros_like(counts[:1]) + _range(mask)
        return steps < ops.expand_dims(ops.sum(counts, axis=1), 1)

    return change


def _range(mask):
    return [list(range(int(mask.shape[1])))]
