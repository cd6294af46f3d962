"""Faults of layers that consume, merge or propagate masks: attention, merging, pooling, normalisation and others."""

import functools

from breaking import (
    KERAS_2,
    KERAS_3,
    fault,
    inverted,
    layer_output,
    leaves,
    lost,
    made_mask,
    mask_argument,
    mask_on,
    same,
    unmasked,
    wrap,
)


def drops(cls):
    """Drop the mask in layers of this class."""
    cls.compute_mask = lambda self, inputs, mask=None: None


def passes(cls):
    """Propagate the input mask in layers of this class."""
    cls.compute_mask = lambda self, inputs, mask=None: mask


@fault(
    "attention.*",
    "mha.auto-mask*",
    "mha.causal*",
    "merge.*",
    "pooling.*",
    "softmax.*",
    modes=["eager", "graph"],
    control=True,
)
def control_layers(keras, ops):
    """Nothing: `call` and `compute_mask` of many layers are wrapped without changing anything."""
    for name in ("Attention", "AdditiveAttention", "Softmax", "GlobalAveragePooling1D"):
        mask_argument(getattr(keras.layers, name), same)
    for name in ("MultiHeadAttention", "Add", "Multiply", "Concatenate", "Dense", "Dropout"):
        made_mask(getattr(keras.layers, name), same)


# Pooling, softmax, normalisation.


@fault("pooling.gap1d.*")
def pooling_lost(keras, ops):
    """GlobalAveragePooling1D averages over all timesteps."""
    mask_argument(keras.layers.GlobalAveragePooling1D, lost)


@fault("pooling.gap1d.masked-mean")
def pooling_inverted(keras, ops):
    """GlobalAveragePooling1D averages over the masked timesteps."""
    mask_argument(keras.layers.GlobalAveragePooling1D, inverted)


@fault("pooling.gap1d.masked-mean", "pooling.gap1d.implicit-mask")
def pooling_divisor(keras, ops):
    """GlobalAveragePooling1D divides the sum over unmasked timesteps by the number of all timesteps."""

    def change(output, given):
        if given["mask"] is None:
            return output
        kept = ops.cast(given["mask"], "float32")
        return output * ops.expand_dims(ops.sum(kept, axis=1) / ops.sum(ops.ones_like(kept), axis=1), 1)

    layer_output(keras.layers.GlobalAveragePooling1D, change)


@fault("pooling.gap1d.nan-at-masked", on=KERAS_3)
def pooling_nan(keras, ops):
    """NaN at masked timesteps leaks into the average of GlobalAveragePooling1D."""
    layer_output(
        keras.layers.GlobalAveragePooling1D,
        lambda output, given: output + 0.0 * ops.sum(given["inputs"], axis=1),
    )


@fault("pooling.gap1d.no-mask-after")
def pooling_passes(keras, ops):
    """GlobalAveragePooling1D propagates its mask."""
    passes(keras.layers.GlobalAveragePooling1D)


@fault("softmax.explicit-mask", "softmax.float16")
def softmax_lost(keras, ops):
    """Softmax ignores its mask."""
    mask_argument(keras.layers.Softmax, lost)


@fault("softmax.explicit-mask")
def softmax_inverted(keras, ops):
    """Softmax inverts its mask."""
    mask_argument(keras.layers.Softmax, lambda mask: ops.logical_not(ops.cast(mask, "bool")))


@fault("batchnorm.*")
def batchnorm_lost(keras, ops):
    """BatchNormalization includes masked timesteps in its statistics."""
    mask_argument(keras.layers.BatchNormalization, lost)


@fault("batchnorm.train-stats", "batchnorm.moving-mean")
def batchnorm_inverted(keras, ops):
    """BatchNormalization computes its statistics from masked timesteps only."""
    mask_argument(keras.layers.BatchNormalization, inverted)


# Attention.


def change_attention(name, change):
    """Replace the list of masks passed to the attention layer, if there is one, by `change(list)`."""

    def install(keras):
        def function(call, given):
            return call(mask=change(given["mask"], given)) if given["mask"] else call()

        wrap(getattr(keras.layers, name), "call", function)

    return install


@fault("attention.*")
def attention_value_lost(keras, ops):
    """Attention attends to masked values."""
    change_attention("Attention", lambda masks, given: [masks[0], None, *masks[2:]])(keras)


@fault("attention.*")
def attention_query_lost(keras, ops):
    """Attention does not zero its output for masked queries."""
    change_attention("Attention", lambda masks, given: [None, *masks[1:]])(keras)


@fault("attention.*")
def additive_attention_value_lost(keras, ops):
    """AdditiveAttention attends to masked values."""
    change_attention("AdditiveAttention", lambda masks, given: [masks[0], None, *masks[2:]])(keras)


@fault("attention.causal-and-value")
def attention_causal(keras, ops):
    """Causal Attention attends to masked values."""
    change_attention("Attention", lambda masks, given: [masks[0], None] if given["use_causal_mask"] else masks)(keras)


@fault("attention.output-mask")
def attention_output_mask(keras, ops):
    """Attention propagates the mask of the values."""
    wrap(keras.layers.Attention, "compute_mask", lambda call, given: given["mask"][1] if given["mask"] else None)


def change_mha(keras, function):
    """Compute the mask of MultiHeadAttention by `function(call, given, forget)`.

    `forget(names)` calls the original without the masks of these inputs.
    """

    def forget(call, given, names):
        if "query_mask" in given:
            return call(**{name + "_mask": None for name in names})
        with unmasked([given[name] for name in names]):
            return call()

    wrap(
        keras.layers.MultiHeadAttention,
        "_compute_attention_mask",
        lambda call, given: function(call, given, functools.partial(forget, call, given)),
    )


ALL = ("query", "value", "key")


@fault("mha.auto-mask", "mha.padding-invariance")
def mha_padding(keras, ops):
    """MultiHeadAttention ignores the masks of its inputs."""
    change_mha(keras, lambda call, given, forget: forget(ALL))


@fault("mha.auto-mask", "mha.padding-invariance")
def mha_value(keras, ops):
    """MultiHeadAttention ignores the masks of value and key."""
    change_mha(keras, lambda call, given, forget: forget(("value", "key")))


@fault("mha.causal.and-padding")
def mha_causal(keras, ops):
    """Causal MultiHeadAttention ignores the masks of its inputs."""
    change_mha(keras, lambda call, given, forget: forget(ALL) if given["use_causal_mask"] else call())


@fault("mha.explicit-mask-polarity", "mha.attention-mask-rank")
def mha_polarity(keras, ops):
    """MultiHeadAttention inverts attention_mask."""
    change_mha(keras, lambda call, given, forget: call(attention_mask=leaves(inverted, given["attention_mask"])))


@fault("mha.auto-mask.and-explicit")
def mha_explicit(keras, ops):
    """MultiHeadAttention ignores attention_mask where its inputs are masked."""
    change_mha(keras, lambda call, given, forget: call(attention_mask=None))


@fault("mha.output-mask", "mha.residual-mask")
def mha_output_mask(keras, ops):
    """MultiHeadAttention drops the mask."""
    made_mask(keras.layers.MultiHeadAttention, lost)


@fault("mha.input-mask-side-effect", "mha.residual-mask", "mha.second-call", on=KERAS_2)
def mha_clears_query(keras, ops):
    """MultiHeadAttention erases the mask of its query."""

    def function(call, given):
        output = call()
        given["query"]._keras_mask = None
        return output

    wrap(keras.layers.MultiHeadAttention, "call", function)


# Merging.


def merged_mask(cls, join):
    """Merge the masks of inputs that are all masked by `join(mask, mask)` in layers of this class."""

    def function(call, given):
        masks = given["mask"]
        return (
            call() if masks is None or None in [m if m is None else 1 for m in masks] else functools.reduce(join, masks)
        )

    wrap(cls, "compute_mask", function)


@fault("merge.add.both-masked", on=KERAS_3)
def add_and(keras, ops):
    """Add merges masks with AND instead of OR."""
    merged_mask(keras.layers.Add, lambda one, other: one & other)


@fault("merge.add.both-masked", on=KERAS_2)
def add_or(keras, ops):
    """Add merges masks with OR instead of AND."""
    merged_mask(keras.layers.Add, lambda one, other: one | other)


@fault("merge.add.both-masked")
def add_first(keras, ops):
    """Add returns the mask of its first input."""
    merged_mask(keras.layers.Add, lambda one, other: one)


@fault("merge.add.one-masked")
def add_one_masked(keras, ops):
    """Add of a masked and an unmasked input drops the mask if it used to propagate it, and vice versa."""

    def function(call, given):
        there = [mask for mask in given["mask"] or () if mask is not None]
        if not there or len(there) == len(given["mask"]):
            return call()
        return there[0] if call() is None else None

    wrap(keras.layers.Add, "compute_mask", function)


@fault("merge.concatenate.*")
def concatenate_lost(keras, ops):
    """Concatenate drops the mask."""
    drops(keras.layers.Concatenate)


@fault("merge.concatenate.time.one-masked")
def concatenate_unmasked(keras, ops):
    """Concatenate treats an input without a mask as fully masked."""

    def function(call, given):
        masks, inputs = given["mask"], given["inputs"]
        if not masks or all(mask is None for mask in masks):
            return call()
        return call(mask=[ops.not_equal(x, x)[..., 0] if m is None else m for x, m in zip(inputs, masks, strict=True)])

    wrap(keras.layers.Concatenate, "compute_mask", function)


@fault("merge.concatenate.feature")
def concatenate_first(keras, ops):
    """Concatenate returns the mask of its first input."""
    merged_mask(keras.layers.Concatenate, lambda one, other: one)


@fault("merge.values", on=KERAS_3)
def multiply_values(keras, ops):
    """Multiply ignores the masks of its inputs."""

    def function(call, given):
        with unmasked(given["inputs"]):
            return call()

    wrap(keras.layers.Multiply, "_merge_function", function)


@fault("merge.dot-none")
def dot_passes(keras, ops):
    """Dot propagates the mask of its first input."""
    keras.layers.Dot.compute_mask = lambda self, inputs, mask=None: mask[0] if mask else None


# Layers that propagate or drop masks.


@fault("propagate.dense", "functional.auto-propagate", "sequential.auto-propagate")
def dense_drops(keras, ops):
    """Dense drops the mask."""
    drops(keras.layers.Dense)


@fault("propagate.dropout")
def dropout_drops(keras, ops):
    """Dropout drops the mask."""
    drops(keras.layers.Dropout)


@fault("propagate.activation", "propagate.linear-activation")
def activation_drops(keras, ops):
    """Activation drops the mask."""
    drops(keras.layers.Activation)


@fault("propagate.layernorm", "propagate.batchnorm")
def normalisation_drops(keras, ops):
    """LayerNormalization drops the mask."""
    drops(keras.layers.LayerNormalization)


@fault("propagate.dense")
def dense_shortens(keras, ops):
    """Dense sets its output at masked timesteps to zero."""

    def change(output, given):
        mask = mask_on(given["inputs"])
        return output if mask is None else output * ops.cast(ops.expand_dims(mask, -1), "float32")

    layer_output(keras.layers.Dense, change)


@fault("destroy.reshape")
def flatten_passes(keras, ops):
    """Flatten propagates the mask."""
    passes(keras.layers.Flatten)


@fault("destroy.conv")
def conv_passes(keras, ops):
    """Conv1D propagates the mask."""
    passes(keras.layers.Conv1D)


@fault("destroy.time-resizers")
def pooling_1d_passes(keras, ops):
    """MaxPooling1D propagates the mask."""
    passes(keras.layers.MaxPooling1D)
