"""Which cases are about what a model uses: matches the tags of cases with the features of calls.

There are these sorts of tags:

* *Layers*, and *ways* of using one (a constructor argument, or how it is called), must be found on calls that a mask
  reaches, a way on a call of such a layer.
* Tags *of the model* must be true of the whole model.
* *Carriers* bring a mask to what the case is about, *actors* show what became of it: carriers and actors count only if
  no other layer is tagged, carriers only if no actor is.
* *Circumstances* can occur with any model.
* What is *unseen* cannot be found in a trace.

A case whose variant is named after a layer is about that layer. `BY_CASE` has what the tags do not say.
"""

import fnmatch
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.inspection.trace import Call, Trace
from conformance.results import Case

TABLE = "layer-table.incoming-mask"
CARRIERS = frozenset({"Masking", "Embedding", "Dense", "Functional", "Sequential"})
ACTORS = frozenset({"SimpleRNN", "GlobalAveragePooling1D"})
RECURRENT = frozenset({"RNN", "SimpleRNN", "LSTM", "GRU"})
# In these areas, each recurrent layer has a variant of its own; elsewhere, any of them consumes the mask.
OF_EACH_LAYER = frozenset({"rnn", "simple-rnn", "lstm", "gru", "bidirectional", "timedistributed", "law", "destroy"})
LAYERS = frozenset(
    {
        "CuDNNGRU",
        "CuDNNLSTM",
        "StringLookup",
        "TextVectorization",
        "custom cell",
        "custom layer",
        "mask_zero",
        "operators",
    }
)
UNSEEN = frozenset(
    {"TFSMLayer", "TensorFlow Lite", "Tokenizer", "export", "ragged", "recipe", "workaround"}
)  # outside of a model
WAYS = frozenset(
    {
        *("compute_mask", "constants", "data_format", "explicit mask", "float16", "go_backwards", "initial_state"),
        *("keepdims", "mask argument", "merging", "return_sequences", "return_state", "several inputs"),
        *("several outputs", "shared layer", "sparse", "stateful", "supports_masking", "time_major", "unroll"),
        *("use_causal_mask", "zero_output_for_mask"),
    }
)
OF_MODEL = frozenset(
    {
        "Model subclass",
        "compile",
        "config",
        "export",
        "HDF5",
        "SavedModel",
        ".keras",
        "loss",
        "metrics",
        "serialization",
    }
)
ASKED_OF_MODEL = {"fit": "compile", "train_on_batch": "compile", "evaluate": "compile", "clone_model": "config"}
CIRCUMSTANCES = frozenset(
    {
        *(
            "CTC",
            "all masked",
            "batch",
            "batch_size",
            "bfloat16",
            "broadcasting",
            "build",
            "custom_objects",
            "dynamic shape",
        ),
        *("float32", "float64", "garbage", "gradient", "ignore_class", "inf", "int32", "law", "layer table", "NaN"),
        *(
            "padding",
            "predict",
            "Precision",
            "rank 4",
            "reduction",
            "sample_weight",
            "symbolic",
            "training",
            "warnings",
        ),
        *("jit_compile", "run_eagerly", "tf.function", "jax.jit", "torch.compile", "NumPy", "OpenVINO", "saving"),
        *("_keras_mask", "any", "convert_to_tensor", "keras.backend", "not_equal", "output_mask", "pad_sequences"),
        *("nested inputs", "stacked", "mixed precision", "backward_layer"),
        # Groups: each variant names its layer.
        *("activation", "convolution", "dropout", "reshaping", "resizing"),
    }
)
BY_CASE: dict[str, frozenset[str]] = {
    "cudnn.legacy-layers[[]gru*": frozenset({"CuDNNGRU"}),
    "cudnn.legacy-layers[[]lstm*": frozenset({"CuDNNLSTM"}),
    "embedding.gradient-row-zero": frozenset({"Embedding"}),
    "embedding.sparse-mask-zero": frozenset({"Embedding", "sparse"}),
    "evaluate.*": frozenset({"loss", "output mask"}),
    "functional.multi-output-masks": frozenset({"several outputs of the model"}),
    "functional.nested*": frozenset({"nested model"}),
    "functional.shared-layer": frozenset({"shared layer"}),
    "law.masked-loss*": frozenset({"loss", "output mask"}),
    "loss.*": frozenset({"loss", "output mask"}),
    "merge.operator-plus": frozenset({"operators"}),
    "metrics.*": frozenset({"metrics", "output mask"}),
    "mha.residual-mask": frozenset({"Add", "MultiHeadAttention"}),
    "model.output-mask": frozenset({"output mask"}),
    "model.supports-masking-flag": frozenset({"nested model"}),
    "rnn.stacked-cells": frozenset({"StackedRNNCells"}),
    "sequential.nested*": frozenset({"nested model"}),
    "serial.h5-file*": frozenset({"HDF5"}),
    "serial.keras-file": frozenset({".keras"}),
    "serial.savedmodel-reload*": frozenset({"SavedModel"}),
    "serial.weights-only": frozenset({"HDF5"}),
    "timedistributed.inner-model*": frozenset({"TimeDistributed", "nested model"}),
}
# Variants whose names differ from that of the layer.
_SHORT = {
    "additive": "AdditiveAttention",
    "dot": "Attention",
    "mean": "GlobalAveragePooling1D",
    "mha": "MultiHeadAttention",
}
_MODEL_WORDS = OF_MODEL | {"Functional", "Sequential", "output mask", "nested model", "several outputs of the model"}


@dataclass(frozen=True)
class Usage:
    """What a model uses.

    Attributes:
        calls: The calls that a mask reaches.
        of_model: What is true of the model as a whole.
    """

    calls: Sequence[Call]
    of_model: frozenset[str]

    @classmethod
    def of(cls, trace: Trace, model: str) -> "Usage":
        """Return what a traced model uses.

        Args:
            trace: The trace.
            model: The model as the command line names it; a saved one will be loaded again by the next version.
        """
        found = set(trace.features)
        if any(one.run or one.symbolic for one in trace.outputs):
            found.add("output mask")
        if len(trace.outputs) > 1:
            found.add("several outputs of the model")
        suffix = Path(model).suffix
        if Path(model).exists():
            kinds = {".h5": "HDF5", ".hdf5": "HDF5", ".keras": ".keras", ".json": "config"}
            found |= {"serialization", kinds.get(suffix, "SavedModel")}
        return cls([call for call in trace.calls if call.reached], frozenset(found))

    def features(self, call: Call) -> frozenset[str]:
        """Return the features of a call, including those that follow from its place in the model."""
        found = set(call.features)
        if call.times > 1:
            found.add("shared layer")
        if "explicit mask" in found:
            found.add("mask argument")
        return frozenset(found)

    def affected(self, demands: Collection[str]) -> list[Call] | None:
        """Find the calls that use what a case demands.

        Args:
            demands: What the case demands (`demands`).

        Returns:
            The calls; [] if only the model as a whole uses it, None if something is not used at all.
        """
        if not demands or not set(demands) & _MODEL_WORDS <= self.of_model:
            return None
        layers = {d for d in demands if d not in WAYS and d not in _MODEL_WORDS}
        ways = set(demands) & WAYS
        if not layers and not ways:
            return []
        found: dict[int, Call] = {}
        for layer in layers or {""}:
            shown = [c for c in self.calls if not layer or layer in self.features(c)]
            if not shown:
                return None
            found |= {call.id: call for call in shown}
        if ways:
            found = {i: call for i, call in found.items() if ways <= self.features(call)}
        return [found[i] for i in sorted(found)] or None


def demands(case: Case, layers: Collection[str]) -> frozenset[str]:
    """Return what a model must use for a case to be about it.

    Args:
        case: The case.
        layers: Names of all built-in layers.
    """
    for pattern, known in BY_CASE.items():
        if fnmatch.fnmatchcase(case.id, pattern):
            return known
    name, _, variant = case.id.rstrip("]").partition("[")
    if name == TABLE:
        return frozenset({variant})
    asked = {ASKED_OF_MODEL.get(tag, tag) for tag in case.tags}
    found = asked & (OF_MODEL | LAYERS | UNSEEN | WAYS | CARRIERS | set(layers))
    named = _layer_of(variant, layers, case.tags)
    if named in RECURRENT:  # a case that is measured on each recurrent layer
        return frozenset(found - RECURRENT - CARRIERS | {named})
    if named:
        found = (found - set(layers)) | {named}
    if found - CARRIERS - ACTORS - WAYS:
        found -= CARRIERS | ACTORS
    elif found & ACTORS:
        found -= CARRIERS
    one_layer = found & RECURRENT - {"RNN"}
    if name.partition(".")[0] in OF_EACH_LAYER and one_layer:
        return frozenset(found - (RECURRENT - one_layer))
    return frozenset("recurrent" if tag in RECURRENT else tag for tag in found)


def _layer_of(variant: str, layers: Iterable[str], tags: Collection[str]) -> str | None:
    """Return the layer whose name a variant begins with: "max-pooling-1d", "Softmax-nan"."""
    short = _SHORT.get(variant.partition("-")[0])
    if short and (short in tags or "Attention" in tags):
        return short
    plain = variant.replace("-", "").lower()
    return max((layer for layer in layers if plain.startswith(layer.lower())), key=len, default=None)


def built_in(cases: Iterable[Case]) -> frozenset[str]:
    """Return the names of all built-in layers: the rows of the layer table."""
    return frozenset(case.id[len(TABLE) + 1 : -1] for case in cases if case.id.startswith(f"{TABLE}["))
