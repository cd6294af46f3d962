"""Faults of the base layer, of models, losses, metrics, gradients and saving."""

from breaking import (
    KERAS_2,
    KERAS_3,
    after_init,
    config_without,
    fault,
    flat,
    internal,
    inverted,
    leaves,
    lost,
    mask_argument,
    mask_on,
    unmasked,
    with_masks,
    wrap,
)


def is_custom(layer):
    """Tell whether a layer is defined by a case."""
    return type(layer).__module__.startswith("test_")


def functional(keras):
    """Return the class of functional models."""
    return internal("models.functional" if hasattr(keras, "ops") else "engine.functional").Functional


@fault("custom.*", "functional.*", "sequential.*", "model.*", modes=["eager", "session"], control=True)
def control_models(keras, ops):
    """Nothing: `call` and `compute_mask` of all layers and models are wrapped without changing anything."""
    wrap(keras.layers.Layer, "__call__", lambda call, given: call())
    wrap(keras.layers.Layer, "compute_mask", lambda call, given: call())
    wrap(functional(keras), "call", lambda call, given: call())
    after_init(keras.layers.Layer, lambda layer: None)


# The base layer.


@fault("custom.supports-masking-true", "propagate.dense")
def base_drops(keras, ops):
    """supports_masking has no effect."""
    wrap(keras.layers.Layer, "compute_mask", lambda call, given: None)


@fault("custom.mask-arg-no-support", "unsupported.policy", "destroy.reshape", "destroy.lambda")
def base_passes(keras, ops):
    """Layers without supports_masking propagate the mask."""
    after_init(keras.layers.Layer, lambda layer: setattr(layer, "supports_masking", True))


@fault("custom.mask-arg-autofilled", "custom.inner-layers-autopass", "custom.compute-mask-override")
def custom_inverted(keras, ops):
    """Custom layers receive the inverted input mask."""

    def function(call, given):
        if not is_custom(given["self"]):
            return call()
        tensors = flat(list(given["args"]))
        with with_masks(tensors, [leaves(inverted, mask_on(tensor)) for tensor in tensors]):
            return call()

    wrap(keras.layers.Layer, "__call__", function)


@fault("custom.explicit-mask-propagates")
def explicit_not_passed(keras, ops):
    """A mask passed explicitly is not propagated, only that of the input."""

    def function(call, given):
        return call(previous_mask=mask_on(given["inputs"])) if is_custom(given["self"]) else call()

    wrap(keras.layers.Layer, "_set_mask_metadata", function)


@fault("custom.compute-mask-override", "custom.call-returns-input", "custom.time-axis.compute-mask")
def override_ignored(keras, ops):
    """compute_mask of a custom layer is not called: the mask is propagated unchanged."""

    def function(call, given):
        if not is_custom(given["self"]):
            return call()
        given["self"].compute_mask = lambda inputs, mask=None: mask
        return call()

    wrap(keras.layers.Layer, "__call__", function)


@fault("attach.dtype-cast", "dtype.mixed-policy", "dtype.half.*")
def cast_drops(keras, ops):
    """A layer that computes in float16 ignores the mask of an input of another dtype."""

    def function(call, given):
        tensors = [t for t in flat(list(given["args"])) if mask_on(t) is not None and "float16" not in str(t.dtype)]
        if not tensors or given["self"].compute_dtype != "float16":
            return call()
        with unmasked(tensors):
            return call()

    wrap(keras.layers.Layer, "__call__", function)


# Models.


@fault("functional.mask-arg", "functional.nested")
def functional_argument(keras, ops):
    """A functional model ignores the argument mask."""
    mask_argument(functional(keras), lost)


@fault("functional.masked-input-tensor", "functional.nested")
def functional_input(keras, ops):
    """A functional model ignores the input mask."""

    def function(call, given):
        with unmasked(flat(given["inputs"])):
            return call(mask=None)

    wrap(functional(keras), "call", function)


@fault("model.output-mask", "loss.masked.steps-ignored", "functional.nested")
def functional_output(keras, ops):
    """The output of a functional model has no mask."""

    def function(call, given):
        output = call()
        for tensor in flat(output):
            tensor._keras_mask = None
        return output

    wrap(functional(keras), "call", function)


@fault("sequential.nested")
def sequential_input(keras, ops):
    """A nested Sequential model ignores the input mask."""

    def function(call, given):
        with unmasked(flat(given["inputs"])):
            return call(mask=None)

    wrap(keras.Sequential, "call", function)


@fault("functional.shared-layer", "rnn.second-call-unmasked")
def shared_remembers(keras, ops):
    """A layer called without a mask uses the mask of its previous call."""
    remembered = {}

    def function(call, given):
        key = id(given["self"])
        if given["mask"] is None:
            return call(mask=remembered.get(key))
        if hasattr(given["mask"], "numpy"):  # those of tracing are of no use later
            remembered[key] = given["mask"]
        return call()

    wrap(keras.layers.SimpleRNN, "call", function)


@fault("mode.call-vs-predict")
def predict_drops(keras, ops):
    """GlobalAveragePooling1D ignores its mask in predict."""
    within = []

    def predict(call, given):
        within.append(True)
        result = call()
        within.clear()
        return result

    wrap(keras.Model, "predict", predict)
    mask_argument(keras.layers.GlobalAveragePooling1D, lost, where=lambda given: bool(within))


# Losses and metrics.


def change_loss(function):
    """Weight and reduce losses of Keras 3 by `function(call, given)`."""
    wrap(internal("losses.loss"), "reduce_weighted_values", function)


def change_output_mask(change):
    """Pass losses and metrics of Keras 2 `change(mask)` as the mask of an output."""
    wrap(internal("utils.losses_utils"), "get_mask", lambda call, given: leaves(change, call()))


@fault("loss.masked.steps-ignored", "loss.masked.reduction-sum", "loss.masked.training", on=KERAS_3)
def loss_lost(keras, ops):
    """Losses include masked timesteps."""
    change_loss(lambda call, given: call(mask=None))


@fault("loss.masked.steps-ignored", "loss.masked.reduction-sum", "metrics.compile-*", on=KERAS_2)
def output_mask_lost(keras, ops):
    """Losses and metrics include masked timesteps."""
    change_output_mask(lost)


@fault("loss.masked.steps-ignored", on=KERAS_3)
def loss_inverted(keras, ops):
    """Losses include masked timesteps only."""
    change_loss(lambda call, given: call(mask=leaves(inverted, given["mask"])))


@fault("loss.masked.steps-ignored", "metrics.compile-*", on=KERAS_2)
def output_mask_inverted(keras, ops):
    """Losses and metrics include masked timesteps only."""
    change_output_mask(inverted)


@fault("loss.masked.normalisation", "loss.standalone-call")
def loss_divisor(keras, ops):
    """The loss of unmasked timesteps is divided by the number of all timesteps."""
    if hasattr(keras, "ops"):
        wrap(internal("losses.loss"), "apply_mask", lambda call, given: call(reduction="sum"))
    else:
        wrap(internal("utils.losses_utils"), "apply_valid_mask", lambda call, given: call(reduction="none"))


@fault("loss.masked.sample-weight")
def loss_weight_replaces(keras, ops):
    """Sample weights replace the mask in the loss."""
    if hasattr(keras, "ops"):
        change_loss(lambda call, given: call() if given["sample_weight"] is None else call(mask=None))
    else:
        wrap(
            internal("utils.losses_utils"),
            "apply_mask",
            lambda call, given: call() if given["sw"] is None else given["sw"],
        )


@fault("loss.masked.sample-weight")
def loss_mask_replaces(keras, ops):
    """A mask replaces the sample weights in the loss."""
    if hasattr(keras, "ops"):
        change_loss(lambda call, given: call() if given["mask"] is None else call(sample_weight=None))
    else:
        wrap(
            internal("utils.losses_utils"),
            "apply_mask",
            lambda call, given: call() if given["mask"] is None else call(sw=None),
        )


@fault("metrics.compile-*", on=KERAS_3)
def metrics_lost(keras, ops):
    """Metrics include masked timesteps."""

    def function(call, given):
        with unmasked([given["y_pred"]]):
            return call()

    wrap(keras.metrics.MeanMetricWrapper, "update_state", function)


@fault("metrics.compile-unweighted", on=KERAS_3)
def metrics_inverted(keras, ops):
    """Metrics include masked timesteps only."""

    def function(call, given):
        with with_masks([given["y_pred"]], [leaves(inverted, mask_on(given["y_pred"]))]):
            return call()

    wrap(keras.metrics.MeanMetricWrapper, "update_state", function)


@fault("loss.masked.training", "mode.train-on-batch")
def training_drops(keras, ops):
    """Training includes masked timesteps, evaluate does not."""
    within = []

    def train_step(call, given):
        within.append(True)
        result = call()
        within.clear()
        return result

    def output(call, given):
        result = call()
        for tensor in flat(result) if within else []:
            tensor._keras_mask = None
        return result

    wrap(keras.Model, "train_step", train_step)
    wrap(functional(keras), "call", output)


# Gradients and saving.


@fault("rnn.gradient-*", "mask.gradient-none")
def gradient_leaks(keras, ops):
    """Gradients of a recurrent layer leak to masked timesteps; its output is correct."""
    import tensorflow as tf

    def function(call, given):
        last, outputs, states = call()
        if given["mask"] is None:
            return last, outputs, states
        leak = tf.reduce_sum(given["inputs"])
        leak = tf.where(tf.math.is_finite(leak), leak, 0.0)
        return last + (leak - tf.stop_gradient(leak)), outputs, states

    wrap(internal("backend"), "rnn", function)


@fault("rnn.zero-output-for-mask*")
def zero_output_config(keras, ops):
    """The config of a recurrent layer has no zero_output_for_mask."""
    for name in ("SimpleRNN", "LSTM", "GRU", "RNN"):
        config_without(getattr(keras.layers, name), "zero_output_for_mask")
