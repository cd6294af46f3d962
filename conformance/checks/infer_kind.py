"""The first calls of a layer: whether it can be called at all, and what kind of layer it is."""

import numpy as np

from conformance.checks.context import raised
from conformance.checks.errors import BadInput, one_line
from conformance.checks.layer_spec import make_layer
from conformance.checks.layer_state import LayerState
from conformance.checks.reference import reference


def examine(context):
    """Call the layer, and infer its kind if that is not declared; what is found out goes into `context.state`.

    Raises:
        BadInput: The layer cannot be called as declared, returns no tensors, or other ones when called again.
    """
    spec, state = context.spec, context.state
    if state.is_examined:
        return
    arrays = spec.arrays()
    called = "called on %s without a mask" % " and ".join("%s %s" % (d, s) for d, s in zip(spec.dtypes, spec.shapes))
    try:
        layer = context.layer()
        plain = context.call(layer, arrays)
    except BadInput:
        raise
    except Exception as error:
        if not _works_with_masks(context, arrays):
            raise BadInput(
                "%s, %s raises %s; pass an input_shape, dtype, max_id or call (arguments of the call) that fit"
                % (called, state.name, one_line(error))
            )
        state.error_without_mask = raised(error)
        if state.kind is None:
            state.kind = "combiner" if spec.several else "consumer-remover"
            state.inferred_because = "it works only with a mask"
    else:
        _check_outputs(context, layer, arrays, plain, called)
        if state.kind is None:
            state.kind, state.inferred_because = _infer(context, layer, arrays, plain)
    state.is_examined = True


def _check_outputs(context, layer, arrays, plain, called):
    if not plain.outputs:
        raise BadInput("%s, %s returns no tensor" % (called, context.state.name))
    again = context.call(layer, arrays)
    stateful = getattr(layer, "stateful", False)
    if not stateful and not all(_same(a, b) for a, b in zip(plain.outputs, again.outputs)):
        raise BadInput(
            "%s twice, %s returns different results; turn off what is random, for example with call={'training': False}"
            % (called, context.state.name)
        )


def _infer(context, layer, arrays, plain):
    """Return the name of a kind, and the reason for it."""
    spec = context.spec
    if any(m is not None for m in plain.masks):
        return "producer", "its output has a mask although its input has none"
    masks = spec.masks()
    try:
        masked = context.call(layer, arrays, masks)
    except Exception as error:
        found = raised(error)
        if spec.several:
            return "combiner", "it takes several inputs"
        if not context.supports(layer):
            return "unaware", "it rejects a masked input (%s)" % found.message
        return "consumer", "it supports masking, but raises when its input has a mask (%s)" % found.message
    uses = not all(_same(a, b) for a, b in zip(plain.outputs, masked.outputs))
    out = next((m for m in masked.masks if m is not None), None)
    if spec.several and context.supports(layer) and (uses or out is not None or not _masks_arrive(context)):
        return "combiner", "it takes several inputs"
    if not uses and not context.supports(layer):
        has = "its output has none" if out is None else "leaves it on its output"
        return "unaware", "supports_masking is False, it does not use the mask, and %s" % has
    if out is not None:
        mask = next(m for m in masks if m is not None)
        if out.shape[:2] != mask.shape[:2] or masked.outputs[0].shape[:2] != mask.shape[:2]:
            return "reshaper", "its output has a mask and a different number of steps than its input"
        if uses:
            return "consumer", "its output depends on the mask, and the mask is propagated"
        return "transparent", "the mask is propagated, and its output does not depend on it"
    if uses:
        return "consumer-remover", "its output depends on the mask and has none itself"
    return "remover", "it supports masking, does not use the mask, and its output has none"


def _works_with_masks(context, arrays):
    """Return whether the layer can be built and called with masks, though not without."""
    try:
        layer = make_layer(context.spec)
        context.build(layer, with_masks=True)
        context.call(layer, arrays, context.spec.masks("all-true"))
    except Exception:
        return False
    return True


def _masks_arrive(context):
    """Return whether this Keras propagates the masks of several inputs; before 3.4, Keras 3 did not."""
    other = context.isolated(LayerState(reference(context.front, context.spec, "combiner")))
    found = other.call(other.layer(), other.spec.arrays(), other.spec.masks())
    return found.masks[0] is not None


def _same(one, other):
    if one.dtype.kind not in "biuf":
        return np.array_equal(one, other)
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)
