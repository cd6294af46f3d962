"""What a model uses that may concern a mask, as tags of cases."""

import inspect

from mask_inspection.calls import KERAS, OPERATOR_LAYERS, leaves_of

MERGING = ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract")
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNLSTM", "CuDNNGRU")
SWITCHES = (
    "go_backwards",
    "keepdims",
    "mask_zero",
    "return_sequences",
    "return_state",
    "sparse",
    "stateful",
    "time_major",
    "unroll",
    "zero_output_for_mask",
)


def class_name(layer, recorder):
    """Return the name of the class of a layer, "ops.X" for an operation of Keras 3."""
    name = type(layer).__name__
    return name if isinstance(layer, recorder.layer_class) else "ops." + name


def of_call(call, recorder):
    """Return the sorted tags of a call: its layer and inner layers, their arguments, and how it is called."""
    if not isinstance(call.layer, recorder.layer_class) or type(call.layer).__name__ in OPERATOR_LAYERS:
        return ["operators"]
    found = set()
    for layer in _with_inner(call.layer):
        found |= _of_layer(layer, recorder)
    for name in ("initial_state", "constants", "use_causal_mask"):
        if call.kwargs.get(name) is not None and call.kwargs[name] is not False:
            found.add(name)
    recurrent = found & set(RECURRENT)
    if recurrent:
        found.add("recurrent")
        if len(call.inputs) > 1 and "constants" not in found:
            found.add("initial_state")  # Keras 2 passes states as further inputs
    if call.explicit and not (call.parent is not None and _kind(call.parent.layer) == "Functional"):
        # Functional models pass attached masks to their layers like this.
        found.add("explicit mask")
    if len(call.inputs) > 1:
        found.add("several inputs")
    if len(call.outputs) > 1:
        found.add("several outputs")
    if found & set(MERGING):
        found.add("merging")
    return sorted(found)


def of_model(model, rows):
    """Return the sorted tags of the model as a whole."""
    found = {_kind(model)}
    if getattr(model, "optimizer", None) is not None:
        found.add("compile")
        if getattr(model, "loss", None) is not None:
            found.add("loss")
        if _has_metrics(model):
            found.add("metrics")
    if any(_kind(call.layer) for pair in rows for call in pair if call is not None):
        found.add("nested model")
    return sorted(found)


def _has_metrics(model):
    """Return whether the model was compiled with metrics."""
    given = model._compile_metrics if hasattr(model, "_compile_metrics") else getattr(model, "compiled_metrics", None)
    given = getattr(given, "_user_metrics", given)
    return any(one is not None for one in leaves_of(list(given.values()) if isinstance(given, dict) else given))


def _kind(layer):
    """Return how a model was made; the empty string for a layer that is not a model."""
    classes = [c.__name__ for c in type(layer).__mro__]
    if "Sequential" in classes:
        return "Sequential"
    if type(layer).__name__ in ("Functional", "Model"):
        return "Functional"
    return "Model subclass" if "Model" in classes else ""


def _with_inner(layer):
    """Return the layer and its inner layers: those of wrappers, and the cells of RNNs."""
    found = [layer]
    for name in ("layer", "forward_layer", "backward_layer", "cell"):
        inner = getattr(layer, name, None)
        if inner is not None and hasattr(inner, "get_config") and all(inner is not one for one in found):
            found += _with_inner(inner)
    return found


def _of_layer(layer, recorder):
    name = type(layer).__name__
    found = {switch for switch in SWITCHES if getattr(layer, switch, None) is True}
    if getattr(layer, "data_format", None) == "channels_first":
        found.add("data_format")
    if getattr(layer, "causal", None) is True or getattr(layer, "use_causal_mask", None) is True:
        found.add("use_causal_mask")
    if _is_half(layer):
        found.add("float16")
    if type(layer).__module__.split(".")[0] in KERAS:
        return found | {_kind(layer) or name}
    if name.endswith("Cell") or hasattr(layer, "state_size"):
        return found | {"custom cell"}
    if _kind(layer):
        return found | {_kind(layer)}
    found.add("custom layer")
    built_in = [c.__name__ for c in type(layer).__mro__ if c.__module__.split(".")[0] in KERAS]
    found |= {c for c in built_in if c in RECURRENT + MERGING}
    if getattr(layer, "supports_masking", False):
        found.add("supports_masking")
    if "mask" in inspect.signature(layer.call).parameters:
        found.add("mask argument")
    if type(layer).compute_mask.__module__.split(".")[0] not in KERAS:
        found.add("compute_mask")
    return found


def _is_half(layer):
    dtype = getattr(layer, "compute_dtype", None) or getattr(layer, "_compute_dtype", None)
    return str(dtype) in ("float16", "bfloat16")
