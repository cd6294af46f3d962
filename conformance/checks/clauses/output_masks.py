"""Clauses about the mask of the output: C1, C6, C7, C8 and C10."""

import numpy as np

from conformance.checks.clause import clause
from conformance.checks.context import ANY, NotApplicable, numbered
from conformance.checks.evidence import mismatches
from conformance.checks.kinds import KINDS
from conformance.worker.values import Raised

MASKED = ("producer", "transparent", "consumer", "combiner", "wrapper")


def expected_masks(context, result, masks):
    """Return the mask that each output should have, as far as the kind determines it.

    Args:
        context: The `ClauseContext`.
        result: The `CallResult`.
        masks: The masks of the inputs.

    Returns:
        For each output an array, None, or `ANY`.
    """
    spec = context.spec
    kind = KINDS[context.kind]
    if kind.ends:
        return [None] * len(result.outputs)
    if spec.expected_mask is not None and context.kind != "producer":
        return _declared(spec.expected_mask(*[m for m in masks if m is not None]), result)
    if kind.propagates:
        return [_propagated(context, o, m, masks) for o, m in zip(result.outputs, result.masks)]
    return [ANY] * len(result.outputs)


def masks_differ(context):
    """Return whether the output mask is wrong even with padding on the right: C6 reports that, other clauses do not."""
    own, masks = context.isolated(), context.spec.masks()
    found = own.call(own.layer(), context.spec.arrays(), masks)
    own.record_masks("output mask", found, expected_masks(context, found, masks))
    return bool(mismatches(own.record.facts))


def _declared(masks, result):
    """Return the masks that the function of the author computes, one for each output."""
    masks = list(masks) if isinstance(masks, (list, tuple)) else [masks]
    masks = masks + [None] * (len(result.outputs) - len(masks))
    return [None if m is None else np.asarray(m) for m in masks]


def _propagated(context, output, own, masks):
    """Return the mask of an input with the steps of the output; None if there is no such input."""
    for mask, shape in zip(masks, context.spec.shapes):
        if mask is not None and mask.ndim <= output.ndim and mask.shape == output.shape[: mask.ndim]:
            # (samples, units) looks like (samples, steps) where there are as many.
            unclear = output.ndim < len(shape) and own is None
            return ANY if unclear else mask
    return None


def record_fit(context, name, result):
    """Record whether each mask is boolean and has the leading axes of its output."""
    for i, (output, mask) in enumerate(zip(result.outputs, result.masks)):
        if mask is not None:
            what = numbered(name, i, len(result.masks))
            context.record(what + " has dtype", str(mask.dtype), expected="bool")
            context.record(what + " has shape", list(mask.shape), expected=list(output.shape[: max(1, mask.ndim)]))


@clause(1, "flag", cases=["custom.supports-masking-true", "custom.supports-before-super"])
def flag(context):
    """supports_masking matches the kind

    Once the layer is constructed and called, `supports_masking` is True, or False for an unaware layer.

    Why: the flag decides whether Keras calls `compute_mask`. Keras sets it in its own `__init__`, so a value that
    is assigned before `super().__init__()` is silently overwritten.

    Repair: set `self.supports_masking = True` after `super().__init__(...)`, or override `compute_mask`.
    """
    layer = context.layer()
    context.record("supports_masking", context.supports(layer), expected=KINDS[context.kind].supports)


@clause(6, "output-mask", kinds=MASKED, cases=["custom.supports-masking-true", "custom.compute-mask-multi-output"])
def output_mask(context):
    """The output has the right mask

    Each output has its own mask, or None: boolean, with the leading axes of that output, True at the steps that
    count. A transparent layer and a consumer propagate the mask of their input.

    Why: the next layer uses whatever mask it is given. One of floats, with an axis too many, or of another output
    is used as well, and fails far away or not at all.

    Repair: return from `compute_mask` one boolean mask for each output, in the structure of the outputs, with None
    for an output without a mask.
    """
    spec = context.spec
    layer = context.layer()
    if context.kind == "producer":
        _record_produced(context, layer)
        return
    shift = 1 if spec.several and spec.expected_mask else 0
    masks = spec.masks(shift=shift)
    found = context.call(layer, spec.arrays(), masks)
    record_fit(context, "output mask", found)
    context.record_masks("output mask", found, expected_masks(context, found, masks))
    if context.kind == "combiner" and spec.expected_mask is None:
        everything = context.call(layer, spec.arrays(), spec.masks("all-true"))
        masked = [np.ones(m.shape, bool) if m is not None else None for m in everything.masks]
        context.record_masks("output mask where nothing is masked", everything, masked)


def _record_produced(context, layer):
    spec = context.spec
    arrays = spec.padded(spec.arrays(), spec.masks())
    found = context.call(layer, arrays)
    record_fit(context, "output mask", found)
    if spec.expected_mask is not None:
        expected = _declared(spec.expected_mask(*arrays), found)
    else:
        expected = [spec.masks()[0]] + [ANY] * (len(found.masks) - 1)
    context.record_masks("output mask", found, expected)

    def by_hand(*tensors):
        made = layer.compute_mask(list(tensors) if spec.several else tensors[0], None)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    made = context.run(by_hand, *arrays)
    context.record("compute_mask(inputs, None)", made, expected=found.masks[: len(made)])


@clause(7, "recomputed-mask", kinds=("reshaper",), cases=["custom.time-axis.compute-mask"])
def recomputed_mask(context):
    """A new number of steps needs a new mask

    The mask of the output has as many steps as the output. It is all True if nothing is masked, and for each sample
    it depends on the mask of that sample alone.

    Why: with `supports_masking` and without `compute_mask`, the mask is propagated unchanged. With the wrong number
    of steps it fails in the next layer or is broadcast.

    Repair: override `compute_mask` and apply to the mask what `call` does to the steps: slice, pad, pool or repeat
    it.
    """
    spec, layer = context.spec, context.layer()
    arrays, masks = spec.arrays(), spec.masks()
    found = context.call(layer, arrays, masks)
    context.record("there is an output mask", any(m is not None for m in found.masks), expected=True)
    record_fit(context, "output mask", found)
    context.record_masks("output mask", found, expected_masks(context, found, masks))
    everything = context.call(layer, arrays, spec.masks("all-true"))
    expected = [None if m is None else np.ones(m.shape, bool) for m in everything.masks]
    context.record_masks("output mask where nothing is masked", everything, expected)
    nothing = [np.zeros_like(m) if m is not None else None for m in masks]
    dark = context.call(layer, arrays, nothing)
    same = all(a is None or np.array_equal(a, b) for a, b in zip(everything.masks, dark.masks))
    context.record("it depends on the mask of the input", not same, expected=True)
    turned = context.call(layer, arrays, [None if m is None else m[::-1] for m in masks])
    rows = [None if m is None else m[::-1] for m in turned.masks]
    context.record_masks("output mask, samples in another order", found, rows)


@clause(
    8,
    "removed-mask",
    kinds=("consumer-remover", "remover", "unaware"),
    cases=["custom.call-returns-input", "unsupported.policy"],
)
def removed_mask(context):
    """A dropped mask does not leak

    The output of a layer that drops the mask has none, whether the layer is called directly or in a functional
    model, with or without a masked input.

    Why: a mask that outlives its axis is applied to another axis, or to the loss. There are two ways to leak one:
    `call` returns its input, which still has the mask, or an inner layer attaches a mask to what `call` returns.

    Repair: return None from `compute_mask`, and a new tensor from `call`, such as `inputs * 1.0` instead of
    `inputs`.
    """
    spec, layer = context.spec, context.layer()
    arrays, masks = spec.arrays(), spec.masks()
    found = context.attempt(layer, arrays, masks)
    if isinstance(found, Raised):
        # Before TensorFlow 1.15 a layer that does not support masks refuses them.
        context.record("it refuses a mask", context.kind == "unaware" and "mask" in found.message, expected=True)
        context.note("it rejects a masked input: %s" % found.message)
        return
    none = [None] * len(found.masks)
    context.record_masks("output mask", found, none)
    if not context.state.needs_mask:
        context.record_masks("output mask without a mask at the input", context.call(layer, arrays), none)
    try:
        model = context.functional(layer)
    except NotApplicable as why:
        context.note("in a functional model: %s" % why)
        return
    context.record_masks("output mask in a functional model", context.attempt_model(model, arrays, masks), none)


@clause(10, "partly-masked", kinds=("combiner",), cases=["merge.add.one-masked", "attention.none-in-mask-list"])
def partly_masked(context):
    """Only some of the inputs have a mask

    If only one of several inputs has a mask, a combiner returns the same output whether that mask is attached or
    passed as [m, None]; the mask of the output, if any, has the right shape.

    Why: None next to a mask is normal where one of two branches is not a sequence. Code that combines masks without
    checking for None fails, in some versions only while a model is constructed.

    Repair: skip None when combining masks: `present = [m for m in mask if m is not None]`, and return None if none
    is left.
    """
    spec, layer = context.spec, context.layer()
    arrays = spec.arrays()
    for i, shown in enumerate(spec.masked):
        if not shown:
            continue
        masks = [m if j == i else None for j, m in enumerate(spec.masks())]
        implicit = context.attempt(layer, arrays, masks)
        name = "only input %d masked" % i
        context.record(name + ": raises", implicit if isinstance(implicit, Raised) else None, expected=None)
        if isinstance(implicit, Raised):
            continue
        record_fit(context, name + ": output mask", implicit)
        if context.takes_mask and not spec.as_arguments:
            explicit = context.attempt(layer, arrays, explicit=masks)
            context.record_outputs(name + ": output with mask=", explicit, implicit)
