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
def modes(context):
    """Every mode of execution gives the same result

    Op by op, in a graph, compiled, in a functional model and in `predict`, a layer returns the same outputs with
    the same masks.

    Why: training runs in a graph or compiled. Code that inspects a mask in Python (`if mask is None`, `if
    reduce_all(mask)`), stores it during tracing, or selects a fast kernel that ignores it works when it is tried
    out, and fails in training.

    Repair: decide with tensors (`where`) instead of Python; return tensors instead of storing them; write
    `compute_mask` with `keras.ops`, which accepts symbolic tensors.
    """
    spec, layer = context.spec, context.layer()
    arrays, masks = spec.arrays(), _mixed_masks(spec)
    if context.kind == "producer":
        arrays, masks = spec.padded(arrays, spec.masks()), None
    direct = context.attempt(layer, arrays, masks)
    if isinstance(direct, Raised):
        plain = context.attempt(layer, arrays)
        if isinstance(plain, Raised):
            raise NotApplicable("in this mode it raises without a mask as well: %s" % plain.message)
    first = context.is_first
    if context.is_eager_process and not first:
        _record_same(context, direct, context.eagerly(layer, arrays, masks))
    if not isinstance(direct, Raised):
        _record_models(context, layer, arrays, masks, direct, first)


def _mixed_masks(spec):
    """Return masks with padding on the right and, unless that is a declared limit, for one sample on the left."""
    right = spec.masks()
    if "left" in spec.limits:
        return right
    pairs = zip(right, spec.masks("left"))
    return [None if m is None else np.concatenate([m[:1], other[1:2], m[2:]]) for m, other in pairs]


def _record_same(context, found, eager):
    if isinstance(eager, Raised):
        context.record("it raises, as op by op", isinstance(found, Raised), expected=True)
        return
    context.record_outputs("output, as op by op", found, eager)
    context.record_masks("output mask, as op by op", found, eager.masks)


def _record_models(context, layer, arrays, masks, direct, first):
    """Record what models of the layer return, beside what the layer returns when it is called.

    In the first mode the model is called, in others `predict` calls it; each takes seconds.
    """
    try:
        model = context.plain_model(layer) if masks is None else context.functional(layer)
    except NotApplicable as why:
        context.note("functional model and predict: %s" % why)
        return
    except Exception as error:
        context.record("constructing a model", raised(error), expected="no exception")
        return
    masks = [None] * len(arrays) if masks is None else masks
    if first:
        found = context.attempt_model(model, arrays, masks)
        context.record_outputs("functional model: output", found, direct)
        context.record_masks("functional model: output mask", found, direct.masks)
    if context.spec.call.get("training"):
        context.note("predict: never in training, as the call declares")
        return
    if (first and "graph" in context.modes[1:]) or any(d == "string" for d in context.spec.dtypes):
        return
    try:
        given = arrays + [m for m in masks if m is not None]
        context.make_predictable(model)
        predicted = context.run.predict(model, given[0] if len(given) == 1 else given, batch_size=len(arrays[0]))
    except Unsupported as why:
        context.note("predict: %s" % why)
        return
    except Exception as error:
        context.record("predict: output", raised(error), expected="no exception")
        return
    predicted = predicted if isinstance(predicted, (list, tuple)) else [predicted]
    context.record_outputs("predict: output", CallResult(list(predicted), []), direct)


@clause(14, "saving", cases=["serial.config", "serial.keras-file", "serial.h5-file"])
def saving(context):
    """Saving and loading preserves masking

    A layer recreated from its configuration and one loaded from a saved model return the same outputs with the same
    masks.

    Why: an argument that `get_config` omits comes back with its default value, and a flag that was set from outside
    does not come back at all. The loaded model then masks differently from the one that was trained.

    Repair: return every argument of `__init__` from `get_config`, and set everything that concerns masks in
    `__init__`.
    """
    spec, layer = context.spec, context.layer()
    arrays, masks = spec.arrays(), spec.masks()
    if context.kind == "producer":
        arrays, masks = spec.padded(arrays, masks), None
    wanted = context.attempt(layer, arrays, masks)
    if isinstance(wanted, Raised):
        raise NotApplicable("it rejects masks")
    try:
        again = _from_config(context, layer)
        context.build(again)
        found = context.call(again, arrays, masks)
    except Exception as error:
        found = raised(error)
    context.record_outputs("from its configuration: output", found, wanted)
    context.record_masks("from its configuration: output mask", found, wanted.masks)
    if any(d == "string" for d in spec.dtypes):
        return
    try:
        loaded = _through_file(context)
        found = context.call(loaded, arrays, masks)
    except Unsupported as why:
        context.note("the file of a model: %s" % why)
        return
    except Exception as error:
        found = raised(error)
    context.record_outputs("from a file: output", found, wanted)
    context.record_masks("from a file: output mask", found, wanted.masks)


def _custom_objects(context, layer):
    """Return the custom objects for loading: not the classes of Keras, some of which Keras 2.15 then cannot load."""
    own = type(layer).__module__.split(".")[0] not in ("keras", "tf_keras", "tensorflow", "tensorflow_core")
    return dict({type(layer).__name__: type(layer)} if own else {}, **context.spec.custom_objects)


def _custom_object_scope(context, layer):
    """Return a context in which Keras knows the class of the layer."""
    utils = context.keras.utils
    scope = utils.custom_object_scope if hasattr(utils, "custom_object_scope") else utils.CustomObjectScope
    return scope(_custom_objects(context, layer))


def _from_config(context, layer):
    with _custom_object_scope(context, layer):
        # The code is the author's own.
        trusted = {"safe_mode": False} if "safe_mode" in parameters(type(layer).from_config) else {}
        return type(layer).from_config(layer.get_config(), **trusted)


def _through_file(context):
    """Save a model of the layer, load it, and return the layer in it."""
    keras = context.keras
    # Keras 2.15 cannot load an RNN that was called before it became part of a model.
    layer = make_layer(context.spec)
    try:
        model = context.plain_model(layer)
    except Exception as error:
        raise Unsupported("it cannot be part of a functional model: %s" % one_line(error))
    context.set_weights(layer)
    new = hasattr(keras.layers.Layer, "save_own_variables") and context.is_eager_process
    if context.front.is_keras3 and not new:
        raise Unsupported("the format of Keras 3 needs eager execution")
    first = None
    for suffix in [".keras", ".h5"] if new else [".h5"]:
        try:
            loaded = _saved_and_loaded(context, model, layer, suffix)
        except Exception as error:
            first = first or error
            continue
        if first:
            # Keras 2.15 cannot load an RNN from a .keras file if its class is among the custom objects.
            context.note("a .keras file: cannot be loaded (%s)" % one_line(first))
        return [one for one in loaded.layers if type(one).__name__ == type(layer).__name__][-1]
    raise first


def _saved_and_loaded(context, model, layer, suffix):
    load, folder = context.keras.models.load_model, tempfile.mkdtemp()
    options = {"custom_objects": _custom_objects(context, layer), "compile": False}
    if "safe_mode" in parameters(load):
        options["safe_mode"] = False  # the code is the author's own
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
def nesting(context):
    """The layer can be nested

    In a Sequential model, in a nested functional model, in TimeDistributed and, if it is recurrent, in
    Bidirectional, a layer treats masks as it does alone.

    Why: layers are built into models by people who do not read their code, and each container passes masks in its
    own way.

    Repair: take the mask from the argument `mask`; implement `compute_output_shape`, and a `compute_mask` that
    accepts symbolic tensors.
    """
    spec, layer = context.spec, context.layer()
    arrays, masks = spec.arrays(), spec.masks()
    alone = context.call(layer, arrays, masks)

    def inner(layer, tensors):
        inputs = context.symbolic_inputs()
        outputs = spec.apply(layer, inputs)
        return context.keras.Model(inputs, outputs)(tensors if spec.several else tensors[0])

    try:
        found = context.attempt_model(context.functional(layer, inner), arrays, masks)
        context.record_outputs("in a nested functional model: output", found, alone)
        context.record_masks("in a nested functional model: output mask", found, alone.masks)
    except NotApplicable as why:
        context.note("in a nested functional model: %s" % why)
    except Exception as error:
        context.record("in a nested functional model", raised(error), expected="no exception")
    if spec.several:
        return
    if not spec.call and len(alone.outputs) == 1:
        found = context.attempt(_ModelAsLayer(context.keras.Sequential([layer])), arrays, masks)
        context.record_outputs("in a Sequential model: output", found, alone)
        context.record_masks("in a Sequential model: output mask", found, alone.masks)
    if not spec.call and len(alone.outputs) == 1 and context.takes_mask and spec.mask_rank == 2:
        _record_time_distributed(context, arrays[0])
    if isinstance(layer, context.keras.layers.RNN) and hasattr(layer, "go_backwards"):
        _record_bidirectional(context, arrays, masks)


class _ModelAsLayer:
    """A model, called in place of the layer that it consists of."""

    def __init__(self, model):
        self._model = model

    def __call__(self, inputs, **arguments):
        return self._model(inputs, **arguments)


def _record_time_distributed(context, x):
    """Record `TimeDistributed(layer)` on three stacked inputs, beside the layer on each of them."""
    spec, keras = context.spec, context.keras
    times = [x, x[::-1], x * np.asarray(0.5, x.dtype) if x.dtype.kind == "f" else x]
    masks = [spec.masks(pattern)[0] for pattern in ("right", "all-true", "right")]
    layer = context.layer()
    alone = [context.call(layer, [a], [m]).outputs[0] for a, m in zip(times, masks)]
    try:
        wrapper = keras.layers.TimeDistributed(layer)
        context.run(lambda t: wrapper(t), np.stack(times, 1))
    except Exception as error:
        context.note("in TimeDistributed: it raises without a mask as well (%s)" % type(error).__name__)
        return

    def fn(t, m):
        return wrapper(context.Attach()([t, m]))

    try:
        found = context.run(fn, np.stack(times, 1), np.stack(masks, 1))
    except Exception as error:
        found = raised(error)
    context.record("in TimeDistributed: output", found, expected=np.stack(alone, 1))


def _record_bidirectional(context, arrays, masks):
    """Record that junk at masked steps does not affect `Bidirectional(layer)` either."""
    spec = context.spec
    bare = spec.factory()
    try:
        with _custom_object_scope(context, bare):
            wrapper = context.keras.layers.Bidirectional(bare)
        context.call(wrapper, arrays)
    except Exception as error:
        context.note("in Bidirectional: it raises without a mask as well (%s)" % type(error).__name__)
        return
    clean = context.attempt(wrapper, arrays, masks)
    dirty = context.attempt(wrapper, spec.replaced(arrays, spec.junk(), masks), masks)
    if isinstance(clean, Raised):
        context.record("in Bidirectional: output", clean, expected="no exception")
        return
    context.record_outputs("in Bidirectional: output at unmasked steps", dirty, clean, context.kept(clean, masks))
