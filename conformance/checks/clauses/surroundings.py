"""Clauses about the circumstances of a call: C12, dtypes; C15, side effects; C17, warnings."""

from contextlib import contextmanager

import numpy as np

from conformance.checks.clause import clause
from conformance.checks.clauses.numbers import STEPWISE, leaks, record_garbage
from conformance.checks.clauses.output_masks import expected_masks, masks_differ
from conformance.checks.context import NotApplicable, numbered
from conformance.checks.kinds import KINDS
from conformance.checks.layer_state import LayerState
from conformance.checks.reference import copy, reference
from conformance.worker.recorder import Recorder, observe
from conformance.worker.values import Raised

HALF = {"rtol": 0.05, "atol": 0.02}


@clause(12, "dtypes", kinds=STEPWISE, cases=["attach.dtype-cast", "dtype.mixed-policy"])
def dtypes(context):
    """Masks work with every dtype

    With mixed precision, in float64 and with integer inputs the mask is propagated as in float32, and masked steps
    still do not affect the output.

    Why: Keras casts inputs to the dtype of the layer, and in some versions the cast drops the mask. A mask that is
    cast to half precision and multiplied by -1e9 becomes infinite.

    Repair: cast the mask to the dtype of the tensor it is applied to, and use a number that this dtype can
    represent, such as half its minimum.
    """
    spec = context.spec
    if not all(d in ("float32", "float16", "float64") for d in spec.dtypes):
        raise NotApplicable("its inputs are not floats")
    tried, leaky, askew = [], context.cached(leaks), context.cached(masks_differ)
    for name, policy, dtype, tolerance in (
        ("mixed precision", "mixed_float16", "float32", HALF),
        ("float64", "float64", "float64", {}),
        ("integers", None, "int32", {}),
    ):
        if dtype == "float64" and context.front.backend != "tensorflow":
            continue  # other backends may cast to float32
        with dtype_policy(context.front, policy) as is_set:
            if not is_set:
                context.note("%s: this Keras has no such policy" % name)
            elif _record_in(context, name, dtype, tolerance, leaky, askew):
                tried.append(name)
    if not tried:
        raise NotApplicable("it computes only in float32")


def _record_in(context, name, dtype, tolerance, leaky, askew):
    spec, masks = context.spec, context.spec.masks()
    arrays = [np.round(a * 9).astype(dtype) if dtype == "int32" else a.astype(dtype) for a in spec.arrays()]
    try:
        layer = context.layer()
        context.call(layer, arrays, spec.masks("all-true") if context.state.needs_mask else None)
    except Exception as error:
        context.note("%s: raises without a mask as well (%s)" % (name, type(error).__name__))
        return False
    found = context.attempt(layer, arrays, masks)
    if isinstance(found, Raised) and dtype == "int32":
        context.note("integers: accepted only without a mask (%s)" % found.message)  # no documentation promises more
        return False
    expected = [] if isinstance(found, Raised) else expected_masks(context, found, masks)
    if isinstance(found, Raised) or not askew:
        context.record_masks(name + ": output mask", found, expected)
    if not isinstance(found, Raised) and dtype != "int32" and not leaky:
        clean, kept = record_garbage(context, layer, name + ": output at unmasked steps", masks, arrays, 8, **tolerance)
        for i, (output, counts) in enumerate(zip(clean.outputs, kept)):
            if output.dtype.kind == "f" or str(output.dtype) == "bfloat16":
                finite = bool(np.isfinite(output.astype("float64")[counts]).all())
                context.record(numbered(name + ": output is finite", i, len(kept)), finite, expected=True)
    return True


@contextmanager
def dtype_policy(front, name):
    """Set the global dtype policy; yields whether this Keras has such a policy."""
    keras = front.keras
    if name is None:
        yield True
        return
    floatx = keras.backend.floatx()
    if front.is_keras3:
        get, set_policy = keras.config.dtype_policy, keras.config.set_dtype_policy
    elif hasattr(getattr(keras, "mixed_precision", None), "set_global_policy"):
        get, set_policy = keras.mixed_precision.global_policy, keras.mixed_precision.set_global_policy
    else:
        get = set_policy = None
    if set_policy is None and name != "float64":
        yield False
        return
    before = get() if get else None
    try:
        if name == "float64":
            keras.backend.set_floatx(name)
        if set_policy:
            set_policy(name)
        yield True
    finally:
        keras.backend.set_floatx(floatx)
        if set_policy:
            set_policy(before)


@clause(15, "side-effects", cases=["attach.input-unmarked", "mha.input-mask-side-effect"])
def side_effects(context):
    """A call has no side effects

    A call changes neither the list of inputs nor the masks attached to them, and a later call without a mask
    returns what it would have returned without the first call.

    Why: the caller uses its tensors again, for example in a residual connection. If a mask was removed, it is
    missing there; if a layer remembers one, the next batch is masked with that of the last.

    Repair: do not modify `inputs` or the `_keras_mask` of a tensor that was passed in, and do not store the mask on
    `self`.
    """
    spec = context.spec
    arrays, masks = spec.arrays(), spec.masks()
    layer = context.layer()
    plain = None if context.state.needs_mask else context.call(context.layer(), arrays)
    present = [i for i, m in enumerate(masks) if m is not None]
    lists = {}

    def fn(*tensors):
        given = context.attach(tensors[: len(arrays)], dict(zip(present, tensors[len(arrays) :])))
        mine = list(given)
        if spec.several and not spec.as_arguments:
            layer(mine, **spec.call)
        else:
            layer(*mine, **spec.call)
        lists["same"] = len(mine) == len(given) and all(a is b for a, b in zip(mine, given))
        masks_after = [context.mask_of(given[i]) for i in present]
        fresh = [copy(context.ops, t) for t in tensors[: len(arrays)]]
        return masks_after, given, context.outputs_and_masks(spec.apply(layer, fresh)) if plain else None

    try:
        masks_after, given, second = context.run(fn, *(arrays + [masks[i] for i in present]))
    except Exception:
        if context.kind == "unaware":
            raise NotApplicable("it rejects masks")
        raise
    context.record("the list of inputs is the same", lists["same"], expected=True)
    if "string" not in spec.dtypes:
        context.record("values of the inputs", given, expected=arrays)
    context.record("masks of the inputs", masks_after, expected=[masks[i] for i in present])
    if plain is None:
        context.note("second call: it raises without a mask")
        return
    if getattr(layer, "stateful", False):
        context.note("second call: the layer is stateful")
        return
    context.record("second call, without a mask: output", second[0], expected=plain.outputs)
    context.record("second call, without a mask: output mask", second[1], expected=plain.masks)


@clause(17, "warnings", cases=["unsupported.policy", "mha.spurious-warnings"])
def warnings_(context):
    """No unfounded warnings

    A layer that supports masking causes no warning about masks, neither when it is called directly nor while a
    model is constructed. An unaware layer causes the warning that Keras gives for every such layer.

    Why: Keras 3 warns where a layer that does not support masking drops a mask. Coming from inside a layer that
    does support it, the warning is a false alarm, or a sign that an inner layer drops the mask.

    Repair: set `supports_masking`; inside `call`, pass tensors without a mask to layers that do not support
    masking.
    """
    found = _warnings(context)
    if KINDS[context.kind].supports:
        for where, messages in found:
            context.record("warnings, " + where, messages, expected=[])
        return
    minimal = context.isolated(LayerState(reference(context.front, context.spec, context.kind)))
    for (where, messages), (_, usual) in zip(found, _warnings(minimal)):
        context.record("it warns, " + where, bool(messages), expected=bool(usual))
    context.note("it %s a mask" % _reaction(found[0][1]))


def _reaction(messages):
    if any(m.startswith("raises") for m in messages):
        return "rejects"
    return "warns and drops" if messages else "silently drops"


def _warnings(context):
    """Return the warnings about masks: pairs of where, in words, and a list of messages."""
    layer = context.layer()

    def messages(body):
        outcome, error = observe(body, Recorder())
        found = [w["message"] for w in outcome["warnings"]]
        if isinstance(error, NotApplicable):
            return found  # C13 reports that there is no such model
        return ["raises %s" % type(error).__name__] if error is not None else found

    return [
        ("called directly", messages(lambda: context.call(layer, context.spec.arrays(), context.spec.masks()))),
        ("while a model is constructed", messages(lambda: context.functional(layer))),
    ]
