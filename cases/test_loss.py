"""Losses.

Losses of models whose output is masked: which timesteps contribute, and with what weight.
"""

import inspect

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
Y, OTHER_Y = np.random.RandomState(21).uniform(1, 2, (2, BATCH, STEPS, UNITS)).astype("float32")
OTHER_PADDING = np.where(MASK[..., None], Y, OTHER_Y + 5)
WEIGHTS = np.where(MASK, np.linspace(0.5, 2, STEPS), 30).astype("float32")

WEIGHTED_BY_MASK = (
    "Source of keras.Model: the mask of an output is a weight of its loss, in _prepare_total_loss or LossesContainer, "
    "since TF 2.11 and in Keras 3 in keras.losses.Loss.__call__"
)
MULTIPLES = "a multiple of the mean over unmasked steps"


def make_model(keras, build):
    """Construct a model whose output has the mask MASK; return it and its weights: table, kernel and bias.

    The output at masked timesteps is that for id 0, which is far from any target.
    """
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    model = keras.Model(inputs, keras.layers.Dense(UNITS)(embedding(inputs)))
    return model, build(model)


def make_compiled(keras, run, build, loss="mse"):
    """Compile the model of `make_model`; return it and its output for IDS."""
    model, (table, kernel, bias) = make_model(keras, build)
    run.compile(model, optimizer="sgd", loss=loss)
    return model, table[IDS] @ kernel + bias


@pytest.mark.case(
    "loss.masked.steps-ignored",
    established=WEIGHTED_BY_MASK,
    issues=["tensorflow/tensorflow#34491", "keras-team/keras#15323"],
    tags=["loss", "Embedding", "Dense", "compile"],
)
def test_masked_steps_ignored(keras, run, build, record):
    """The loss ignores masked timesteps.

    Other targets at masked timesteps do not change the loss, and other targets everywhere change it by the same factor
    as the squared errors of the unmasked timesteps.

    A factor, because the divisor of the loss is not specified.
    """
    model, output = make_compiled(keras, run, build)
    loss, other_padding, other = (run.test_on_batch(model, IDS, y) for y in (Y, OTHER_PADDING, OTHER_Y))
    errors, other_errors = oracle.squared_errors(Y, output, MASK), oracle.squared_errors(OTHER_Y, output, MASK)
    record("factor for other targets at masked steps", other_padding / loss, expected=1.0)
    record("factor for other targets", other / loss, expected=other_errors.sum() / errors.sum())


@pytest.mark.case(
    "loss.masked.normalisation",
    unspecified="The docs do not say whether the sum over unmasked timesteps is divided by their number or by all",
    issues=["tensorflow/tensorflow#34491", "tensorflow/tensorflow#26784", "keras-team/keras#15323"],
    tags=["loss", "Embedding", "Dense", "compile"],
)
def test_masked_normalisation(keras, run, build, record):
    """Divisor of a masked loss.

    Whether the loss is divided by the number of unmasked timesteps or of all is not specified.

    In the second case, padding makes the loss smaller.
    """
    model, output = make_compiled(keras, run, build)
    mean = oracle.squared_errors(Y, output, MASK).mean()
    padded = [np.concatenate([a, np.zeros_like(a)], axis=1) for a in (IDS, Y)]
    record("loss as " + MULTIPLES, run.test_on_batch(model, IDS, Y) / mean)
    record("after padding to twice the length", run.test_on_batch(model, *padded) / mean)


@pytest.mark.case(
    "loss.masked.all-masked",
    unspecified="The mean over no timestep is undefined; it may be NaN, which spreads to all weights",
    issues=["tensorflow/tensorflow#34491"],
    tags=["loss", "Embedding", "Dense", "compile", "all masked", "NaN"],
)
def test_masked_all_masked(keras, run, build, record):
    """Loss of a fully masked batch.

    The loss of a batch without unmasked timesteps, and the weights after a training step with it, are not specified.
    """
    model, _ = make_compiled(keras, run, build)
    record("loss", run.train_on_batch(model, IDS * 0, Y))
    record("all weights are finite after a step of training", all_finite(model))


def all_finite(model):
    return all(bool(np.isfinite(w).all()) for w in model.get_weights())


@pytest.mark.case(
    "loss.masked.sample-weight",
    established=WEIGHTED_BY_MASK + "; API docs of keras.Model.evaluate, argument sample_weight: for temporal data an "
    "array of shape (samples, sequence_length) applies a different weight to every timestep",
    tags=["loss", "Embedding", "Dense", "compile", "sample_weight"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_masked_sample_weight(keras, run, build, record):
    """`sample_weight` weights the unmasked timesteps of the loss.

    Weights per timestep change the loss by the same factor as the squared errors of the unmasked timesteps; those of
    masked timesteps are ignored.
    """
    model, (table, kernel, bias) = make_model(keras, build)
    run.compile(model, optimizer="sgd", loss="mse", **announced(model))
    loss, weighted = (run.test_on_batch(model, IDS, Y, sample_weight=w) for w in (np.ones_like(WEIGHTS), WEIGHTS))
    errors = oracle.squared_errors(Y, table[IDS] @ kernel + bias, MASK)
    record("factor", weighted / loss, expected=(WEIGHTS[MASK] * errors).sum() / errors.sum())


def announced(model):
    """Return the argument of `compile` that declares weights per timestep, where there is one."""
    known = inspect.signature(model.compile).parameters
    return {"sample_weight_mode": "temporal"} if "sample_weight_mode" in known else {}


@pytest.mark.case(
    "loss.masked.reduction-sum",
    established=WEIGHTED_BY_MASK
    + "; API docs of keras.losses.MeanSquaredError, argument reduction: 'sum' sums the loss",
    tags=["loss", "Embedding", "Dense", "compile", "reduction"],
    needs=["losses.MeanSquaredError"],
)
def test_masked_reduction_sum(keras, run, build, record):
    """A summed loss is the sum over unmasked timesteps.

    With `reduction="sum"`, the loss is the sum of the losses of the unmasked timesteps, undivided.
    """
    model, output = make_compiled(keras, run, build, loss=keras.losses.MeanSquaredError(reduction="sum"))
    record("loss", run.test_on_batch(model, IDS, Y), expected=oracle.squared_errors(Y, output, MASK).sum())


@pytest.mark.case(
    "loss.masked.training",
    established=WEIGHTED_BY_MASK,
    tags=["loss", "Embedding", "Dense", "compile", "training"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_masked_training(keras, run, build, record):
    """Masked timesteps do not train weights.

    A gradient descent step leaves the embedding of the masked id unchanged, and moves the bias in the direction of the
    mean error of the unmasked timesteps.
    """
    model, weights = make_model(keras, build)
    run.compile(model, optimizer="sgd", loss="mse")
    run.train_on_batch(model, IDS, Y)
    table, kernel, bias = weights
    new_table, _, new_bias = model.get_weights()
    errors = (Y - (table[IDS] @ kernel + bias))[MASK].mean(axis=0)
    record("vector of the masked id", new_table[0], expected=table[0])
    record("direction of the bias", unit(new_bias - bias), expected=unit(errors), rtol=1e-3)


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.mark.case(
    "loss.masked.nan-prediction",
    unspecified="A mask multiplied with the losses keeps NaN at masked timesteps; the docs do not rule it out",
    issues=["keras-team/keras#18829"],
    tags=["loss", "Embedding", "Dense", "compile", "NaN"],
)
@pytest.mark.parametrize("where", ["prediction", "target"])
def test_masked_nan_prediction(keras, run, build, record, where):
    """Loss with NaN at masked timesteps.

    Whether NaN in predictions or targets at masked timesteps reaches the loss and the weights is not specified.
    """
    model, weights = make_model(keras, build)
    run.compile(model, optimizer="sgd", loss="mse")
    if where == "prediction":
        weights[0][0] = np.nan
        model.set_weights(weights)
    targets = Y if where == "prediction" else np.where(MASK[..., None], Y, np.float32(np.nan))
    record("the loss is finite", bool(np.isfinite(run.train_on_batch(model, IDS, targets))))
    record("the kernel is finite after a step of training", bool(np.isfinite(model.get_weights()[1]).all()))


@pytest.mark.case(
    "loss.standalone-call",
    unspecified="The docs do not say whether a loss called directly uses the mask of the predictions",
    tags=["loss", "Embedding", "Dense"],
    needs=["losses.MeanSquaredError"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_standalone_call(keras, run, build, record):
    """Loss object called on a masked output.

    Whether `loss(targets, model(x))` ignores masked timesteps, as it does in `fit`, is not specified.
    """
    model, (table, kernel, bias) = make_model(keras, build)
    loss, unreduced = keras.losses.MeanSquaredError(), keras.losses.MeanSquaredError(reduction="none")
    mean = oracle.squared_errors(Y, table[IDS] @ kernel + bias, MASK).mean()

    def call(ids, y, other):
        output = model(ids)
        return loss(y, output), loss(other, output), unreduced(y, output)

    *got, per_step = run(call, IDS, Y, OTHER_PADDING)
    record("loss as " + MULTIPLES, got[0] / mean)
    record("targets at masked steps change the loss", not np.isclose(*got))
    record("unreduced loss is zero at masked steps", not per_step[~MASK].any())


@pytest.mark.case(
    "loss.mask-lost-by-op",
    unspecified="Where a loss uses the mask of the predictions, an operator between them may drop it",
    tags=["loss", "Embedding", "Dense", "operators"],
    needs=["losses.MeanSquaredError"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_mask_lost_by_op(keras, run, build, record):
    """Loss object called on a masked output times one.

    Whether `loss(targets, model(x) * 1.0)` ignores masked timesteps is not specified.
    """
    model, _ = make_model(keras, build)
    loss = keras.losses.MeanSquaredError()
    got = run(lambda ids, y, other: [loss(y, model(ids) * 1.0), loss(other, model(ids) * 1.0)], IDS, Y, OTHER_PADDING)
    record("targets at masked steps change the loss", not np.isclose(*got))


@pytest.mark.case(
    "loss.function-vs-object",
    established=WEIGHTED_BY_MASK + "; API docs of keras.Model.compile, argument loss: a name, a function, or a Loss",
    tags=["loss", "Embedding", "Dense", "compile"],
    modes=["eager", "graph", "session"],
    needs=["losses.MeanSquaredError"],
)
def test_function_vs_object(keras, run, build, record):
    """The loss is masked alike for a name, a function and a Loss object.

    `"mse"`, the function of this name and the object give the same loss for a masked output.
    """
    model, _ = make_model(keras, build)
    found = []
    for loss in ("mse", keras.losses.mean_squared_error, keras.losses.MeanSquaredError()):
        run.compile(model, optimizer="sgd", loss=loss)
        found.append(run.test_on_batch(model, IDS, Y))
    record("function", found[1], expected=found[0])
    record("object", found[2], expected=found[0])


@pytest.mark.case(
    "loss.ignore-class-mask",
    established=WEIGHTED_BY_MASK + "; API docs of keras.losses.SparseCategoricalCrossentropy, argument ignore_class: "
    "the id of a class that is ignored when the loss is computed",
    issues=["keras-team/keras#16712"],
    tags=["loss", "Embedding", "Dense", "compile", "ignore_class"],
    modes=["eager", "graph", "session"],
    needs=["losses.SparseCategoricalCrossentropy.__init__(ignore_class)"],
)
def test_ignore_class_mask(keras, run, build, record):
    """The loss ignores masked timesteps and timesteps of `ignore_class`.

    Other targets at masked timesteps do not change the loss, and other targets at the timesteps that are neither masked
    nor ignored change it by the same factor as the sum of their losses.
    """
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    model = keras.Model(inputs, keras.layers.Dense(UNITS, activation="softmax")(embedding(inputs)))
    table, kernel, bias = build(model)
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    run.compile(model, optimizer="sgd", loss=loss)
    y = np.arange(BATCH * STEPS).reshape(BATCH, STEPS) % 3 - 1  # 0, 1, and every third is ignored
    kept = MASK & (y >= 0)
    flipped = np.where(kept, 1 - y, y)
    targets = [y, np.where(MASK, y, 0), np.where(kept, 1, y), flipped]
    got = [run.test_on_batch(model, IDS, t.astype("int32")) for t in targets]
    probabilities = oracle.softmax(table[IDS] @ kernel + bias)
    sums = [-np.log(np.take_along_axis(probabilities, t[..., None], -1)[kept]).sum() for t in targets]
    record("factor for other targets at masked steps", got[1] / got[0], expected=1.0)
    record("factor for other targets", [g / got[0] for g in got[2:]], expected=[s / sums[0] for s in sums[2:]])


@pytest.mark.case(
    "loss.per-sequence",
    documented="API docs of keras.Model.compile, argument loss: a callable loss(y_true, y_pred) that returns a loss "
    "for each sample or each timestep",
    severity="raises",
    issues=["keras-team/keras#23228", "keras-team/keras#1154"],
    tags=["loss", "Embedding", "Dense", "compile", "CTC"],
    modes=["eager", "graph", "session"],
)
def test_per_sequence(keras, ops, run, build, record):
    """A loss per sequence accepts a masked output.

    A model with a masked output and a loss that returns one number per sample, as CTC does, can be evaluated.
    """
    model, _ = make_compiled(keras, run, build, loss=lambda y, output: ops.sum((y - output) ** 2, axis=(1, 2)))
    record("the loss is a number", bool(np.isfinite(run.evaluate(model, IDS, Y))), expected=True)
