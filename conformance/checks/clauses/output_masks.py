"""Clauses about the mask of the output: C1, C6, C7, C8 and C10."""

import numpy as np

from conformance.checks.clause import clause
from conformance.checks.context import ANY, NotApplicable, numbered
from conformance.checks.evidence import wrong
from conformance.checks.kinds import KINDS
from conformance.worker.values import Raised

MASKED = ("producer", "transparent", "consumer", "combiner", "wrapper")


def expected_masks(trial, result, masks):
    """What the mask of each output should be, as far as the kind says it: an array, None, or `ANY`."""
    subject = trial.subject
    kind = KINDS[subject.kind]
    if kind.ends:
        return [None] * len(result.outputs)
    if subject.expected_mask is not None and subject.kind != "producer":
        return _given(subject.expected_mask(*[m for m in masks if m is not None]), result)
    if kind.passes:
        return [_passed_on(trial, o, m, masks) for o, m in zip(result.outputs, result.masks)]
    return [ANY] * len(result.outputs)


def masks_differ(trial):
    """Whether the output mask is wrong where the padding is on the right. What C6 says, no other clause repeats."""
    own, masks = trial.beside(trial.subject), trial.subject.masks()
    found = own.call(own.layer(), trial.subject.arrays(), masks)
    own.record_masks("output mask", found, expected_masks(trial, found, masks))
    return bool(wrong(own.record.facts))


def _given(masks, result):
    """The masks that the author's function says, one for each output."""
    masks = list(masks) if isinstance(masks, (list, tuple)) else [masks]
    masks = masks + [None] * (len(result.outputs) - len(masks))
    return [None if m is None else np.asarray(m) for m in masks]


def _passed_on(trial, output, own, masks):
    """For an output with the steps of an input the mask of that; for another None."""
    for mask, shape in zip(masks, trial.subject.shapes):
        if mask is not None and mask.ndim <= output.ndim and mask.shape == output.shape[: mask.ndim]:
            # (samples, units) looks like (samples, steps) where there are as many.
            unclear = output.ndim < len(shape) and own is None
            return ANY if unclear else mask
    return None


def record_fit(trial, name, result):
    """Record that each mask is boolean and has the leading axes of its output."""
    for i, (output, mask) in enumerate(zip(result.outputs, result.masks)):
        if mask is not None:
            what = numbered(name, i, len(result.masks))
            trial.record(what + " has dtype", str(mask.dtype), expected="bool")
            trial.record(what + " has shape", list(mask.shape), expected=list(output.shape[: max(1, mask.ndim)]))


@clause(1, "flag", cases=["custom.supports-masking-true", "custom.supports-before-super"])
def flag(trial):
    """The flag says what the layer is

    After construction and a first call `supports_masking` is true for every kind but unaware, for which it is false.

    Why: the flag alone decides whether `compute_mask` is asked. Keras sets it in its own `__init__`, so a value that
    was set before `super().__init__()` is overwritten without a sign.

    Repair: set `self.supports_masking = True` after `super().__init__(...)`, or override `compute_mask`.
    """
    layer = trial.layer()
    trial.record("supports_masking", trial.supports(layer), expected=KINDS[trial.subject.kind].supports)


@clause(6, "output-mask", kinds=MASKED, cases=["custom.supports-masking-true", "custom.compute-mask-multi-output"])
def output_mask(trial):
    """The mask of the output

    Each output has a mask of its own: boolean, with the leading axes of that output, True at the steps that count. A
    transparent layer and a consumer pass on the mask of their input.

    Why: the next layer uses whatever is there. A mask with one axis too many, of floats, or of another output is used
    too, and fails far away or not at all.

    Repair: return from `compute_mask` one boolean mask for each output, in the same structure, with None where there
        is none.
    """
    subject = trial.subject
    layer = trial.layer()
    if subject.kind == "producer":
        _record_produced(trial, layer)
        return
    shift = 1 if subject.several and subject.expected_mask else 0
    masks = subject.masks(shift=shift)
    found = trial.call(layer, subject.arrays(), masks)
    record_fit(trial, "output mask", found)
    trial.record_masks("output mask", found, expected_masks(trial, found, masks))
    if subject.kind == "combiner" and subject.expected_mask is None:
        everything = trial.call(layer, subject.arrays(), subject.masks("all-true"))
        masked = [np.ones(m.shape, bool) if m is not None else None for m in everything.masks]
        trial.record_masks("output mask where nothing is masked", everything, masked)


def _record_produced(trial, layer):
    subject = trial.subject
    arrays = subject.padded(subject.arrays(), subject.masks())
    found = trial.call(layer, arrays)
    record_fit(trial, "output mask", found)
    if subject.expected_mask is not None:
        expected = _given(subject.expected_mask(*arrays), found)
    else:
        expected = [subject.masks()[0]] + [ANY] * (len(found.masks) - 1)
    trial.record_masks("output mask", found, expected)

    def by_hand(*tensors):
        made = layer.compute_mask(list(tensors) if subject.several else tensors[0], None)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    made = trial.run(by_hand, *arrays)
    trial.record("compute_mask(inputs, None)", made, expected=found.masks[: len(made)])


@clause(7, "recomputed-mask", kinds=("reshaper",), cases=["custom.time-axis.compute-mask"])
def recomputed_mask(trial):
    """Other steps, another mask

    The mask of the output has the steps of the output. It is all True if nothing is masked, depends on the mask of
    the input, and of each sample on that sample alone.

    Why: with `supports_masking` and no `compute_mask`, the old mask goes on with the wrong number of steps, and fails
    in the next layer or is broadcast.

    Repair: override `compute_mask` and do to the mask what `call` does to the steps: slice, pad, pool or repeat it.
    """
    subject, layer = trial.subject, trial.layer()
    arrays, masks = subject.arrays(), subject.masks()
    found = trial.call(layer, arrays, masks)
    trial.record("there is an output mask", any(m is not None for m in found.masks), expected=True)
    record_fit(trial, "output mask", found)
    trial.record_masks("output mask", found, expected_masks(trial, found, masks))
    everything = trial.call(layer, arrays, subject.masks("all-true"))
    expected = [None if m is None else np.ones(m.shape, bool) for m in everything.masks]
    trial.record_masks("output mask where nothing is masked", everything, expected)
    nothing = [np.zeros_like(m) if m is not None else None for m in masks]
    dark = trial.call(layer, arrays, nothing)
    same = all(a is None or np.array_equal(a, b) for a, b in zip(everything.masks, dark.masks))
    trial.record("it depends on the mask of the input", not same, expected=True)
    turned = trial.call(layer, arrays, [None if m is None else m[::-1] for m in masks])
    rows = [None if m is None else m[::-1] for m in turned.masks]
    trial.record_masks("output mask, samples in another order", found, rows)


@clause(
    8,
    "removed-mask",
    kinds=("consumer-remover", "remover", "unaware"),
    cases=["custom.call-returns-input", "unsupported.policy"],
)
def removed_mask(trial):
    """What ends, ends

    The output of a layer that ends the mask has none: called directly and in a functional model, with a masked input
    and without.

    Why: a mask that goes on past its steps is taken for that of another axis, or multiplies a loss. Two ways to leak:
    `call` returns its input, which still has the mask, and an inner layer leaves its mask on what `call` returns.

    Repair: return None from `compute_mask`, and a new tensor from `call`, such as `inputs * 1.0` instead of `inputs`.
    """
    subject, layer = trial.subject, trial.layer()
    arrays, masks = subject.arrays(), subject.masks()
    found = trial.attempt(layer, arrays, masks)
    if isinstance(found, Raised):
        # Before TensorFlow 1.15 a layer that does not support masks refuses them.
        trial.record("it refuses a mask", subject.kind == "unaware" and "mask" in found.message, expected=True)
        trial.note("a masked input is refused: %s" % found.message)
        return
    none = [None] * len(found.masks)
    trial.record_masks("output mask", found, none)
    if not subject.needs_mask:
        trial.record_masks("output mask without a mask at the input", trial.call(layer, arrays), none)
    try:
        model = trial.functional(layer)
    except NotApplicable as why:
        trial.note("in a functional model: %s" % why)
        return
    trial.record_masks("output mask in a functional model", trial.attempt_model(model, arrays, masks), none)


@clause(10, "partly-masked", kinds=("combiner",), cases=["merge.add.one-masked", "attention.none-in-mask-list"])
def partly_masked(trial):
    """One input has a mask, the other has none

    With a mask for one of several inputs only, attached or as [m, None], a combiner computes the same either way; the
    mask of its output, if it has one, fits.

    Why: None beside a mask is the usual case of two branches, one of which is not text. Code that combines masks
    without looking fails, in some versions only where a model is constructed.

    Repair: skip None when masks are combined: `present = [m for m in mask if m is not None]`, and return None if
        nothing is left.
    """
    subject, layer = trial.subject, trial.layer()
    arrays = subject.arrays()
    for i, shown in enumerate(subject.masked):
        if not shown:
            continue
        masks = [m if j == i else None for j, m in enumerate(subject.masks())]
        implicit = trial.attempt(layer, arrays, masks)
        name = "only input %d masked" % i
        trial.record(name + ": raises", implicit if isinstance(implicit, Raised) else None, expected=None)
        if isinstance(implicit, Raised):
            continue
        record_fit(trial, name + ": output mask", implicit)
        if trial.takes_mask and not subject.as_arguments:
            explicit = trial.attempt(layer, arrays, explicit=masks)
            trial.record_outputs(name + ": output with mask=", explicit, implicit)
