"""Faults of layers and models with several tensors: masks that are swapped, shared, borrowed or of the wrong tensor."""

from breaking import (
    KERAS_3,
    fault,
    first_row,
    flat,
    internal,
    leaves,
    lost,
    mask_argument,
    mask_on,
    with_masks,
    wrap,
)


def reverse(masks):
    """Reverse a list of masks; anything else stays as it is."""
    return type(masks)(reversed(masks)) if isinstance(masks, (list, tuple)) else masks


def share(masks):
    """Give every tensor the mask of the first; anything that is no list stays as it is."""
    return type(masks)(masks[:1] * len(masks)) if isinstance(masks, (list, tuple)) else masks


def change_list(owner, name, change):
    """Pass `change(masks)` as the argument `mask` of this method."""
    wrap(owner, name, lambda call, given: call(mask=change(given["mask"])) if given["mask"] else call())


def change_pair(owner, name, change):
    """Compute the mask of attention over query and value by their masks as `change` returns them."""

    def function(call, given):
        if "query_mask" in given:
            query, value = change([given["query_mask"], given["value_mask"]])
            return call(query_mask=query, value_mask=value)
        tensors = [given["query"], given["value"]]
        if tensors[0] is tensors[1]:
            return call()
        with with_masks(tensors, change([mask_on(tensor) for tensor in tensors])):
            return call()

    wrap(owner, name, function)


def output_mask_of(keras, cls, number):
    """Give the output of layers of this class the mask of the input of this number, counted from zero."""

    def function(call, given):
        output = call()
        if isinstance(given["self"], cls):
            tensors = flat(list(given["args"])) + flat(list(given["kwargs"].values()))
            output._keras_mask = mask_on(tensors[number])
        return output

    wrap(keras.layers.Layer, "__call__", function)


def change_outputs(cls, change):
    """Attach `change(masks)` to the outputs of models of this class that return several."""

    def function(call, given):
        outputs = call()
        tensors = flat(outputs)
        if len(tensors) > 1:
            for tensor, mask in zip(tensors, change([mask_on(tensor) for tensor in tensors]), strict=True):
                tensor._keras_mask = mask
        return outputs

    wrap(cls, "call", function)


def functional(keras):
    """Return the class of functional models."""
    return internal("models.functional" if hasattr(keras, "ops") else "engine.functional").Functional


# Merging.


@fault("merge.add.both-masked")
def add_last(keras, ops):
    """Add returns the mask of its last input."""
    wrap(
        keras.layers.Add,
        "compute_mask",
        lambda call, given: given["mask"][-1] if given["mask"] and None not in _there(given["mask"]) else call(),
    )


def _there(masks):
    return [mask if mask is None else True for mask in masks]


@fault("merge.concatenate.time.both")
def concatenate_reversed(keras, ops):
    """Concatenate joins the masks of its inputs in the reverse order."""
    change_list(keras.layers.Concatenate, "compute_mask", reverse)


@fault("merge.concatenate.time.both")
def concatenate_shared(keras, ops):
    """Concatenate takes the mask of its first input for that of every input."""
    change_list(keras.layers.Concatenate, "compute_mask", share)


@fault("merge.multiply-values", on=KERAS_3)
def multiply_swapped(keras, ops):
    """Multiply exchanges the masks of its inputs."""

    def function(call, given):
        with with_masks(given["inputs"], [mask_on(tensor) for tensor in given["inputs"]][::-1]):
            return call()

    wrap(keras.layers.Multiply, "_merge_function", function)


# Attention.


@fault("attention.own-masks")
def attention_swapped(keras, ops):
    """Attention exchanges the masks of query and value."""
    change_list(keras.layers.Attention, "call", lambda masks: [masks[1], masks[0], *masks[2:]])


@fault("attention.own-masks")
def additive_attention_swapped(keras, ops):
    """AdditiveAttention exchanges the masks of query and value."""
    change_list(keras.layers.AdditiveAttention, "call", lambda masks: [masks[1], masks[0], *masks[2:]])


@fault("attention.auto-mask*", "attention.value-mask*")
def attention_value_borrowed(keras, ops):
    """Attention takes the mask of the query for that of the value."""
    change_list(keras.layers.Attention, "call", lambda masks: [masks[0], masks[0], *masks[2:]])


@fault("attention.value-mask*")
def attention_value_first_row(keras, ops):
    """Attention gives every sample the mask of the values of the first one."""
    change_list(keras.layers.Attention, "call", lambda masks: [masks[0], leaves(first_row, masks[1]), *masks[2:]])


@fault("attention.query-mask")
def additive_attention_query_lost(keras, ops):
    """AdditiveAttention does not zero its output for masked queries."""
    change_list(keras.layers.AdditiveAttention, "call", lambda masks: [None, *masks[1:]])


@fault("attention.output-mask", "mask-shape.symbolic.own-input")
def additive_attention_output_mask(keras, ops):
    """AdditiveAttention propagates the mask of the values."""
    wrap(
        keras.layers.AdditiveAttention, "compute_mask", lambda call, given: given["mask"][1] if given["mask"] else None
    )


@fault("mha.own-masks")
def mha_swapped(keras, ops):
    """MultiHeadAttention exchanges the masks of query and value."""
    change_pair(keras.layers.MultiHeadAttention, "_compute_attention_mask", lambda pair: pair[::-1])


@fault("mha.own-masks")
def mha_value_borrowed(keras, ops):
    """MultiHeadAttention takes the mask of the query for that of the value."""
    change_pair(keras.layers.MultiHeadAttention, "_compute_attention_mask", lambda pair: [pair[0], pair[0]])


@fault("mha.auto-mask", "mha.padding-invariance")
def mha_first_row(keras, ops):
    """MultiHeadAttention gives every sample the mask of the values of the first one."""
    change_pair(
        keras.layers.MultiHeadAttention, "_compute_attention_mask", lambda pair: [pair[0], leaves(first_row, pair[1])]
    )


@fault("mask-shape.symbolic.own-input")
def mha_output_of_value(keras, ops):
    """MultiHeadAttention propagates the mask of the values."""
    output_mask_of(keras, keras.layers.MultiHeadAttention, 1)


@fault("gqa.own-masks", on=KERAS_3)
def gqa_swapped(keras, ops):
    """GroupQueryAttention exchanges the masks of query and value."""
    change_pair(keras.layers.GroupQueryAttention, "_compute_attention_mask", lambda pair: pair[::-1])


@fault("gqa.own-masks", on=KERAS_3)
def gqa_value_borrowed(keras, ops):
    """GroupQueryAttention takes the mask of the query for that of the value."""
    change_pair(keras.layers.GroupQueryAttention, "_compute_attention_mask", lambda pair: [pair[0], pair[0]])


# Models and custom layers with several inputs or outputs.


@fault("functional.multi-output-masks")
def functional_outputs_swapped(keras, ops):
    """The outputs of a functional model have the masks of each other."""
    change_outputs(functional(keras), reverse)


@fault("functional.multi-output-masks")
def functional_outputs_shared(keras, ops):
    """Every output of a functional model has the mask of the first."""
    change_outputs(functional(keras), share)


@fault("docs.functional-mask-list")
def functional_masks_swapped(keras, ops):
    """A functional model exchanges the masks that it is passed for its inputs."""
    change_list(functional(keras), "call", reverse)


@fault("docs.functional-mask-list")
def functional_masks_shared(keras, ops):
    """A functional model takes the first mask that it is passed for that of every input."""
    change_list(functional(keras), "call", share)


def custom_inputs(keras, change):
    """Exchange the masks of the tensors that a layer defined by a case is called with."""

    def function(call, given):
        tensors = flat(list(given["args"]))
        if not type(given["self"]).__module__.startswith("test_") or len(tensors) < 2:
            return call()
        with with_masks(tensors, change([mask_on(tensor) for tensor in tensors])):
            return call()

    wrap(keras.layers.Layer, "__call__", function)


@fault("custom.list-input-mask-list", "recipe.list-masks")
def custom_masks_swapped(keras, ops):
    """A custom layer receives the masks of its inputs in the reverse order."""
    custom_inputs(keras, reverse)


@fault("custom.list-input-mask-list", "recipe.list-masks")
def custom_masks_shared(keras, ops):
    """A custom layer receives the mask of its first input for every input."""
    custom_inputs(keras, share)


# Recurrent layers: several samples, states, cells and directions.


@fault("bidirectional.return-state-mask")
def bidirectional_state_masks(keras, ops):
    """The states that Bidirectional returns get the mask of the sequence."""

    def function(call, given):
        outputs = call()
        if isinstance(given["self"], keras.layers.Bidirectional) and isinstance(outputs, (list, tuple)):
            for tensor in outputs[1:]:
                tensor._keras_mask = mask_on(outputs[0])
        return outputs

    wrap(keras.layers.Layer, "__call__", function)


@fault("bidirectional.*")
def bidirectional_backward_first_row(keras, ops):
    """The backward layer of Bidirectional uses the mask of the first sample for all."""
    mask_argument(keras.layers.SimpleRNN, first_row, where=lambda given: given["self"].go_backwards)


@fault("timedistributed.inner-rnn-mask*")
def time_distributed_first_row(keras, ops):
    """The layer inside TimeDistributed receives the mask of the first sample for all."""
    mask_argument(keras.layers.TimeDistributed, first_row)


@fault("rnn.stacked-cells")
def stacked_cells_lost(keras, ops):
    """RNN ignores its mask if it has several cells."""
    stacked = keras.layers.StackedRNNCells
    mask_argument(keras.layers.RNN, lost, where=lambda given: isinstance(given["self"].cell, stacked))


@fault("rnn.initial-state.explicit-mask")
def initial_state_first_row(keras, ops):
    """LSTM uses the mask of the first sample for all if it is passed an initial state."""
    mask_argument(keras.layers.LSTM, first_row, where=lambda given: given["initial_state"] is not None)


@fault("mask-shape.symbolic.own-input")
def rnn_output_mask_borrowed(keras, ops):
    """A recurrent layer propagates the mask of whichever Embedding was called last, not that of its input."""
    last = []

    def function(call, given):
        output = call()
        if isinstance(given["self"], keras.layers.Embedding):
            last[:] = [mask_on(output)]
        elif isinstance(given["self"], (keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU)):
            output._keras_mask = last[0]
        return output

    wrap(keras.layers.Layer, "__call__", function)


# Consumers that give every sample the mask of the first.


@fault("pooling.gap1d.masked-mean")
def pooling_first_row(keras, ops):
    """GlobalAveragePooling1D uses the mask of the first sample for all."""
    mask_argument(keras.layers.GlobalAveragePooling1D, first_row)


@fault("batchnorm.train-stats", "batchnorm.moving-mean")
def batchnorm_first_row(keras, ops):
    """BatchNormalization uses the mask of the first sample for all."""
    mask_argument(keras.layers.BatchNormalization, first_row)


@fault("softmax.explicit-mask")
def softmax_first_row(keras, ops):
    """Softmax uses the mask of the first sample for all."""
    mask_argument(keras.layers.Softmax, lambda mask: first_row(ops.cast(mask, "bool")))
