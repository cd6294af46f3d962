"""Faults of symbolic masks, and of models that are made anew: from a config, as a clone, from a file."""

from breaking import KERAS_2, KERAS_3, fault, internal, lost, made_mask, mask_argument, wrap


def symbolic(change):
    """Change a mask only while a model is constructed."""
    return lambda mask: mask if hasattr(mask, "numpy") else change(mask)


def within(owner, name):
    """Return a list that holds something while this function is called."""
    calls = []

    def function(call, given):
        calls.append(name)
        try:
            return call()
        finally:
            calls.pop()

    wrap(owner, name, function)
    return calls


def without_explicit(keras, calls):
    """Drop the argument `mask` of layers that are called while `calls` holds something."""

    def function(call, given):
        if not calls:
            return call()
        return call(kwargs={name: value for name, value in given["kwargs"].items() if name != "mask"})

    wrap(keras.layers.Layer, "__call__", function)


# Symbolic masks.


@fault("mask-shape.symbolic")
def symbolic_mask_int(keras, ops):
    """While a model is constructed, the mask of Embedding is int32, not bool."""
    made_mask(keras.layers.Embedding, symbolic(lambda mask: ops.cast(mask, "int32")))


@fault("mask-shape.symbolic")
def symbolic_mask_lost(keras, ops):
    """While a model is constructed, Embedding creates no mask."""
    made_mask(keras.layers.Embedding, symbolic(lost))


@fault("mask-shape.symbolic", on=KERAS_2)  # Keras 3 raises for such a mask
def symbolic_mask_one_row(keras, ops):
    """While a model is constructed, the mask of Embedding has one row."""
    made_mask(keras.layers.Embedding, symbolic(lambda mask: mask[:1]))


@fault("mask-shape.symbolic")
def symbolic_mask_features(keras, ops):
    """While a model is constructed, the mask of Embedding has an axis of features."""
    made_mask(keras.layers.Embedding, symbolic(lambda mask: ops.expand_dims(mask, -1)))


# Models that are made anew.


@fault("serial.explicit-mask")
def config_drops_explicit(keras, ops):
    """A functional model created from a config has lost the masks that were passed explicitly."""
    if hasattr(keras, "ops"):
        calls = within(internal("models.functional"), "functional_from_config")
    else:
        calls = within(internal("engine.functional"), "reconstruct_from_config")
    without_explicit(keras, calls)


@fault("serial.explicit-mask", "model.clone")
def clone_drops_explicit(keras, ops):
    """The clone of a functional model has lost the masks that were passed explicitly."""
    without_explicit(keras, within(internal("models.cloning"), "_clone_functional_model"))


@fault("serial.h5-keras-file")
def file_drops_explicit(keras, ops):
    """A functional model loaded from a file has lost the masks that were passed explicitly."""
    without_explicit(keras, within(keras.models, "load_model"))


@fault("serial.config", "serial.h5-file", "serial.keras-file", "embedding.config-roundtrip")
def embedding_from_config(keras, ops):
    """Embedding.from_config ignores mask_zero."""
    original = keras.layers.Embedding.from_config

    def from_config(cls, config):
        layer = original(config)
        layer.mask_zero = layer.supports_masking = False
        return layer

    keras.layers.Embedding.from_config = classmethod(from_config)


@fault("serial.export-tfsm", on=KERAS_3)
def exported_lost(keras, ops):
    """Layers that consume a mask ignore it in an exported model."""
    calls = within(keras.Model, "export")
    for name in ("GlobalAveragePooling1D", "SimpleRNN", "LSTM"):
        mask_argument(getattr(keras.layers, name), lost, where=lambda given: bool(calls))
