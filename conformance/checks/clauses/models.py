"""Clauses about models and modes: C13, modes; C14, saving; C16, nesting."""

import os
import shutil
import tempfile

import numpy as np

from conformance.checks.clause import clause
from conformance.checks.context import CallResult, NotApplicable, parameters, raised
from conformance.checks.errors import one_line
from conformance.checks.layer_spec import make_layer
from conformance.worker.modes import Unsupported
from conformance.worker.values import Raised


@clause(13, "modes", every_mode=True, cases=["mode.call-vs-predict", "mode.xla"])
def modes(trial):
    """However it is executed

    Op by op, in a graph, compiled, in a functional model and in `predict`, a layer gives the same outputs and the
    same output masks.

    Why: training runs in a graph or compiled. A mask that is looked at in Python (`if mask is None`, `if
    reduce_all(mask)`), kept on a tensor that is traced, or lost by a fast kernel works while one tries it out, and
    not in training.

    Repair: decide by tensors (`where`) instead of by Python; return tensors instead of keeping them; write
    `compute_mask` with `keras.ops`, which takes symbolic tensors, too.
    """
    subject, layer = trial.subject, trial.layer()
    arrays, masks = subject.arrays(), _mixed_masks(subject)
    if subject.kind == "producer":
        arrays, masks = subject.padded(arrays, subject.masks()), None
    direct = trial.attempt(layer, arrays, masks)
    if isinstance(direct, Raised):
        plain = trial.attempt(layer, arrays)
        if isinstance(plain, Raised):
            raise NotApplicable("here it raises without a mask as well: %s" % plain.message)
    first = trial.is_first
    if trial.is_eager_process and not first:
        _record_same(trial, direct, trial.eagerly(layer, arrays, masks))
    if not isinstance(direct, Raised):
        _record_models(trial, layer, arrays, masks, direct, first)


def _mixed_masks(subject):
    """Padded on the right and, if it takes that, on the left, in turn."""
    right = subject.masks()
    if "left" in subject.limits:
        return right
    pairs = zip(right, subject.masks("left"))
    return [None if m is None else np.concatenate([m[:1], other[1:2], m[2:]]) for m, other in pairs]


def _record_same(trial, found, eager):
    if isinstance(eager, Raised):
        trial.record("it raises, as op by op", isinstance(found, Raised), expected=True)
        return
    trial.record_outputs("output, as op by op", found, eager)
    trial.record_masks("output mask, as op by op", found, eager.masks)


def _record_models(trial, layer, arrays, masks, direct, first):
    """Record what models of the layer give beside what the layer gives when it is called.

    first: whether this is the first mode. There the model is called, in others `predict` calls it; each costs seconds.
    """
    try:
        model = trial.plain_model(layer) if masks is None else trial.functional(layer)
    except NotApplicable as why:
        trial.note("functional model and predict: %s" % why)
        return
    except Exception as error:
        trial.record("constructing a model", raised(error), expected="no exception")
        return
    masks = [None] * len(arrays) if masks is None else masks
    if first:
        found = trial.attempt_model(model, arrays, masks)
        trial.record_outputs("functional model: output", found, direct)
        trial.record_masks("functional model: output mask", found, direct.masks)
    if trial.subject.call.get("training"):
        trial.note("predict: it does not train")
        return
    if (first and "graph" in trial.modes[1:]) or any(d == "string" for d in trial.subject.dtypes):
        return
    try:
        given = arrays + [m for m in masks if m is not None]
        trial.make_predictable(model)
        predicted = trial.run.predict(model, given[0] if len(given) == 1 else given, batch_size=len(arrays[0]))
    except Unsupported as why:
        trial.note("predict: %s" % why)
        return
    except Exception as error:
        trial.record("predict: output", raised(error), expected="no exception")
        return
    predicted = predicted if isinstance(predicted, (list, tuple)) else [predicted]
    trial.record_outputs("predict: output", CallResult(list(predicted), []), direct)


@clause(14, "saving", cases=["serial.config", "serial.keras-file", "serial.h5-file"])
def saving(trial):
    """Saved and loaded

    A layer made anew from its configuration, and one loaded from the file of a model, give the same outputs and the
    same output mask.

    Why: an argument that `get_config` forgets comes back as its default; a flag that was set from outside does not
    come back at all. Then a model that is loaded masks otherwise than the one that was trained.

    Repair: return every argument of `__init__` from `get_config`, and set what concerns masks in `__init__`.
    """
    subject, layer = trial.subject, trial.layer()
    arrays, masks = subject.arrays(), subject.masks()
    if subject.kind == "producer":
        arrays, masks = subject.padded(arrays, masks), None
    wanted = trial.attempt(layer, arrays, masks)
    if isinstance(wanted, Raised):
        raise NotApplicable("it refuses masks")
    try:
        again = _from_config(trial, layer)
        trial.build(again)
        found = trial.call(again, arrays, masks)
    except Exception as error:
        found = raised(error)
    trial.record_outputs("from its configuration: output", found, wanted)
    trial.record_masks("from its configuration: output mask", found, wanted.masks)
    if any(d == "string" for d in subject.dtypes):
        return
    try:
        loaded = _through_file(trial)
        found = trial.call(loaded, arrays, masks)
    except Unsupported as why:
        trial.note("the file of a model: %s" % why)
        return
    except Exception as error:
        found = raised(error)
    trial.record_outputs("from a file: output", found, wanted)
    trial.record_masks("from a file: output mask", found, wanted.masks)


def _known(trial, layer):
    """What loading is told. Keras knows its own classes, and Keras 2.15 cannot load some if it is told them."""
    own = type(layer).__module__.split(".")[0] not in ("keras", "tf_keras", "tensorflow", "tensorflow_core")
    return dict({type(layer).__name__: type(layer)} if own else {}, **trial.subject.custom_objects)


def _knowing(trial, layer):
    """A context in which Keras knows the class of the layer."""
    utils = trial.keras.utils
    scope = utils.custom_object_scope if hasattr(utils, "custom_object_scope") else utils.CustomObjectScope
    return scope(_known(trial, layer))


def _from_config(trial, layer):
    with _knowing(trial, layer):
        # The author's own code, and no danger.
        trusted = {"safe_mode": False} if "safe_mode" in parameters(type(layer).from_config) else {}
        return type(layer).from_config(layer.get_config(), **trusted)


def _through_file(trial):
    """The layer that is in a model loaded from the file of one."""
    keras = trial.keras
    # Keras 2.15 cannot load an RNN that was called before it became part of a model.
    layer = make_layer(trial.subject)
    try:
        model = trial.plain_model(layer)
    except Exception as error:
        raise Unsupported("no functional model can be made of it: %s" % one_line(error))
    trial.set_weights(layer)
    new = hasattr(keras.layers.Layer, "save_own_variables") and trial.is_eager_process
    if trial.front.is_keras3 and not new:
        raise Unsupported("its format needs eager execution")
    first = None
    for suffix in [".keras", ".h5"] if new else [".h5"]:
        try:
            loaded = _saved_and_loaded(trial, model, layer, suffix)
        except Exception as error:
            first = first or error
            continue
        if first:
            # Keras 2.15 loads no RNN from a .keras file whose class it is told of.
            trial.note("a .keras file: it cannot be loaded (%s)" % one_line(first))
        return [one for one in loaded.layers if type(one).__name__ == type(layer).__name__][-1]
    raise first


def _saved_and_loaded(trial, model, layer, suffix):
    load, folder = trial.keras.models.load_model, tempfile.mkdtemp()
    options = {"custom_objects": _known(trial, layer), "compile": False}
    if "safe_mode" in parameters(load):
        options["safe_mode"] = False  # it is the author's own code
    try:
        path = os.path.join(folder, "model" + suffix)
        model.save(path)
        return load(path, **options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@clause(
    16,
    "nesting",
    kinds=("transparent", "consumer", "consumer-remover", "reshaper", "combiner", "remover", "wrapper"),
    cases=[
        "functional.nested",
        "sequential.auto-propagate",
        "timedistributed.inner-rnn-mask",
        "bidirectional.sequence-alignment",
    ],
)
def nesting(trial):
    """Inside of others

    In a Sequential model, in a functional model inside another, in TimeDistributed and, if it is recurrent, in
    Bidirectional, a layer does with masks what it does alone.

    Why: layers of others are built into models by people who do not read them, and containers hand masks on in ways
        of their own.

    Repair: take the mask from the argument `mask`; write `compute_output_shape`, and a `compute_mask` that takes
        symbolic tensors.
    """
    subject, layer = trial.subject, trial.layer()
    arrays, masks = subject.arrays(), subject.masks()
    alone = trial.call(layer, arrays, masks)

    def inner(layer, tensors):
        inputs = trial.symbolic_inputs()
        outputs = subject.apply(layer, inputs)
        return trial.keras.Model(inputs, outputs)(tensors if subject.several else tensors[0])

    try:
        found = trial.attempt_model(trial.functional(layer, inner), arrays, masks)
        trial.record_outputs("in a nested functional model: output", found, alone)
        trial.record_masks("in a nested functional model: output mask", found, alone.masks)
    except NotApplicable as why:
        trial.note("in a nested functional model: %s" % why)
    except Exception as error:
        trial.record("in a nested functional model", raised(error), expected="no exception")
    if subject.several:
        return
    if not subject.call and len(alone.outputs) == 1:
        found = trial.attempt(_Called(trial.keras.Sequential([layer])), arrays, masks)
        trial.record_outputs("in a Sequential model: output", found, alone)
        trial.record_masks("in a Sequential model: output mask", found, alone.masks)
    if not subject.call and len(alone.outputs) == 1 and trial.takes_mask and subject.mask_rank == 2:
        _record_time_distributed(trial, arrays[0])
    if isinstance(layer, trial.keras.layers.RNN) and hasattr(layer, "go_backwards"):
        _record_bidirectional(trial, arrays, masks)


class _Called:
    """A model in the place of the layer that it holds."""

    def __init__(self, model):
        self._model = model

    def __call__(self, inputs, **arguments):
        return self._model(inputs, **arguments)


def _record_time_distributed(trial, x):
    """Record `TimeDistributed(layer)` on three times the input, side by side, beside the layer on each."""
    subject, keras = trial.subject, trial.keras
    times = [x, x[::-1], x * np.asarray(0.5, x.dtype) if x.dtype.kind == "f" else x]
    masks = [subject.masks(pattern)[0] for pattern in ("right", "all-true", "right")]
    layer = trial.layer()
    alone = [trial.call(layer, [a], [m]).outputs[0] for a, m in zip(times, masks)]
    try:
        wrapper = keras.layers.TimeDistributed(layer)
        trial.run(lambda t: wrapper(t), np.stack(times, 1))
    except Exception as error:
        trial.note("in TimeDistributed: it raises without a mask as well (%s)" % type(error).__name__)
        return

    def fn(t, m):
        return wrapper(trial.Attach()([t, m]))

    try:
        found = trial.run(fn, np.stack(times, 1), np.stack(masks, 1))
    except Exception as error:
        found = raised(error)
    trial.record("in TimeDistributed: output", found, expected=np.stack(alone, 1))


def _record_bidirectional(trial, arrays, masks):
    """Record that junk at masked steps does not matter to `Bidirectional(layer)` either."""
    subject = trial.subject
    bare = subject.factory()
    try:
        with _knowing(trial, bare):
            wrapper = trial.keras.layers.Bidirectional(bare)
        trial.call(wrapper, arrays)
    except Exception as error:
        trial.note("in Bidirectional: it raises without a mask as well (%s)" % type(error).__name__)
        return
    clean = trial.attempt(wrapper, arrays, masks)
    dirty = trial.attempt(wrapper, subject.replaced(arrays, subject.junk(), masks), masks)
    if isinstance(clean, Raised):
        trial.record("in Bidirectional: output", clean, expected="no exception")
        return
    trial.record_outputs("in Bidirectional: output at unmasked steps", dirty, clean, trial.kept(clean, masks))
