"""The first calls of a subject: whether it can be called at all, and what kind of layer it is."""

import numpy as np

from conformance.checks.context import raised
from conformance.checks.errors import BadInput, one_line
from conformance.checks.reference import reference


def try_out(trial):
    """Call the subject, and guess its kind if that is not declared.

    Raises:
        BadInput: it cannot be called as declared, does not give numbers, or not the same ones twice.
    """
    subject = trial.subject
    arrays = subject.arrays()
    called = "called on %s without a mask" % " and ".join(
        "%s %s" % (d, s) for d, s in zip(subject.dtypes, subject.shapes)
    )
    try:
        layer = trial.layer()
        plain = trial.call(layer, arrays)
    except BadInput:
        raise
    except Exception as error:
        if _works_with_masks(trial, arrays):
            subject.needs_mask = raised(error)
            if subject.kind is None:
                subject.kind = "combiner" if subject.several else "consumer-remover"
                subject.guessed = "it works with a mask only"
            return
        raise BadInput(
            "%s, %s raises %s; give input_shape, dtype, max_id or call (arguments of the call) that fit"
            % (called, subject.name, one_line(error))
        )
    if not plain.outputs:
        raise BadInput("%s, %s returns no tensor" % (called, subject.name))
    again = trial.call(layer, arrays)
    stateful = getattr(layer, "stateful", False)
    if not stateful and not all(_same(a, b) for a, b in zip(plain.outputs, again.outputs)):
        raise BadInput(
            "%s twice, %s gives two results; switch off what is random, with call={'training': False} for instance"
            % (called, subject.name)
        )
    if subject.kind is None:
        subject.kind, subject.guessed = _guess(trial, layer, arrays, plain)


def _guess(trial, layer, arrays, plain):
    """A kind, and why."""
    subject = trial.subject
    if any(m is not None for m in plain.masks):
        return "producer", "its output has a mask although its input has none"
    masks = subject.masks()
    try:
        masked = trial.call(layer, arrays, masks)
    except Exception as error:
        found = raised(error)
        if subject.several:
            return "combiner", "it takes several inputs"
        if not trial.supports(layer):
            return "unaware", "it refuses a masked input (%s)" % found.message
        return "consumer", "it supports masking, and raises when there is a mask (%s)" % found.message
    uses = not all(_same(a, b) for a, b in zip(plain.outputs, masked.outputs))
    out = next((m for m in masked.masks if m is not None), None)
    if subject.several and trial.supports(layer) and (uses or out is not None or not _masks_arrive(trial)):
        return "combiner", "it takes several inputs"
    if not uses and not trial.supports(layer):
        has = "its output has none" if out is None else "leaves it on its output"
        return "unaware", "supports_masking is false, it does not use the mask, and %s" % has
    if out is not None:
        mask = next(m for m in masks if m is not None)
        if out.shape[:2] != mask.shape[:2] or masked.outputs[0].shape[:2] != mask.shape[:2]:
            return "reshaper", "its output has a mask, and other steps than its input"
        if uses:
            return "consumer", "it computes something else with a mask than without, and passes it on"
        return "transparent", "it passes the mask on and computes the same without it"
    if uses:
        return "consumer-remover", "it computes something else with a mask than without, and its output has none"
    return "remover", "it supports masking, does not use the mask, and its output has none"


def _works_with_masks(trial, arrays):
    """Whether the subject can be called with masks, though not without; it is then built like that."""
    trial.subject.needs_mask = True
    try:
        trial.call(trial.layer(), arrays, trial.subject.masks("all-true"))
    except Exception:
        trial.subject.needs_mask = None
        return False
    return True


def _masks_arrive(trial):
    """Whether this Keras hands the masks of several inputs on; before 3.4, Keras 3 did not."""
    trial.subject.kind = "combiner"
    other = trial.beside(reference(trial.front, trial.subject))
    trial.subject.kind = None
    found = other.call(other.layer(), other.subject.arrays(), other.subject.masks())
    return found.masks[0] is not None


def _same(one, other):
    if one.dtype.kind not in "biuf":
        return np.array_equal(one, other)
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)
