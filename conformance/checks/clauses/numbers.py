"""Clauses about what a layer computes: C2, C3, C4, C5, C9 and C11."""

import numpy as np

from conformance.checks import masks as patterns
from conformance.checks.clause import clause
from conformance.checks.clauses.output_masks import expected_masks, masks_differ
from conformance.checks.context import NotApplicable, raised
from conformance.checks.evidence import wrong
from conformance.checks.kinds import KINDS
from conformance.worker.values import Raised

STEPWISE = ("transparent", "consumer", "consumer-remover", "reshaper", "combiner", "wrapper")


@clause(2, "no-mask", cases=["custom.list-input-mask-list"])
def no_mask(trial):
    """No mask, however it is said

    Without a mask, with mask=None and, for several inputs, with mask=[None, None], a layer computes the same, and its
    output has no mask unless the layer makes one.

    Why: tf.keras says None where no input of a list has a mask, Keras 3 says [None, None]. `if mask is not None:
    use(mask[1])` works on one and crashes on the other; `if mask is None: raise` is right on one and never true on
    the other.

    Repair: treat both as "no mask": `if mask is None or all(m is None for m in mask)` for lists, `if mask is not
        None` for one input.
    """
    subject, arrays = trial.subject, trial.subject.arrays()
    layer = trial.layer()
    if subject.needs_mask:
        trial.record("without a mask", subject.needs_mask, expected="no exception")
        return
    plain = trial.call(layer, arrays)
    if not (subject.kind == "producer" or KINDS[subject.kind].ends):
        trial.record_masks("output mask", plain, [None] * len(plain.masks))
    none = [None] * len(arrays)
    if trial.takes_mask and not subject.as_arguments:
        trial.record_outputs(
            "output with mask=%s" % (none if subject.several else None), _said(trial, layer, none), plain
        )
    if subject.several and not subject.as_arguments and subject.kind != "unaware":
        trial.record("compute_mask with %s" % none, _mask_by_hand(trial, layer, arrays, none), expected=None)


def _said(trial, layer, none):
    return trial.attempt(layer, trial.subject.arrays(), explicit=none)


def _mask_by_hand(trial, layer, arrays, masks):
    """What `compute_mask` returns when it is called like this; None for a list of None."""

    def fn(*tensors):
        found = layer.compute_mask(list(tensors), masks)
        return None if isinstance(found, (list, tuple)) and all(m is None for m in found) else found

    try:
        return trial.run(fn, *arrays)
    except Exception as error:
        return raised(error)


@clause(
    3,
    "implicit-explicit",
    kinds=("transparent", "consumer", "consumer-remover", "reshaper", "combiner", "wrapper"),
    cases=["custom.explicit-mask-propagates", "law.implicit-is-explicit[SimpleRNN]"],
)
def implicit_is_explicit(trial):
    """A mask that is attached is a mask that is given

    A layer that takes the argument `mask` gives the same outputs and the same output masks with `layer(x, mask=m)` as
    with m attached to x.

    Why: inside a layer of one's own, masks are passed by hand; between layers of a model they are attached. Both must
    be one behaviour, or a layer changes its numbers when it is moved.

    Repair: use the argument `mask` of `call` and no other source; make the output mask in `compute_mask` of its
    argument, not of something that `call` has stored.
    """
    subject, arrays, masks = trial.subject, trial.subject.arrays(), trial.subject.masks()
    if not trial.takes_mask:
        raise NotApplicable("its call has no argument mask")
    if subject.as_arguments:
        raise NotApplicable("its inputs are arguments of their own, with masks that are named after them")
    layer = trial.layer()
    implicit = trial.call(layer, arrays, masks)
    explicit = trial.attempt(layer, arrays, explicit=masks)
    if not KINDS[subject.kind].ends:
        trial.record_masks("output mask with mask=", explicit, implicit.masks)
    trial.record_outputs("output with mask=", explicit, implicit)


@clause(
    4, "padding-invariance", kinds=STEPWISE + ("producer",), cases=["law.padding[SimpleRNN]", "law.garbage[SimpleRNN]"]
)
def padding_invariance(trial):
    """What is masked does not matter

    Other values at masked steps, and more masked steps at the end, change nothing at the steps that are not masked.

    Why: this is what masks are for. Padding is there for the batch to be an array; how much of it there is, and of
    what, depends on the other samples.

    Repair: leave masked steps out before anything mixes steps: `where(mask, x, 0)` before a sum, a large negative
    number before a softmax, and divide by the number of unmasked steps instead of by all. Convolutions over steps
    need their input zeroed.
    """
    subject, masks = trial.subject, trial.subject.masks()
    layer = trial.layer()
    if subject.kind == "producer":
        arrays, masks = subject.padded(subject.arrays(), masks), None
        result, kept = trial.call(layer, arrays), None
    else:
        arrays = subject.arrays()
        result, kept = record_garbage(trial, layer, "output at unmasked steps", masks, arrays)
    if subject.kind != "reshaper":
        _record_shorter(trial, layer, arrays, masks, result)


def record_garbage(trial, layer, name, masks, arrays=None, size=300, **tolerance):
    """Record outputs with junk at masked steps beside those without; returns those, and where they count.

    size: of the junk; what is squared must not be more than the dtype can hold.
    """
    arrays = trial.subject.arrays() if arrays is None else arrays
    clean = trial.call(layer, arrays, masks)
    dirty = trial.attempt(layer, trial.subject.replaced(arrays, trial.subject.junk(size), masks), masks)
    kept = trial.kept(clean, masks)
    trial.record_outputs(name, dirty, clean, kept, **tolerance)
    return clean, kept


def leaks(trial):
    """Whether junk at masked steps matters where the padding is on the right. What C4 says, no other clause repeats."""
    own = trial.beside(trial.subject)
    record_garbage(own, own.layer(), "output", trial.subject.masks())
    return bool(wrong(own.record.facts))


def _record_shorter(trial, layer, arrays, masks, longer):
    """Record outputs without the last steps, which are masked, beside those with them."""
    subject = trial.subject
    tails = (
        [1]
        if masks is None
        else [
            int((~m.reshape(m.shape[:2] + (-1,)).any(-1))[:, ::-1].cumprod(1).sum(1).min())
            for m in masks
            if m is not None
        ]
    )
    cut = min(tails)
    short = [a[:, :-cut] if m else a for a, m in zip(arrays, subject.masked)]
    short_masks = None if masks is None else [None if m is None else m[:, :-cut] for m in masks]
    found = trial.attempt(layer, short, short_masks)
    if isinstance(found, Raised) and not subject.any_length:
        trial.note("fewer steps: it takes %d only (%s)" % (subject.shapes[0][1], found.message))
        return
    if isinstance(found, Raised):
        trial.record("output without the last steps", found, expected="no exception")
        return
    kept = trial.kept(found, short_masks) if masks is not None else [np.ones(o.shape, bool) for o in found.outputs]
    for i, (one, other) in enumerate(zip(found.outputs, longer.outputs)):
        if one.shape != other.shape:
            if one.ndim != other.ndim or one.shape[:1] + one.shape[2:] != other.shape[:1] + other.shape[2:]:
                continue  # an axis made of steps, as that of attention scores
            other = other[:, : one.shape[1]]
        name = "output without the last steps" + (" %d" % i if len(found.outputs) > 1 else "")
        trial.record(
            name, np.where(kept[i], one, np.zeros_like(one)), expected=np.where(kept[i], other, np.zeros_like(one))
        )


@clause(
    5,
    "gradients",
    kinds=STEPWISE,
    cases=["rnn.gradient-masked-input-zero[loop]"],
)
def gradients(trial):
    """Nothing flows into masked steps

    The gradient of the outputs at unmasked steps is zero with respect to masked inputs, and finite with respect to
    all inputs and weights.

    Why: a gradient into padding trains the layers before it on padding. NaN there, times zero, makes every weight
    NaN; the forward pass does not show it.

    Repair: choose with `where` on the inputs, before what may overflow or divide by zero, not on the result alone.
    """
    subject, masks = trial.subject, trial.subject.masks()
    real = [i for i, d in enumerate(subject.dtypes) if d.startswith("float")]
    if not real:
        raise NotApplicable("its inputs are no real numbers, which have no gradients")
    arrays, layer, ops = subject.arrays(), trial.layer(), trial.ops
    clean = trial.call(layer, arrays, masks)
    if trial.answer(leaks):
        raise NotApplicable("what is masked matters to its outputs, so gradients flow there; see C4-padding-invariance")
    floats = [o.dtype.kind == "f" or str(o.dtype) == "bfloat16" for o in clean.outputs]
    if not any(floats):
        raise NotApplicable("its outputs are no real numbers, which have no gradients")
    kept = [k.astype("float32") for k in trial.kept(clean, masks)]
    present = [i for i, m in enumerate(masks) if m is not None]
    weights = list(layer.trainable_weights)

    def fn(*tensors):
        tensors = list(tensors)
        given = tensors[: len(arrays)]
        attached = dict(zip(present, tensors[len(arrays) : len(arrays) + len(present)]))
        counts = tensors[len(arrays) + len(present) :]

        def value(*some):
            inputs = list(given)
            for i, tensor in zip(real, some):
                inputs[i] = tensor
            outputs = trial.seen(subject.apply(layer, trial.attach(inputs, attached)))[0]
            total = 0.0
            for output, count, is_float in zip(outputs, counts, floats):
                if is_float:
                    output = ops.where(ops.equal(count, 1.0), output, ops.zeros_like(output))
                    total = total + ops.sum(output * output)
            return total

        _, of_inputs, of_weights = trial.run.gradients(value, [given[i] for i in real], weights)
        return of_inputs, of_weights

    of_inputs, of_weights = trial.run(fn, *(arrays + [masks[i] for i in present] + kept))
    for i, gradient in zip(real, of_inputs):
        if gradient is None:
            continue
        name = "gradient of the input" + (" %d" % i if subject.several else "")
        trial.record(name + " is finite", bool(np.isfinite(gradient).all()), expected=True)
        if masks[i] is not None:
            at = np.broadcast_to(patterns.lengthen(~masks[i], gradient.ndim), gradient.shape)
            trial.record(name + " at masked steps", np.where(at, gradient, 0), expected=np.zeros_like(gradient))
    finite = all(g is None or np.isfinite(g).all() for g in of_weights)
    trial.record("gradients of the weights are finite", bool(finite), expected=True)


@clause(9, "fully-masked", kinds=STEPWISE, cases=["rnn.fully-masked-sample", "softmax.fully-masked"])
def fully_masked(trial):
    """A sample of nothing but padding

    A sample that is masked throughout gets a finite output, and its junk does not reach the other samples.

    Why: such samples happen: an empty text, the last batch of a data set, a window past the end. One NaN in a batch
    makes the loss and then all weights NaN.

    Repair: divide by `maximum(count, 1)`; mask scores with a large finite number instead of minus infinity, or set
    the result of a fully masked row with `where`.
    """
    subject, masks = trial.subject, trial.subject.masks("all-masked")
    layer = trial.layer()
    found = trial.attempt(layer, subject.arrays(), masks)
    if "all-masked" in subject.limits:
        trial.record("refused, as declared", isinstance(found, Raised), expected=True)
        return
    if isinstance(found, Raised) and subject.limits:
        trial.note("it refuses a sample that is masked throughout: %s" % found.message)
        return
    if isinstance(found, Raised):
        trial.record("output", found, expected="no exception")
        return
    for i, output in enumerate(found.outputs):
        if output.dtype.kind == "f" or str(output.dtype) == "bfloat16":
            name = "output is finite" + (" %d" % i if len(found.outputs) > 1 else "")
            trial.record(name, np.isfinite(output.astype("float64")), expected=np.ones(output.shape, bool))
    if not trial.answer(leaks):
        _record_other_samples(trial, layer, masks, found)


def _record_other_samples(trial, layer, masks, clean):
    """Record the other samples with junk in the first one, which is masked throughout, beside those without."""
    first = [None if m is None else np.broadcast_to(np.arange(len(m))[:, None] > 0, m.shape[:2]) for m in masks]
    arrays = trial.subject.replaced(trial.subject.arrays(), trial.subject.junk(), first)
    dirty = trial.attempt(layer, arrays, masks)
    kept = [np.broadcast_to(np.arange(len(o)).reshape((-1,) + (1,) * (o.ndim - 1)) > 0, o.shape) for o in clean.outputs]
    trial.record_outputs("other samples", dirty, clean, kept)


@clause(
    11,
    "mask-patterns",
    kinds=STEPWISE,
    every_mode=lambda subject: bool(subject.limits),
    cases=["law.all-true[SimpleRNN]"],
)
def mask_patterns(trial):
    """Wherever the padding is

    Padding on the left, gaps and steps masked at random are as good as padding on the right; a mask that masks
    nothing changes nothing. What a layer is declared not to take, it refuses in every mode.

    Why: text generation pads on the left, sensors drop steps in the middle. A layer that counts unmasked steps and
    takes as many from the start is right for padding on the right only, and silently wrong for the rest.

    Repair: do not turn the mask into lengths; or say so, and raise for other masks in a way that compiled functions
    keep (a check of values in Python is skipped there).
    """
    subject, layer = trial.subject, trial.layer()
    leaky = trial.is_first and trial.answer(leaks)
    if leaky:
        trial.note("junk on the left and in gaps: it matters on the right; see C4-padding-invariance")
    for pattern in ("left", "gap", "random"):
        masks = subject.masks(pattern)
        if pattern in subject.limits:
            found = trial.attempt(layer, subject.arrays(), masks)
            trial.record("%s: refused, as declared" % pattern, isinstance(found, Raised), expected=True)
        elif trial.is_first and not (pattern == "random" and subject.limits):
            if leaky:
                clean = trial.call(layer, subject.arrays(), masks)
            else:
                clean, _ = record_garbage(trial, layer, "%s: output at unmasked steps" % pattern, masks)
            if not trial.answer(masks_differ):
                trial.record_masks("%s: output mask" % pattern, clean, expected_masks(trial, clean, masks))
    if trial.is_first and not subject.needs_mask:
        everything = trial.attempt(layer, subject.arrays(), subject.masks("all-true"))
        trial.record_outputs("all true: output", everything, trial.call(layer, subject.arrays()))
