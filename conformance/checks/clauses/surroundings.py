"""Clauses about what is around a call: C12, dtypes; C15, side effects; C17, warnings."""

from contextlib import contextmanager

import numpy as np

from conformance.checks.clause import clause
from conformance.checks.clauses.numbers import STEPWISE, leaks, record_garbage
from conformance.checks.clauses.output_masks import expected_masks, masks_differ
from conformance.checks.context import NotApplicable, numbered
from conformance.checks.kinds import KINDS
from conformance.checks.reference import copy, reference
from conformance.worker.recorder import Recorder, observe
from conformance.worker.values import Raised

HALF = {"rtol": 0.05, "atol": 0.02}


@clause(12, "dtypes", kinds=STEPWISE, cases=["attach.dtype-cast", "dtype.mixed-policy"])
def dtypes(trial):
    """In every dtype

    With a policy of mixed precision, in float64 and for integers the mask goes on as in float32, and junk at masked
    steps still does not matter.

    Why: Keras casts inputs to the dtype of a layer, and in some versions the cast tensor has no mask. A mask cast to
    half precision times -1e9 is infinite.

    Repair: cast the mask to the dtype of what it meets, and use a number that this dtype can hold, such as half its
        minimum.
    """
    subject = trial.subject
    if not all(d in ("float32", "float16", "float64") for d in subject.dtypes):
        raise NotApplicable("its inputs are no real numbers")
    tried, leaky, askew = [], trial.answer(leaks), trial.answer(masks_differ)
    for name, policy, dtype, tolerance in (
        ("mixed precision", "mixed_float16", "float32", HALF),
        ("float64", "float64", "float64", {}),
        ("integers", None, "int32", {}),
    ):
        if dtype == "float64" and trial.front.backend != "tensorflow":
            continue  # elsewhere Keras makes float32 of it
        with dtype_policy(trial.front, policy) as is_set:
            if not is_set:
                trial.note("%s: this Keras has no such policy" % name)
            elif _record_in(trial, name, dtype, tolerance, leaky, askew):
                tried.append(name)
    if not tried:
        raise NotApplicable("it computes in float32 only")


def _record_in(trial, name, dtype, tolerance, leaky, askew):
    subject, masks = trial.subject, trial.subject.masks()
    arrays = [np.round(a * 9).astype(dtype) if dtype == "int32" else a.astype(dtype) for a in subject.arrays()]
    try:
        layer = trial.layer()
        trial.call(layer, arrays, subject.masks("all-true") if subject.needs_mask else None)
    except Exception as error:
        trial.note("%s: refused without a mask as well (%s)" % (name, type(error).__name__))
        return False
    found = trial.attempt(layer, arrays, masks)
    if isinstance(found, Raised) and dtype == "int32":
        trial.note("integers: it takes them without a mask only (%s)" % found.message)  # no page promises that it does
        return False
    expected = [] if isinstance(found, Raised) else expected_masks(trial, found, masks)
    if isinstance(found, Raised) or not askew:
        trial.record_masks(name + ": output mask", found, expected)
    if not isinstance(found, Raised) and dtype != "int32" and not leaky:
        clean, kept = record_garbage(trial, layer, name + ": output at unmasked steps", masks, arrays, 8, **tolerance)
        for i, (output, counts) in enumerate(zip(clean.outputs, kept)):
            if output.dtype.kind == "f" or str(output.dtype) == "bfloat16":
                finite = bool(np.isfinite(output.astype("float64")[counts]).all())
                trial.record(numbered(name + ": output is finite", i, len(kept)), finite, expected=True)
    return True


@contextmanager
def dtype_policy(front, name):
    """Layers that are made inside get this policy of dtypes; True, or False if Keras has no such thing."""
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
def side_effects(trial):
    """The caller's things are left alone

    A call changes neither the list of inputs nor the masks that are attached to them, and the next call without a
    mask does what it would have done without the first.

    Why: the caller uses its tensors again, in a residual connection for instance. A mask that was taken off is
    missing there; one that a layer remembers is that of another batch.

    Repair: do not write to `inputs`, to `_keras_mask` of what was given, or keep the mask on `self`.
    """
    subject = trial.subject
    arrays, masks = subject.arrays(), subject.masks()
    layer = trial.layer()
    plain = None if subject.needs_mask else trial.call(trial.layer(), arrays)
    present = [i for i, m in enumerate(masks) if m is not None]
    lists = {}

    def fn(*tensors):
        given = trial.attach(tensors[: len(arrays)], dict(zip(present, tensors[len(arrays) :])))
        mine = list(given)
        if subject.several and not subject.as_arguments:
            layer(mine, **subject.call)
        else:
            layer(*mine, **subject.call)
        lists["same"] = len(mine) == len(given) and all(a is b for a, b in zip(mine, given))
        masks_after = [trial.mask_of(given[i]) for i in present]
        fresh = [copy(trial.ops, t) for t in tensors[: len(arrays)]]
        return masks_after, given, trial.seen(subject.apply(layer, fresh)) if plain else None

    try:
        masks_after, given, second = trial.run(fn, *(arrays + [masks[i] for i in present]))
    except Exception:
        if subject.kind == "unaware":
            raise NotApplicable("it refuses masks")
        raise
    trial.record("the list of inputs is the same", lists["same"], expected=True)
    if "string" not in subject.dtypes:
        trial.record("values of the inputs", given, expected=arrays)
    trial.record("masks of the inputs", masks_after, expected=[masks[i] for i in present])
    if plain is None:
        trial.note("the second call: it raises without a mask")
        return
    if getattr(layer, "stateful", False):
        trial.note("the second call: it keeps a state from call to call")
        return
    trial.record("second call, without a mask: output", second[0], expected=plain.outputs)
    trial.record("second call, without a mask: output mask", second[1], expected=plain.masks)


@clause(17, "warnings", cases=["unsupported.policy", "mha.spurious-warnings"])
def warnings_(trial):
    """No warning without a reason

    A layer of a kind that supports masks causes no warning about masks, called directly or while a model is
    constructed; an unaware one causes what Keras says of every such layer.

    Why: Keras 3 warns where a mask ends at a layer that does not support it. A warning from inside a layer that does
    support it is a false alarm to its user, or the sign that a layer within it drops the mask.

    Repair: set `supports_masking`; inside `call`, give layers that do not know masks a tensor without one.
    """
    subject = trial.subject
    heard = _warnings(trial, subject)
    if KINDS[subject.kind].supports:
        for where, messages in heard:
            trial.record("warnings, " + where, messages, expected=[])
        return
    for (where, messages), (_, usual) in zip(heard, _warnings(trial, reference(trial.front, subject))):
        trial.record("it warns, " + where, bool(messages), expected=bool(usual))
    trial.note("it %s a mask" % _does(heard[0][1]))


def _does(messages):
    if any(m.startswith("raises") for m in messages):
        return "refuses"
    return "warns of and stops" if messages else "silently stops"


def _warnings(trial, subject):
    """What is said of masks, where: pairs of a text and a list of messages."""
    other = trial.beside(subject)
    layer = other.layer()

    def messages(body):
        outcome, error = observe(body, Recorder())
        found = [w["message"] for w in outcome["warnings"]]
        if isinstance(error, NotApplicable):
            return found  # C13 says that there is no such model
        return ["raises %s" % type(error).__name__] if error is not None else found

    return [
        ("called directly", messages(lambda: other.call(layer, subject.arrays(), subject.masks()))),
        ("while a model is constructed", messages(lambda: other.functional(layer))),
    ]
