"""Metrics.

Metrics of models whose output has a mask: which steps count.
"""

import inspect

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 4, 2
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` makes it of IDS
Y = np.random.RandomState(22).randint(0, 2, (BATCH, STEPS, UNITS)).astype("float32")
OTHER_PADDING = np.where(MASK[..., None], Y, 1 - Y)
WEIGHTS = np.where(MASK, np.linspace(0.5, 2, STEPS), 30).astype("float32")

ALL_METRICS = (
    "Source of keras.Model before Keras 3: the mask of an output is a weight of its metrics, those without sample "
    "weights included; tensorflow#40002 and keras#21569 are about versions that failed to do so, and were mended"
)
ISSUES = ["keras-team/keras#5572", "tensorflow/tensorflow#40002", "keras-team/keras#21569"]


def make_compiled(keras, run, build, **arguments):
    """A compiled model whose output has the mask MASK, with values in (0, 1), and this output for IDS."""
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    model = keras.Model(inputs, keras.layers.Dense(UNITS, activation="sigmoid")(embedding(inputs)))
    table, kernel, bias = build(model)
    known = inspect.signature(model.compile).parameters
    if "sample_weight_mode" in known:  # such a Keras wants to be told that weights are for steps
        arguments["sample_weight_mode"] = "temporal"
    run.compile(model, optimizer="sgd", loss="mse", **arguments)
    return model, oracle.sigmoid(table[IDS] @ kernel + bias)


@pytest.mark.case(
    "metrics.compile-unweighted",
    established=ALL_METRICS,
    issues=ISSUES,
    tags=["metrics", "Embedding", "Dense", "compile"],
)
def test_compile_unweighted(keras, run, build, record):
    """A metric leaves out masked steps.

    One of compile's metrics is the mean over the unmasked steps, and weights of samples do not change that.

    `evaluate` comes first: in a step alone, Keras 3 before 3.5 fails to make the metric.
    """
    model, output = make_compiled(keras, run, build, metrics=["mse"])
    want = oracle.squared_errors(Y, output, MASK).mean()
    record("metric", run.evaluate(model, IDS, OTHER_PADDING)[1], expected=want)
    weighted = run.test_on_batch(model, IDS, Y, sample_weight=WEIGHTS)[1]
    record("with sample weights", weighted, expected=want)


@pytest.mark.case(
    "metrics.compile-weighted",
    established=ALL_METRICS,
    issues=ISSUES,
    tags=["metrics", "Embedding", "Dense", "compile", "sample_weight"],
    modes=["eager", "graph | jit", "session"],
)
def test_compile_weighted(keras, run, build, record):
    """A weighted metric leaves out masked steps.

    One of compile's weighted_metrics is the weighted mean over the unmasked steps, and without weights their mean.
    """
    model, output = make_compiled(keras, run, build, weighted_metrics=["mse"])
    errors, weights = oracle.squared_errors(Y, output, MASK), WEIGHTS[MASK]
    unweighted = run.evaluate(model, IDS, OTHER_PADDING)[1]
    record("without sample weights", unweighted, expected=errors.mean())
    weighted = run.test_on_batch(model, IDS, Y, sample_weight=WEIGHTS)[1]
    record("with sample weights", weighted, expected=(weights * errors).sum() / weights.sum())


@pytest.mark.case(
    "metrics.non-mean",
    unspecified="No page says whether the mask of an output is a weight of all metrics or only of those that are means",
    issues=["keras-team/keras#5572"],
    tags=["metrics", "Precision", "Embedding", "Dense", "compile"],
    needs=["metrics.Precision"],
    modes=["eager", "graph | jit", "session"],
)
def test_non_mean(keras, run, build, record):
    """A metric that is not a mean, under a mask.

    Whether masked steps count in the precision is not specified.
    """
    model, output = make_compiled(keras, run, build, metrics=[keras.metrics.Precision()])
    precisions = [run.test_on_batch(model, IDS, y)[1] for y in (Y, OTHER_PADDING)]
    unmasked = oracle.precision(Y[MASK], output[MASK])
    record("it is that of the unmasked steps", bool(np.isclose(precisions[0], unmasked)))
    record("targets at masked steps count", not np.isclose(*precisions))


@pytest.mark.case(
    "metrics.standalone-update",
    unspecified="No page says whether a metric that is updated by hand looks for the mask of the predictions",
    issues=["keras-team/keras#21569"],
    tags=["metrics", "Embedding", "Dense"],
    modes=["eager", "graph"],
    needs=["metrics.MeanSquaredError"],
)
def test_standalone_update(keras, run, build, record):
    """A metric that is updated with the output of a model.

    Whether update_state(targets, model(x)) leaves out masked steps, as it does in evaluate, is not specified.
    """
    model, output = make_compiled(keras, run, build)
    metrics = [keras.metrics.MeanSquaredError() for _ in range(2)]

    def call(ids, *targets):
        for metric, y in zip(metrics, targets):
            metric.update_state(y, model(ids))
        return [metric.result() for metric in metrics]

    values = run(call, IDS, Y, OTHER_PADDING)
    unmasked = oracle.squared_errors(Y, output, MASK).mean()
    record("it is that of the unmasked steps", bool(np.isclose(values[0], unmasked, rtol=1e-4)))
    record("targets at masked steps count", not np.isclose(*values))


@pytest.mark.case(
    "metrics.loss-metric-agree",
    unspecified="No page says that one function gives the same number as loss and as metric; what the sum over "
    "unmasked steps is divided by differed",
    issues=["tensorflow/tensorflow#34158"],
    tags=["metrics", "loss", "Embedding", "Dense", "compile"],
    modes=["eager", "graph", "session"],
)
def test_loss_metric_agree(keras, run, build, record):
    """One function as loss and as metric.

    Whether both agree where the output has a mask is not specified.
    """
    model, _ = make_compiled(keras, run, build, metrics=["mse"])
    loss, metric = run.evaluate(model, IDS, Y)
    record("loss as a multiple of the metric", loss / metric)
