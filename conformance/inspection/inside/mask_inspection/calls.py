"""Writes down every call of a layer: what went in, what came out, and the masks on both."""

import inspect
import sys
import warnings
from contextlib import contextmanager

KERAS = ("keras", "tf_keras", "tensorflow", "tensorflow_core", "tensorflow_estimator")
OPERATOR_LAYERS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod")
# Masks that a caller makes, not Keras: they are attached to nothing.
NOT_KERAS_MASKS = ("attention_mask", "use_causal_mask")


def tensors_of(structure):
    """The tensors in nested lists, tuples and dicts, in order; of the backend, or symbolic."""
    if isinstance(structure, (list, tuple)):
        return [t for part in structure for t in tensors_of(part)]
    if isinstance(structure, dict):
        return [t for key in sorted(structure, key=str) for t in tensors_of(structure[key])]
    return [structure] if hasattr(structure, "shape") and hasattr(structure, "dtype") else []


def leaves_of(structure):
    """All that is in nested lists and tuples, None included."""
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in leaves_of(part)]
    return [structure]


def attached(tensor):
    """The mask that Keras has attached to a tensor, or None."""
    history = getattr(tensor, "_keras_history", None)
    if hasattr(tensor, "_keras_mask") or not isinstance(history, tuple) or not hasattr(history[0], "_inbound_nodes"):
        mask = getattr(tensor, "_keras_mask", None)
        return mask if hasattr(mask, "shape") else None  # tf.keras 2.6 to 2.9 wraps that there is none
    layer, node, position = history  # standalone Keras 2 keeps it there
    masks = getattr(layer._inbound_nodes[node], "output_masks", None)
    return masks[position] if masks else None


class RecordedCall(object):
    """One call of a layer, or of an operation of Keras 3.

    Attributes:
        layer, parent: parent is the call of the model or layer in which this one was seen, or None.
        args, kwargs: of the call.
        inputs, outputs: tensors. masks_in, masks_out: one mask or None for each of them.
        explicit: masks given as the argument `mask`.
        given: whether a mask reached `call`, by the name of its argument; None if `call` was not seen.
        cleared: positions of the inputs whose mask the call took away.
        warnings: those that speak of masks. error: the exception that left the call, or None.
    """

    def __init__(self, layer, parent, args, kwargs):
        self.layer, self.parent, self.args, self.kwargs = layer, parent, args, kwargs
        self.explicit = [m for m in leaves_of(kwargs.get("mask")) if m is not None]
        self.inputs = tensors_of(args) + tensors_of({k: v for k, v in kwargs.items() if k != "mask"})
        self.masks_in = [attached(t) for t in self.inputs]
        self.outputs, self.masks_out, self.cleared, self.warnings = [], [], [], []
        self.result = self.given = self.error = None

    @property
    def path(self):
        own = self.layer.name
        return "%s/%s" % (self.parent.path, own) if self.parent else own

    @property
    def had_mask(self):
        return bool(self.explicit) or any(m is not None for m in self.masks_in)

    def end(self, result):
        self.result = result
        self.outputs = tensors_of(result)
        self.masks_out = [attached(t) for t in self.outputs]
        produced = {id(t) for t in self.outputs}
        for i, tensor in enumerate(self.inputs):
            if self.masks_in[i] is not None and attached(tensor) is None and id(tensor) not in produced:
                self.cleared.append(i)


class CallRecorder(object):
    """Sees the calls of layers while `on()`; `calls` in the order in which they began."""

    def __init__(self, keras):
        self.layer_class = keras.layers.Layer
        self.model_class = keras.Model
        self.calls = []
        self._open = []
        self._on = False
        self._building = 0  # to find shapes, Keras 3 calls what is inside a layer that it builds
        self._without = None  # a call of `layer.call` alone, whose mask `compute_mask` will tell
        self._patched = []

    @contextmanager
    def on(self):
        """Record. What was recorded before is forgotten."""
        self.calls, self._open, self._on, self._building = [], [], True, 0
        self._patch()
        outer = sys.getprofile()
        sys.setprofile(self._see)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = self._hear
                yield self
        finally:
            sys.setprofile(outer)
            self._on = False
            for owner, name, function in self._patched:
                setattr(owner, name, function)
            self._patched = []

    def contains(self, layer):
        """Whether calls inside the calls of `layer` are of interest: it is a model, or its `call` is the user's."""
        if not isinstance(layer, self.layer_class):
            return False
        module = getattr(type(layer).call, "__module__", None) or type(layer).__module__
        return isinstance(layer, self.model_class) or module.split(".")[0] not in KERAS

    def _patch(self):
        for owner in _subclasses(self.layer_class):
            self._wrap(owner, "__call__")
        for owner in self.layer_class.__mro__:
            if owner.__name__ == "Operation":  # Keras 3
                self._wrap(owner, "__call__")
                self._wrap(owner, "symbolic_call")

    def _wrap(self, owner, name):
        if name not in vars(owner):
            return
        original = vars(owner)[name]
        self._patched.append((owner, name, original))
        recorder = self

        def observed(self, *args, **kwargs):
            if not recorder._wants(self):
                return original(self, *args, **kwargs)
            call = recorder._begin(self, args, kwargs)
            try:
                result = original(self, *args, **kwargs)
            except Exception as error:
                call.error = error
                raise
            else:
                call.end(result)
            finally:
                recorder._open.remove(call)
            return result

        for attribute in ("__doc__", "__module__", "__name__", "__qualname__"):
            setattr(observed, attribute, getattr(original, attribute))
        observed.__signature__ = inspect.signature(original)
        setattr(owner, name, observed)

    def _wants(self, layer):
        if not self._on or self._building or type(layer).__name__ == "InputLayer":
            return False
        return not self._open or (self._open[-1].layer is not layer and self.contains(self._open[-1].layer))

    def _begin(self, layer, args, kwargs):
        call = RecordedCall(layer, self._open[-1] if self._open else None, args, kwargs)
        if not isinstance(layer, self.layer_class) or type(layer).__name__ in OPERATOR_LAYERS:
            call.given = {}  # operations know no masks
        self.calls.append(call)
        self._open.append(call)
        return call

    def _hear(self, message, category, filename, lineno, file=None, line=None):
        if self._open and "mask" in str(message):
            self._open[-1].warnings.append("%s: %s" % (category.__name__, message))

    def _see(self, frame, event, argument):
        """The profiler: what masks `call` is given. No version has another place at which all layers can be seen."""
        name = frame.f_code.co_name
        if name not in ("call", "tf__call", "compute_mask", "_maybe_build") or not self._open:
            return
        code = frame.f_code
        if event not in ("call", "return") or not code.co_argcount:
            return
        layer = frame.f_locals.get(code.co_varnames[0])
        if not isinstance(layer, self.layer_class):
            return
        if name == "_maybe_build":
            if layer is self._open[-1].layer:
                self._building += 1 if event == "call" else -1
        elif name == "compute_mask":
            self._see_compute_mask(layer, frame, event, argument)
        elif event == "call":
            self._see_call(layer, frame)
        elif getattr(self._open[-1], "frame", None) is frame:
            self._without = self._open.pop()
            self._without.end(argument)
            self._without.frame = None

    def _see_call(self, layer, frame):
        code = frame.f_code
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        values = {n: frame.f_locals.get(n) for n in names}
        if code.co_flags & inspect.CO_VARKEYWORDS:
            position = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
            values.update(frame.f_locals.get(code.co_varnames[position]) or {})
        masks = {n: v for n, v in values.items() if n == "mask" or n.endswith("_mask")}
        given = {str(n): any(m is not None for m in leaves_of(v)) for n, v in masks.items() if n not in NOT_KERAS_MASKS}
        if self._open[-1].layer is not layer:
            if not (self._wants(layer) and self.contains(self._open[-1].layer)):
                return
            # Models of standalone Keras 2 and of TensorFlow 1.13 run `call` of their layers alone.
            others = {n: v for n, v in values.items() if n in names[1:] and n not in masks and v is not None}
            call = self._begin(layer, tuple(values[n] for n in names[:1]), others)
            call.frame, call.explicit = frame, []
            call.masks_in = fitted(leaves_of(values.get("mask")), len(call.inputs))
        if self._open[-1].given is None:
            self._open[-1].given = given

    def _see_compute_mask(self, layer, frame, event, argument):
        call = self._without
        if call is None or call.layer is not layer or self._open[-1] is not call.parent:
            return
        if event == "call":
            names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            if len(names) > 2:
                call.masks_in = fitted(leaves_of(frame.f_locals.get(names[2])), len(call.inputs))
        else:
            call.masks_out = fitted(leaves_of(argument), len(call.outputs))
            self._without = None


def fitted(masks, count):
    """One mask for each of `count` tensors, None where there is none."""
    return (masks + [None] * count)[:count]


def _subclasses(base):
    """The class and all that are derived from it, each once."""
    found, left = [], [base]
    while left:
        one = left.pop()
        if one not in found:
            found.append(one)
            left.extend(type.__subclasses__(one))
    return found
