"""The vocabulary for writing faults. It runs inside a target, beside the cases, and has no dependencies.

Classes and functions of Keras are patched before any layer is created, so that every layer has the fault.
"""

import contextlib
import functools
import importlib
import inspect
import os
import traceback

from conformance.worker import execute


class Fault:
    """One way to break masks.

    Args:
        apply: `apply(keras, ops)` patches the front end; its docstring names the effect.
        cases: Globs of the few cases that may notice.
        modes: The modes in which they run.
        on: Ids of the targets to break.
        control: Whether this is a patch that must not be noticed.
        raises: Whether a new exception of Keras counts as noticed. By default it does not: that would be too easy.
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
    """Decorate a function to make it a `Fault` of the same name."""
    return lambda apply: Fault(apply, cases, modes, on, control, raises)


def break_cells(module, function):
    """Apply a fault before the first cell of a process, and track the mode of each cell."""
    sound = execute.call

    def call(runner, case, mode_name, arguments):
        if Now.mode is None:
            _break_front_end(module, function, runner.front)
        Now.mode = mode_name
        return sound(runner, case, mode_name, arguments)

    execute.call = call


def _break_front_end(module, function, front):
    """Apply a fault. If that fails, exit the worker, lest the fault look noticed."""
    try:
        # Filtering removes the frames of Keras, so that its exceptions look like those of our patches.
        if front.tf is not None:
            front.tf.debugging.disable_traceback_filtering()
        if front.is_keras3 and hasattr(front.keras.config, "disable_traceback_filtering"):
            front.keras.config.disable_traceback_filtering()
        getattr(importlib.import_module(module), function).apply(front.keras, front.ops)
    except BaseException:
        traceback.print_exc()
        os._exit(70)


class Now:
    """The mode of the current cell, or None before the first; updated by `break_cells`."""

    mode = None


def internal(name):
    """Import a module inside Keras: "backend", "losses.loss"."""
    return importlib.import_module("keras.src." + name)


def wrap(owner, name, function):
    """Replace the function or method `owner.name` by `function(call, given)`.

    `given` holds the arguments by name, including defaults. `call(**changes)` calls the original with these
    arguments, some of them changed. The signature is preserved, since Keras inspects it.
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
    """Call `change(layer)` after the constructor of layers of this class."""

    def function(call, given):
        call()
        change(given["self"])

    wrap(cls, "__init__", function)


def mask_argument(cls, change, name="mask", where=lambda given: True):
    """Replace the mask passed to `call` by `change(mask)`, if there is one and `where(given)` holds."""

    def function(call, given):
        return call(**{name: leaves(change, given[name])}) if where(given) else call()

    wrap(cls, "call", function)


def made_mask(cls, change):
    """Replace the output mask of layers of this class, if there is one, by `change(mask)`."""
    wrap(cls, "compute_mask", lambda call, given: leaves(change, call()))
    attached_mask(cls, change)


def attached_mask(cls, change):
    """Do the same as `made_mask`, but only for masks that `call` attaches itself."""

    def function(call, given):
        output = call()
        inputs = flat(list(given.values()))
        for tensor in flat(output):
            if mask_on(tensor) is not None and not any(tensor is one for one in inputs):
                tensor._keras_mask = leaves(change, tensor._keras_mask)
        return output

    wrap(cls, "call", function)


def next_mask(cls, make):
    """Replace the output mask of layers of this class by `make(layer, inputs, mask)`, even if there was none."""

    def compute_mask(self, inputs, mask=None):
        return make(self, inputs, mask)

    cls.compute_mask = compute_mask
    # For layers whose `call` attaches the mask.
    wrap(cls, "call", lambda call, given: _remade(call(), given["self"], given["inputs"], make))


def _remade(output, layer, inputs, make):
    if mask_on(output) is not None:
        output._keras_mask = make(layer, inputs, mask_on(inputs))
    return output


def layer_output(cls, change):
    """Replace the output of layers of this class by `change(output, given)`; keep the mask that `call` attached."""

    def function(call, given):
        output = call()
        changed = change(output, given)
        if mask_on(output) is not None:
            changed._keras_mask = mask_on(output)
        return changed

    wrap(cls, "call", function)


def config_without(cls, key):
    """Remove an argument from `get_config`."""

    def function(call, given):
        return {k: v for k, v in call().items() if k != key}

    wrap(cls, "get_config", function)


def only_in(mode, change):
    """Change a mask in one mode only."""
    return lambda mask: change(mask) if Now.mode == mode else mask


def leaves(change, nested):
    """Apply `change` to the masks in nested lists and tuples; None stays None."""
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
    """Attach these masks to the tensors within the context."""
    before = [mask_on(tensor) for tensor in tensors]
    for tensor, mask in zip(tensors, masks, strict=True):
        if mask is not mask_on(tensor):
            tensor._keras_mask = mask
    yield
    for tensor, mask in zip(tensors, before, strict=True):
        if mask is not mask_on(tensor):
            tensor._keras_mask = mask


def unmasked(tensors):
    """Detach the masks of the tensors within the context."""
    return with_masks(tensors, [None] * len(tensors))


def mask_on(tensor):
    """Return the mask attached to a tensor."""
    return getattr(tensor, "_keras_mask", None)


# Changes to a mask of shape (batch, timesteps). They use operators, which all kinds of arrays and tensors have.


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
    """Give every sample the mask of the first one."""
    return all_false(mask) | mask[:1]


def backwards(mask):
    """Reverse a mask in time."""
    return mask[:, ::-1]


def shifted(ops):
    """Give each timestep the mask of the one before."""
    return lambda mask: ops.concatenate([mask[:, :1], mask[:, :-1]], axis=1)


def by_length(ops):
    """Move all padding to the right: unmask as many leading timesteps as there are unmasked ones."""

    def change(mask):
        counts = ops.cast(mask, "int32")
        # The index of each timestep: 0, 1, 2, ...
        steps = ops.zeros_like(counts[:1]) + _range(mask)
        return steps < ops.expand_dims(ops.sum(counts, axis=1), 1)

    return change


def _range(mask):
    return [list(range(int(mask.shape[1])))]
