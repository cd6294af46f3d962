"""Records every call of a layer: its inputs, its outputs, and the masks of both."""

import inspect
import sys
import warnings
from contextlib import contextmanager

KERAS = ("keras", "tf_keras", "tensorflow", "tensorflow_core", "tensorflow_estimator")
OPERATOR_LAYERS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod")
# Masks that a caller makes, not Keras: they are not attached to a tensor.
NOT_KERAS_MASKS = ("attention_mask", "use_causal_mask")


def tensors_of(structure):
    """Return the tensors in nested lists, tuples and dicts, in order: those of the backend and symbolic ones."""
    if isinstance(structure, (list, tuple)):
        return [t for part in structure for t in tensors_of(part)]
    if isinstance(structure, dict):
        return [t for key in sorted(structure, key=str) for t in tensors_of(structure[key])]
    return [structure] if hasattr(structure, "shape") and hasattr(structure, "dtype") else []


def leaves_of(structure):
    """Return the leaves of nested lists and tuples, including None."""
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in leaves_of(part)]
    return [structure]


def attached(tensor):
    """Return the mask that Keras has attached to a tensor, or None."""
    history = getattr(tensor, "_keras_history", None)
    if hasattr(tensor, "_keras_mask") or not isinstance(history, tuple) or not hasattr(history[0], "_inbound_nodes"):
        mask = getattr(tensor, "_keras_mask", None)
        return mask if hasattr(mask, "shape") else None  # tf.keras 2.6 to 2.9 wraps None
    layer, node, position = history  # standalone Keras 2 keeps it there
    masks = getattr(layer._inbound_nodes[node], "output_masks", None)
    return masks[position] if masks else None


class RecordedCall(object):
    """One call of a layer, or of an operation of Keras 3.

    Attributes:
        layer: The layer or operation.
        parent: The call of the model or layer that made this one, or None.
        args: Positional arguments.
        kwargs: Keyword arguments.
        inputs: The tensors among the arguments.
        outputs: The tensors in the result.
        masks_in: The mask attached to each input, or None.
        masks_out: The mask attached to each output, or None.
        explicit: The masks passed as the argument `mask`.
        given: For each mask argument of `call` whether it got a mask; None if `call` was not observed.
        cleared: Positions of the inputs whose mask the call removed.
        warnings: The warnings about masks.
        error: The exception that the call raised, or None.
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
        """Names of the layers from the model inwards, separated by "/"."""
        own = self.layer.name
        return "%s/%s" % (self.parent.path, own) if self.parent else own

    @property
    def had_mask(self):
        """Whether an input has a mask, or one is passed as an argument."""
        return bool(self.explicit) or any(m is not None for m in self.masks_in)

    def end(self, result):
        """Record what the call returned."""
        self.result = result
        self.outputs = tensors_of(result)
        self.masks_out = [attached(t) for t in self.outputs]
        produced = {id(t) for t in self.outputs}
        for i, tensor in enumerate(self.inputs):
            if self.masks_in[i] is not None and attached(tensor) is None and id(tensor) not in produced:
                self.cleared.append(i)


class CallRecorder(object):
    """Records the calls of layers while `on()`.

    Attributes:
        calls: The calls, in the order in which they began.
        layer_class: The base class of layers.
        model_class: The base class of models.
    """

    def __init__(self, keras):
        self.layer_class = keras.layers.Layer
        self.model_class = keras.Model
        self.calls = []
        self._open = []
        self._on = False
        self._building = 0  # while it builds a layer, Keras 3 calls inner layers to infer shapes
        self._without = None  # a call of `layer.call` alone, whose mask comes from `compute_mask`
        self._patched = []

    @contextmanager
    def on(self):
        """Record calls in this context; earlier ones are discarded."""
        self.calls, self._open, self._on, self._building = [], [], True, 0
        self._patch()
        outer = sys.getprofile()
        sys.setprofile(self._profile)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = self._on_warning
                yield self
        finally:
            sys.setprofile(outer)
            self._on = False
            for owner, name, function in self._patched:
                setattr(owner, name, function)
            self._patched = []

    def contains(self, layer):
        """Return whether calls inside those of `layer` are recorded: it is a model, or its `call` is the user's."""
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
            call.given = {}  # operations have no mask arguments
        self.calls.append(call)
        self._open.append(call)
        return call

    def _on_warning(self, message, category, filename, lineno, file=None, line=None):
        if self._open and "mask" in str(message):
            self._open[-1].warnings.append("%s: %s" % (category.__name__, message))

    def _profile(self, frame, event, argument):
        """Observe the masks that `call` gets, as a profiler: no other hook sees all layers on all versions."""
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
            self._observe_compute_mask(layer, frame, event, argument)
        elif event == "call":
            self._observe_call(layer, frame)
        elif getattr(self._open[-1], "frame", None) is frame:
            self._without = self._open.pop()
            self._without.end(argument)
            self._without.frame = None

    def _observe_call(self, layer, frame):
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

    def _observe_compute_mask(self, layer, frame, event, argument):
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
    """Return one mask, or None, for each of `count` tensors."""
    return (masks + [None] * count)[:count]


def _subclasses(base):
    """Return the class and all its subclasses, each once."""
    found, left = [], [base]
    while left:
        one = left.pop()
        if one not in found:
            found.append(one)
            left.extend(type.__subclasses__(one))
    return found
