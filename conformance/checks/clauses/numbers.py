"""Clauses about what a layer computes: C2, C3, C4, C5, C9 and C11."""

import numpy as np

from conformance.checks import masks as patterns
from conformance.checks.clause import clause
from conformance.checks.clauses.output_masks import expected_masks, masks_differ
from conformance.checks.context import NotApplicable, raised
from conformance.checks.evidence import mismatches
from conformance.checks.kinds import KINDS
from conformance.worker.values import Raised

STEPWISE = ("transparent", "consumer", "consumer-remover", "reshaper", "combiner", "wrapper")


@clause(2, "no-mask", cases=["custom.list-input-mask-list"])
def no_mask(context):
    """All forms of "no mask" are equivalent

    Without a mask, with `mask=None` and, for several inputs, with `mask=[None, None]`, a layer returns the same
    output, and that output has no mask unless the layer is a producer.

    Why: if no input of a list has a mask, tf.keras passes None and Keras 3 passes [None, None]. `if mask is not
    None: use(mask[1])` works in the first and crashes in the second; `if mask is None: raise` works in the first
    and never raises in the second.

    Repair: treat both as "no mask": `if mask is None or all(m is None for m in mask)` for a list of inputs, `if
    mask is None` for one input.
    """
    spec, arrays = context.spec, context.spec.arrays()
    layer = context.layer()
    if context.state.needs_mask:
        context.record("without a mask", context.state.error_without_mask, expected="no exception")
        return
    plain = context.call(layer, arrays)
    if not (context.kind == "producer" or KINDS[context.kind].ends):
        context.record_masks("output mask", plain, [None] * len(plain.masks))
    none = [None] * len(arrays)
    if context.takes_mask and not spec.as_arguments:
        context.record_outputs(
            "output with mask=%s" % (none if spec.several else None), _with_mask(context, layer, none), plain
        )
    if spec.several and not spec.as_arguments and context.kind != "unaware":
        context.record("compute_mask with %s" % none, _computed_mask(context, layer, arrays, none), expected=None)


def _with_mask(context, layer, none):
    return context.attempt(layer, context.spec.arrays(), explicit=none)


def _computed_mask(context, layer, arrays, masks):
    """Call `compute_mask` with these masks; return None instead of a list of None."""

    def fn(*tensors):
        found = layer.compute_mask(list(tensors), masks)
        return None if isinstance(found, (list, tuple)) and all(m is None for m in found) else found

    try:
        return context.run(fn, *arrays)
    except Exception as error:
        return raised(error)


@clause(
    3,
    "implicit-explicit",
    kinds=("transparent", "consumer", "consumer-remover", "reshaper", "combiner", "wrapper"),
    cases=["custom.explicit-mask-propagates", "law.implicit-is-explicit[SimpleRNN]"],
)
def implicit_is_explicit(context):
    """An attached mask and the argument mask are equivalent

    If `call` has an argument `mask`, `layer(x, mask=m)` returns the same outputs, with the same masks, as
    `layer(x)` where m is attached to x.

    Why: inside custom layers masks are passed as arguments; between the layers of a model Keras passes the attached
    masks automatically. If the two differ, a layer computes something else when it is moved.

    Repair: take the mask only from the argument `mask` of `call`, and compute the output mask in `compute_mask`
    from its argument, not from something that `call` has stored.
    """
    spec, arrays, masks = context.spec, context.spec.arrays(), context.spec.masks()
    if not context.takes_mask:
        raise NotApplicable("its call has no argument `mask`")
    if spec.as_arguments:
        raise NotApplicable("its inputs are separate arguments, each with a mask argument of its own")
    layer = context.layer()
    implicit = context.call(layer, arrays, masks)
    explicit = context.attempt(layer, arrays, explicit=masks)
    if not KINDS[context.kind].ends:
        context.record_masks("output mask with mask=", explicit, implicit.masks)
    context.record_outputs("output with mask=", explicit, implicit)


@clause(
    4, "padding-invariance", kinds=STEPWISE + ("producer",), cases=["law.padding[SimpleRNN]", "law.garbage[SimpleRNN]"]
)
def padding_invariance(context):
    """Masked steps do not affect the output

    Neither other values at masked steps nor additional masked steps at the end change the output at unmasked steps.

    Why: this is what masks are for. Padding exists only because a batch has to be an array; how much of it there
    is, and what it holds, depends on the other samples.

    Repair: exclude masked steps before steps are combined: `where(mask, x, 0)` before a sum, a large negative
    number before a softmax, and a division by the number of unmasked steps instead of all. Set the input of a
    convolution over steps to zero where it is masked.
    """
    spec, masks = context.spec, context.spec.masks()
    layer = context.layer()
    if context.kind == "producer":
        arrays, masks = spec.padded(spec.arrays(), masks), None
        result, kept = context.call(layer, arrays), None
    else:
        arrays = spec.arrays()
        result, kept = record_garbage(context, layer, "output at unmasked steps", masks, arrays)
    if context.kind != "reshaper":
        _record_shorter(context, layer, arrays, masks, result)


def record_garbage(context, layer, name, masks, arrays=None, scale=300, **tolerance):
    """Record outputs with junk at masked steps, beside those without.

    Args:
        context: The `ClauseContext`.
        layer: A built layer.
        name: Name of the fact.
        masks: The masks of the inputs.
        arrays: The inputs; by default those of the spec.
        scale: Factor for the junk, small enough that the dtype can hold its square.
        **tolerance: `rtol` and `atol`.

    Returns:
        The `CallResult` without junk, and where its outputs count (`ClauseContext.kept`).
    """
    arrays = context.spec.arrays() if arrays is None else arrays
    clean = context.call(layer, arrays, masks)
    dirty = context.attempt(layer, context.spec.replaced(arrays, context.spec.junk(scale), masks), masks)
    kept = context.kept(clean, masks)
    context.record_outputs(name, dirty, clean, kept, **tolerance)
    return clean, kept


def leaks(context):
    """Return whether junk affects the output even with padding on the right: C4 reports that, other clauses do not."""
    own = context.isolated()
    record_garbage(own, own.layer(), "output", context.spec.masks())
    return bool(mismatches(own.record.facts))


def _record_shorter(context, layer, arrays, masks, longer):
    """Record outputs without the last, masked steps, beside those with them."""
    spec = context.spec
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
    short = [a[:, :-cut] if m else a for a, m in zip(arrays, spec.masked)]
    short_masks = None if masks is None else [None if m is None else m[:, :-cut] for m in masks]
    found = context.attempt(layer, short, short_masks)
    if isinstance(found, Raised) and not spec.any_length:
        context.note("fewer steps: it accepts only %d (%s)" % (spec.shapes[0][1], found.message))
        return
    if isinstance(found, Raised):
        context.record("output without the last steps", found, expected="no exception")
        return
    kept = context.kept(found, short_masks) if masks is not None else [np.ones(o.shape, bool) for o in found.outputs]
    for i, (one, other) in enumerate(zip(found.outputs, longer.outputs)):
        if one.shape != other.shape:
            if one.ndim != other.ndim or one.shape[:1] + one.shape[2:] != other.shape[:1] + other.shape[2:]:
                continue  # another axis depends on the steps, as in attention scores
            other = other[:, : one.shape[1]]
        name = "output without the last steps" + (" %d" % i if len(found.outputs) > 1 else "")
        context.record(
            name, np.where(kept[i], one, np.zeros_like(one)), expected=np.where(kept[i], other, np.zeros_like(one))
        )


@clause(
    5,
    "gradients",
    kinds=STEPWISE,
    cases=["rnn.gradient-masked-input-zero[loop]"],
)
def gradients(context):
    """No gradient flows into masked steps

    The gradient of the outputs at unmasked steps is zero with respect to masked steps of the inputs, and finite
    with respect to all inputs and weights.

    Why: a gradient into padding trains the preceding layers on padding. A NaN there stays NaN when multiplied by
    zero and spreads to every weight, although the forward pass looks right.

    Repair: apply `where` to the inputs, before anything that may overflow or divide by zero, not only to the
    result.
    """
    spec, masks = context.spec, context.spec.masks()
    real = [i for i, d in enumerate(spec.dtypes) if d.startswith("float")]
    if not real:
        raise NotApplicable("there is no gradient: its inputs are not floats")
    arrays, layer, ops = spec.arrays(), context.layer(), context.ops
    clean = context.call(layer, arrays, masks)
    if context.cached(leaks):
        raise NotApplicable("masked steps affect its output, so gradients flow into them; see C4-padding-invariance")
    floats = [o.dtype.kind == "f" or str(o.dtype) == "bfloat16" for o in clean.outputs]
    if not any(floats):
        raise NotApplicable("there is no gradient: its outputs are not floats")
    kept = [k.astype("float32") for k in context.kept(clean, masks)]
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
            outputs = context.outputs_and_masks(spec.apply(layer, context.attach(inputs, attached)))[0]
            total = 0.0
            for output, count, is_float in zip(outputs, counts, floats):
                if is_float:
                    output = ops.where(ops.equal(count, 1.0), output, ops.zeros_like(output))
                    total = total + ops.sum(output * output)
            return total

        _, of_inputs, of_weights = context.run.gradients(value, [given[i] for i in real], weights)
        return of_inputs, of_weights

    of_inputs, of_weights = context.run(fn, *(arrays + [masks[i] for i in present] + kept))
    for i, gradient in zip(real, of_inputs):
        if gradient is None:
            continue
        name = "gradient of the input" + (" %d" % i if spec.several else "")
        context.record(name + " is finite", bool(np.isfinite(gradient).all()), expected=True)
        if masks[i] is not None:
            at = np.broadcast_to(patterns.expand_to(~masks[i], gradient.ndim), gradient.shape)
            context.record(name + " at masked steps", np.where(at, gradient, 0), expected=np.zeros_like(gradient))
    finite = all(g is None or np.isfinite(g).all() for g in of_weights)
    context.record("gradients of the weights are finite", bool(finite), expected=True)


@clause(9, "fully-masked", kinds=STEPWISE, cases=["rnn.fully-masked-sample", "softmax.fully-masked"])
def fully_masked(context):
    """A fully masked sample is harmless

    The output for a sample without unmasked steps is finite, and the values of that sample do not affect the
    others.

    Why: such samples occur: an empty text, the last batch of a data set, a window past the end. A single NaN in a
    batch turns the loss and then all weights into NaN.

    Repair: divide by `maximum(count, 1)`; mask attention scores with a large finite number instead of minus
    infinity, or replace the result for fully masked samples with `where`.
    """
    spec, masks = context.spec, context.spec.masks("all-masked")
    layer = context.layer()
    found = context.attempt(layer, spec.arrays(), masks)
    if "all-masked" in spec.limits:
        context.record("refused, as declared", isinstance(found, Raised), expected=True)
        return
    if isinstance(found, Raised) and spec.limits:
        context.note("it rejects a fully masked sample: %s" % found.message)
        return
    if isinstance(found, Raised):
        context.record("output", found, expected="no exception")
        return
    for i, output in enumerate(found.outputs):
        if output.dtype.kind == "f" or str(output.dtype) == "bfloat16":
            name = "output is finite" + (" %d" % i if len(found.outputs) > 1 else "")
            context.record(name, np.isfinite(output.astype("float64")), expected=np.ones(output.shape, bool))
    if not context.cached(leaks):
        _record_other_samples(context, layer, masks, found)


def _record_other_samples(context, layer, masks, clean):
    """Record the other samples with junk in the first one, which is fully masked, beside those without."""
    first = [None if m is None else np.broadcast_to(np.arange(len(m))[:, None] > 0, m.shape[:2]) for m in masks]
    arrays = context.spec.replaced(context.spec.arrays(), context.spec.junk(), first)
    dirty = context.attempt(layer, arrays, masks)
    kept = [np.broadcast_to(np.arange(len(o)).reshape((-1,) + (1,) * (o.ndim - 1)) > 0, o.shape) for o in clean.outputs]
    context.record_outputs("other samples", dirty, clean, kept)


@clause(
    11,
    "mask-patterns",
    kinds=STEPWISE,
    every_mode=lambda spec: bool(spec.limits),
    cases=["law.all-true[SimpleRNN]"],
)
def mask_patterns(context):
    """Padding may be anywhere

    A layer handles padding on the left, gaps and randomly masked steps as well as padding on the right, and a mask
    that masks nothing changes nothing. Masks that are declared as `limits` are rejected in every mode.

    Why: text generation pads on the left, and sensors drop steps in between. A layer that counts the unmasked steps
    and reads as many from the start is right for padding on the right only, and silently wrong otherwise.

    Repair: do not convert the mask to lengths. If you must, document it, declare the limit, and raise in a way that
    survives compilation: a Python check of values is skipped in a compiled function.
    """
    spec, layer = context.spec, context.layer()
    leaky = context.is_first and context.cached(leaks)
    if leaky:
        context.note(
            "junk on the left and in gaps: junk on the right affects the output already; see C4-padding-invariance"
        )
    for pattern in ("left", "gap", "random"):
        masks = spec.masks(pattern)
        if pattern in spec.limits:
            found = context.attempt(layer, spec.arrays(), masks)
            context.record("%s: refused, as declared" % pattern, isinstance(found, Raised), expected=True)
        elif context.is_first and not (pattern == "random" and spec.limits):
            if leaky:
                clean = context.call(layer, spec.arrays(), masks)
            else:
                clean, _ = record_garbage(context, layer, "%s: output at unmasked steps" % pattern, masks)
            if not context.cached(masks_differ):
                context.record_masks("%s: output mask" % pattern, clean, expected_masks(context, clean, masks))
    if context.is_first and not context.state.needs_mask:
        everything = context.attempt(layer, spec.arrays(), spec.masks("all-true"))
        context.record_outputs("all true: output", everything, context.call(layer, spec.arrays()))
