"""Mask propagation.

Built-in layers that propagate a mask unchanged.
"""

import numpy as np
import pytest
import thinning

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 4, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS

FLAG = "Source of %s: supports_masking = True without a compute_mask, so that the mask is propagated unchanged"


def make_embedding(keras, build):
    """Return an Embedding whose output has the mask MASK, with nonzero values at masked timesteps, and its table."""
    layer = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    return layer, build(layer, (None, STEPS))[0]


def make_call(keras, build, mask_of, layer, **arguments):
    """Return a function for `run` that returns the mask after `layer` for embedded ids."""
    embedding, _ = make_embedding(keras, build)
    layer.build((None, STEPS, FEATURES))
    return lambda ids: mask_of(layer(embedding(ids), **arguments))


@pytest.mark.case("propagate.dense", established=FLAG % "keras.layers.Dense", tags=["Dense", "Embedding"])
def test_dense(keras, run, build, mask_of, record):
    """Dense propagates the mask and computes masked timesteps.

    The next layer receives the mask unchanged, and masked timesteps are computed like any other, bias included.
    """
    embedding, table = make_embedding(keras, build)
    dense = keras.layers.Dense(UNITS)
    kernel, bias = build(dense, (None, STEPS, FEATURES), seed=1)

    def call(ids):
        output = dense(embedding(ids))
        return mask_of(output), output

    mask, output = run(call, IDS)
    record("mask", mask, expected=MASK)
    record("output", output, expected=table[IDS] @ kernel + bias)


@pytest.mark.case(
    "propagate.dropout",
    established=FLAG % "these layers",
    tags=["dropout", "Embedding"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize(
    "name, argument",
    [("Dropout", 0.5), ("SpatialDropout1D", 0.5), ("GaussianDropout", 0.5), ("GaussianNoise", 0.1)],
    ids=["dropout", "spatial-dropout-1d", "gaussian-dropout", "gaussian-noise"],
)
def test_dropout(keras, run, build, mask_of, record, name, argument, training):
    """Dropout and noise layers propagate the mask.

    The next layer receives the mask unchanged, in training and in inference.
    """
    layer = getattr(keras.layers, name)(argument)
    record("mask", run(make_call(keras, build, mask_of, layer, training=training), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.alpha-dropout",
    established=FLAG % "keras.layers.AlphaDropout",
    tags=["AlphaDropout", "Embedding"],
    needs=["layers.AlphaDropout"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
def test_alpha_dropout(keras, run, build, mask_of, record, training):
    """AlphaDropout propagates the mask.

    The next layer receives the mask unchanged, in training and in inference.
    """
    layer = keras.layers.AlphaDropout(0.5)
    record("mask", run(make_call(keras, build, mask_of, layer, training=training), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.activation",
    established=FLAG % "these layers",
    tags=["activation", "Embedding"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@pytest.mark.parametrize(
    "name, arguments",
    [("Activation", ["tanh"]), ("LeakyReLU", []), ("PReLU", []), ("ELU", [])],
    ids=["activation", "leaky-relu", "prelu", "elu"],
)
def test_activation(keras, run, build, mask_of, record, name, arguments):
    """Activation layers propagate the mask.

    The next layer receives the mask unchanged.
    """
    layer = getattr(keras.layers, name)(*arguments)
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.linear-activation",
    established=FLAG % "keras.layers.Activation",
    tags=["Activation", "Embedding"],
)
def test_linear_activation(keras, run, build, mask_of, record):
    """A linear Activation propagates the mask.

    After `Activation("linear")`, which returns its input, the next layer receives the mask unchanged.
    """
    layer = keras.layers.Activation("linear")
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.relu-layer",
    established=FLAG % "keras.layers.ReLU",
    issues=["tensorflow/tensorflow#36894"],
    tags=["ReLU", "Embedding"],
)
def test_relu_layer(keras, run, build, mask_of, record):
    """ReLU propagates the mask.

    The next layer receives the mask unchanged, as after `Activation("relu")`.
    """
    layer = keras.layers.ReLU()
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.batchnorm",
    established=FLAG % "keras.layers.BatchNormalization",
    tags=["BatchNormalization", "Embedding"],
)
def test_batchnorm(keras, run, build, mask_of, record):
    """BatchNormalization propagates the mask.

    The next layer receives the mask unchanged.
    """
    layer = keras.layers.BatchNormalization()
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.layernorm",
    established=FLAG % "keras.layers.LayerNormalization",
    tags=["LayerNormalization", "Embedding"],
    needs=["layers.LayerNormalization"],
)
def test_layernorm(keras, run, build, mask_of, record):
    """LayerNormalization propagates the mask.

    The next layer receives the mask unchanged.
    """
    layer = keras.layers.LayerNormalization()
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.unit-normalization",
    established=FLAG % "keras.layers.UnitNormalization",
    tags=["UnitNormalization", "Embedding"],
    needs=["layers.UnitNormalization"],
)
def test_unit_normalization(keras, run, build, mask_of, record):
    """UnitNormalization propagates the mask.

    The next layer receives the mask unchanged.
    """
    layer = keras.layers.UnitNormalization()
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.group-normalization",
    established=FLAG % "keras.layers.GroupNormalization",
    tags=["GroupNormalization", "Embedding"],
    needs=["layers.GroupNormalization"],
)
def test_group_normalization(keras, run, build, mask_of, record):
    """GroupNormalization propagates the mask.

    The next layer receives the mask unchanged.
    """
    layer = keras.layers.GroupNormalization(groups=2)
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.activity-regularization",
    established=FLAG % "keras.layers.ActivityRegularization",
    tags=["ActivityRegularization", "Embedding"],
)
def test_activity_regularization(keras, run, build, mask_of, record):
    """ActivityRegularization propagates the mask.

    The next layer receives the mask unchanged.
    """
    layer = keras.layers.ActivityRegularization(l2=0.1)
    record("mask", run(make_call(keras, build, mask_of, layer), IDS), expected=MASK)


@pytest.mark.case(
    "propagate.identity",
    unspecified="No documentation says whether Identity propagates the mask; it changes nothing else",
    tags=["Identity", "Embedding"],
    needs=["layers.Identity"],
)
def test_identity(keras, run, build, mask_of, record):
    """Mask after Identity.

    Whether Identity, which returns its input unchanged, propagates the mask is not specified.
    """
    layer = keras.layers.Identity()
    record("mask", run(make_call(keras, build, mask_of, layer), IDS))


@pytest.mark.case(
    "propagate.einsum-dense",
    unspecified="No documentation says whether EinsumDense propagates the mask; Dense, equivalent here, does",
    issues=["keras-team/keras#20455"],
    tags=["EinsumDense", "Embedding"],
    needs=["layers.EinsumDense"],
)
def test_einsum_dense(keras, run, build, mask_of, record):
    """Mask after EinsumDense.

    Whether EinsumDense propagates the mask if it multiplies each timestep by a matrix is not specified.
    """
    layer = keras.layers.EinsumDense("btf,fu->btu", output_shape=(None, UNITS))
    record("mask", run(make_call(keras, build, mask_of, layer), IDS))
