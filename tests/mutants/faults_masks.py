"""Faults of the layers that create masks: Masking, Embedding, Lambda."""

from breaking import (
    after_init,
    all_true,
    attached_mask,
    config_without,
    fault,
    first_row,
    inverted,
    layer_output,
    lost,
    made_mask,
    mask_on,
    next_mask,
    only_in,
    same,
    shifted,
    wrap,
)


@fault("masking.*", "embedding.*", "lambda.*", modes=["eager", "graph", "session", "jit"], control=True)
def control_makers(keras, ops):
    """Nothing: `call` and `compute_mask` of the layers that create masks are wrapped without changing anything."""
    for name in ("Masking", "Embedding", "Lambda"):
        made_mask(getattr(keras.layers, name), same)


# Masking: which timesteps.


@fault("masking.broadcast.*", "masking.partial-match-kept", "blog.*", "masking.reduce.*")
def masking_all_for_any(keras, ops):
    """Masking masks a timestep if any of its features equals mask_value, not only if all do."""
    next_mask(keras.layers.Masking, lambda self, x, _: ops.all(ops.not_equal(x, self.mask_value), axis=-1))


@fault("masking.partial-match-kept", "masking.reduce.*", "blog.*", "masking.nan-in-data")
def masking_first_feature(keras, ops):
    """Masking compares the first feature only."""
    next_mask(keras.layers.Masking, lambda self, x, _: ops.any(ops.not_equal(x[..., :1], self.mask_value), axis=-1))


@fault("masking.reduce.*", "mask-shape.*", "blog.*")
def masking_wrong_axis(keras, ops):
    """Masking reduces the second axis, not the last."""
    next_mask(
        keras.layers.Masking,
        lambda self, x, _: ops.any(ops.not_equal(x, self.mask_value), axis=1 if len(x.shape) > 2 else -1),
    )


@fault("masking.reduce.*")
def masking_reduces_all_features(keras, ops):
    """Masking of rank 4 computes a mask of shape (batch, timesteps)."""

    def make(self, x, _):
        mask = ops.any(ops.not_equal(x, self.mask_value), axis=-1)
        return ops.any(mask, axis=-1) if len(x.shape) == 4 else mask

    next_mask(keras.layers.Masking, make)


@fault("masking.*")
def masking_ignores_value(keras, ops):
    """Masking ignores mask_value and compares with zero."""
    after_init(keras.layers.Masking, lambda layer: setattr(layer, "mask_value", 0.0))


@fault("masking.float-equality-exact", "masking.half-input")
def masking_tolerant(keras, ops):
    """Masking compares with mask_value approximately."""
    next_mask(
        keras.layers.Masking,
        lambda self, x, _: ops.any((x - self.mask_value) * (x - self.mask_value) > 1e-7, axis=-1),
    )


@fault("masking.nan-mask-value")
def masking_nan_equals_nan(keras, ops):
    """Masking treats NaN as equal to NaN."""

    def make(self, x, _):
        value_is_nan = self.mask_value != self.mask_value
        return ops.any(ops.not_equal(x, self.mask_value) & (ops.equal(x, x) | (not value_is_nan)), axis=-1)

    next_mask(keras.layers.Masking, make)


@fault("masking.nan-in-data")
def masking_nan_masks(keras, ops):
    """Masking masks timesteps that contain NaN."""
    next_mask(
        keras.layers.Masking,
        lambda self, x, _: ops.any(ops.not_equal(x, self.mask_value), axis=-1) & ops.all(ops.equal(x, x), axis=-1),
    )


@fault("masking.inf-mask-value")
def masking_inf_signs(keras, ops):
    """Masking treats both infinities as equal."""

    def make(self, x, _):
        return ops.any(ops.not_equal(x, self.mask_value) & ops.not_equal(x, -self.mask_value), axis=-1)

    next_mask(keras.layers.Masking, make)


@fault("masking.negative-zero-input")
def masking_negative_zero(keras, ops):
    """Masking treats negative zero as different from zero."""

    def make(self, x, _):
        return ops.any(ops.not_equal(x, self.mask_value) | (ops.equal(x, 0.0) & (1.0 / x < 0.0)), axis=-1)

    next_mask(keras.layers.Masking, make)


# Masking: the mask.


@fault("masking.broadcast.*", "masking.default-mask-value")
def masking_inverted(keras, ops):
    """The mask of Masking is inverted."""
    made_mask(keras.layers.Masking, inverted)


@fault("masking.broadcast.*", "mask-shape.one-sample-alone", "mask-shape.permuted-samples")
def masking_first_sample(keras, ops):
    """Masking gives every sample the mask of the first."""
    made_mask(keras.layers.Masking, first_row)


@fault("masking.broadcast.scalar", "masking.default-mask-value")
def masking_shifted(keras, ops):
    """The mask of Masking is one timestep late."""
    made_mask(keras.layers.Masking, shifted(ops))


@fault("masking.mask-dtype-bool", "masking.broadcast.scalar")
def masking_float_mask(keras, ops):
    """The mask of Masking is float32, not bool."""
    made_mask(keras.layers.Masking, lambda mask: ops.cast(mask, "float32"))


@fault("masking.compute-mask-equals-attached")
def masking_method_differs(keras, ops):
    """Masking.compute_mask returns another mask than the one attached."""
    wrap(keras.layers.Masking, "compute_mask", lambda call, given: inverted(call()))


@fault("masking.compute-mask-equals-attached")
def masking_attached_differs(keras, ops):
    """Masking attaches another mask than the one returned by compute_mask."""
    attached_mask(keras.layers.Masking, inverted)


@fault("masking.stacked-overrides")
def masking_adds_to_mask(keras, ops):
    """Masking merges its mask with the input mask."""

    def function(call, given):
        output, arrived = call(), mask_on(given["inputs"])
        if arrived is not None:
            output._keras_mask = mask_on(output) & arrived
        return output

    wrap(keras.layers.Masking, "call", function)


@fault("attach.input-unmarked")
def masking_marks_its_input(keras, ops):
    """Masking attaches its mask to its input, too."""

    def function(call, given):
        output = call()
        given["inputs"]._keras_mask = mask_on(output)
        return output

    wrap(keras.layers.Masking, "call", function)


# Masking: its output.


@fault("masking.output-zeroed", "masking.inf-mask-value.output", "masking.broadcast.vector")
def masking_leaves_values(keras, ops):
    """Masking does not zero masked timesteps."""
    layer_output(
        keras.layers.Masking, lambda output, given: ops.where(ops.equal(output, output), given["inputs"], output)
    )


@fault("masking.partial-match-kept")
def masking_zeroes_features(keras, ops):
    """Masking zeroes single features that equal mask_value."""
    layer_output(
        keras.layers.Masking,
        lambda output, given: ops.where(
            ops.not_equal(given["inputs"], given["self"].mask_value), output, ops.zeros_like(output)
        ),
    )


@fault("masking.nan-in-data", "masking.nan-mask-value", "masking.inf-mask-value.output")
def masking_nan_output(keras, ops):
    """Masking replaces NaN by zero at unmasked timesteps."""
    layer_output(
        keras.layers.Masking,
        lambda output, given: ops.where(ops.equal(output, output), output, ops.zeros_like(output)),
    )


@fault("masking.half-input", "masking.int-input.*")
def masking_output_dtype(keras, ops):
    """Masking always returns float32."""
    layer_output(keras.layers.Masking, lambda output, given: ops.cast(output, "float32"))


@fault("masking.config-roundtrip")
def masking_config(keras, ops):
    """The config of Masking has no mask_value."""
    config_without(keras.layers.Masking, "mask_value")


@fault("masking.config-roundtrip", "serial.*")
def masking_from_config(keras, ops):
    """Masking.from_config ignores mask_value."""
    original = keras.layers.Masking.from_config

    def from_config(cls, config):
        layer = original(config)
        layer.mask_value = 0.0
        return layer

    keras.layers.Masking.from_config = classmethod(from_config)


# In one mode only.


@fault("masking.broadcast.scalar", "masking.default-mask-value", modes=["graph"])
def masking_lost_in_graph(keras, ops):
    """Masking returns an all-true mask, in tf.function only."""
    made_mask(keras.layers.Masking, only_in("graph", all_true))


@fault("masking.broadcast.scalar", "masking.default-mask-value", modes=["jit"])
def masking_lost_in_jit(keras, ops):
    """Masking returns an all-true mask, in XLA-compiled functions only."""
    made_mask(keras.layers.Masking, only_in("jit", all_true))


@fault("masking.broadcast.scalar", "masking.default-mask-value", modes=["session"])
def masking_lost_in_session(keras, ops):
    """Masking returns an all-true mask, in sessions only."""
    made_mask(keras.layers.Masking, only_in("session", all_true))


@fault("masking.dynamic-shape", modes=["graph"])
def masking_unknown_shape(keras, ops):
    """Masking masks nothing if the number of timesteps is unknown while tracing."""

    def make(self, x, _):
        mask = ops.any(ops.not_equal(x, self.mask_value), axis=-1)
        return all_true(mask) if x.shape[1] is None else mask

    next_mask(keras.layers.Masking, make)


# Embedding and Lambda.


@fault("embedding.mask-zero", "embedding.mask-used-by-rnn")
def embedding_lost(keras, ops):
    """Embedding creates no mask."""
    made_mask(keras.layers.Embedding, lost)


@fault("embedding.mask-zero")
def embedding_inverted(keras, ops):
    """The mask of Embedding is inverted."""
    made_mask(keras.layers.Embedding, inverted)


@fault("embedding.mask-zero")
def embedding_masks_one(keras, ops):
    """Embedding masks id 1, not id 0."""
    next_mask(keras.layers.Embedding, lambda self, x, _: ops.not_equal(x, 1) if self.mask_zero else None)


@fault("embedding.mask-zero-false")
def embedding_always_masks(keras, ops):
    """Embedding masks id 0 without mask_zero, too."""

    def change(layer):
        layer.mask_zero = layer.supports_masking = True

    after_init(keras.layers.Embedding, change)


@fault("embedding.row-zero-not-zeroed")
def embedding_zeroes(keras, ops):
    """Embedding zeroes the vectors of masked ids."""
    layer_output(
        keras.layers.Embedding,
        lambda output, given: output * ops.cast(ops.expand_dims(ops.not_equal(given["inputs"], 0), -1), output.dtype),
    )


@fault("embedding.rank3-ids")
def embedding_rank3(keras, ops):
    """Embedding returns a mask of rank 2 for ids of rank 3."""
    made_mask(keras.layers.Embedding, lambda mask: ops.any(mask, axis=-1) if len(mask.shape) == 3 else mask)


@fault("embedding.config-roundtrip", "serial.config")
def embedding_config(keras, ops):
    """The config of Embedding has no mask_zero."""
    config_without(keras.layers.Embedding, "mask_zero")


@fault("embedding.mask-zero-false.masked-ids")
def embedding_passes_mask(keras, ops):
    """Embedding without mask_zero propagates the mask of its ids."""
    original = keras.layers.Embedding.compute_mask
    after_init(keras.layers.Embedding, lambda layer: setattr(layer, "supports_masking", True))
    keras.layers.Embedding.compute_mask = lambda self, inputs, mask=None: (
        original(self, inputs) if self.mask_zero else mask
    )


@fault("lambda.mask-generator", "lambda.mask-generator.tensor")
def lambda_mask_ignored(keras, ops):
    """Lambda ignores its argument mask."""
    made_mask(keras.layers.Lambda, lost)


@fault("lambda.mask-generator.previous-mask", raises=True)
def lambda_no_previous(keras, ops):
    """Lambda does not pass the input mask to its mask function."""
    wrap(keras.layers.Lambda, "compute_mask", lambda call, given: call(mask=None))


@fault("destroy.lambda")
def lambda_passes_mask(keras, ops):
    """Lambda without the argument mask propagates the input mask."""
    after_init(keras.layers.Lambda, lambda layer: setattr(layer, "supports_masking", True))
    wrap(
        keras.layers.Lambda,
        "compute_mask",
        lambda call, given: given["mask"] if given["self"].mask is None else call(),
    )
