"""Metrics.

Metrics of models whose output has a mask.
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
Y = np.random.RandomState(22).randint(0, 2, (BATCH, STEPS, UNITS)).astype("float32")
OTHER_PADDING = np.where(MASK[..., None], Y, 1 - Y)
WEIGHTS = np.where(MASK, np.linspace(0.5, 2, STEPS), 30).astype("float32")

ALL_METRICS = (
    "Source of keras.Model before Keras 3: the mask of an output weights all of its metrics, with and without sample "
    "weights; tensorflow#40002 and keras#21569 report versions that failed to do so, which were bugs that got fixed"
)
ISSUES = ["keras-team/keras#5572", "tensorflow/tensorflow#40002", "keras-team/keras#21569"]


def make_compiled(keras, run, build, **arguments):
    """Compile a model whose output has the mask MASK and values in (0, 1); return it with its output for IDS."""
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    model = keras.Model(inputs, keras.layers.Dense(UNITS, activation="sigmoid")(embedding(inputs)))
    table, kernel, bias = build(model)
    known = inspect.signature(model.compile).parameters
    if "sample_weight_mode" in known:  # such a Keras must be told that weights are per timestep
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
    """Metrics passed as `metrics` ignore masked timesteps.

    A metric of `compile(metrics=...)` is the mean over the unmasked timesteps, with and without sample weights.

    `evaluate` comes first: with `test_on_batch` alone, Keras 3 before 3.5 fails to create the metric.
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
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_compile_weighted(keras, run, build, record):
    """Metrics passed as `weighted_metrics` ignore masked timesteps.

    A metric of `compile(weighted_metrics=...)` is the weighted mean over the unmasked timesteps, or their mean if there
    are no sample weights.
    """
    model, output = make_compiled(keras, run, build, weighted_metrics=["mse"])
    errors, weights = oracle.squared_errors(Y, output, MASK), WEIGHTS[MASK]
    unweighted = run.evaluate(model, IDS, OTHER_PADDING)[1]
    record("without sample weights", unweighted, expected=errors.mean())
    weighted = run.test_on_batch(model, IDS, Y, sample_weight=WEIGHTS)[1]
    record("with sample weights", weighted, expected=(weights * errors).sum() / weights.sum())


@pytest.mark.case(
    "metrics.non-mean",
    unspecified="No documentation says whether the mask of an output weights all metrics or only means",
    issues=["keras-team/keras#5572"],
    tags=["metrics", "Precision", "Embedding", "Dense", "compile"],
    needs=["metrics.Precision"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
def test_non_mean(keras, run, build, record):
    """Precision of a model whose output has a mask.

    Whether masked timesteps affect the precision is not specified.
    """
    model, output = make_compiled(keras, run, build, metrics=[keras.metrics.Precision()])
    precisions = [run.test_on_batch(model, IDS, y)[1] for y in (Y, OTHER_PADDING)]
    unmasked = oracle.precision(Y[MASK], output[MASK])
    record("covers unmasked timesteps only", bool(np.isclose(precisions[0], unmasked)))
    record("depends on targets at masked timesteps", not np.isclose(*precisions))


@pytest.mark.case(
    "metrics.standalone-update",
    unspecified="No documentation says whether a metric that is updated directly reads the mask of the predictions",
    issues=["keras-team/keras#21569"],
    tags=["metrics", "Embedding", "Dense"],
    modes=["eager", "graph"],
    needs=["metrics.MeanSquaredError"],
)
def test_standalone_update(keras, run, build, record):
    """Metric that is updated with a masked model output.

    Whether `update_state(targets, model(x))` ignores masked timesteps, as `evaluate` does, is not specified.
    """
    model, output = make_compiled(keras, run, build)
    metrics = [keras.metrics.MeanSquaredError() for _ in range(2)]

    def call(ids, *targets):
        for metric, y in zip(metrics, targets):
            metric.update_state(y, model(ids))
        return [metric.result() for metric in metrics]

    values = run(call, IDS, Y, OTHER_PADDING)
    unmasked = oracle.squared_errors(Y, output, MASK).mean()
    record("covers unmasked timesteps only", bool(np.isclose(values[0], unmasked, rtol=1e-4)))
    record("depends on targets at masked timesteps", not np.isclose(*values))


@pytest.mark.case(
    "metrics.loss-metric-agree",
    unspecified="No documentation says that a function has the same value as loss and as metric; the divisors of "
    "the sum over unmasked timesteps have differed",
    issues=["tensorflow/tensorflow#34158"],
    tags=["metrics", "loss", "Embedding", "Dense", "compile"],
    modes=["eager", "graph", "session"],
)
def test_loss_metric_agree(keras, run, build, record):
    """The same function as loss and as metric.

    Whether both have the same value if the output has a mask is not specified.
    """
    model, _ = make_compiled(keras, run, build, metrics=["mse"])
    loss, metric = run.evaluate(model, IDS, Y)
    record("loss as a multiple of the metric", loss / metric)
