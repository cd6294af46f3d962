"""Models.

Functional models as layers, and symbolic masks during construction.
"""

import warnings

import numpy as np
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 3, 5, 7, 4, 2, 6
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS

AUTOMATIC = (
    "Guide 'Understanding masking & padding', section 'Mask propagation in the Functional API and Sequential API': "
    "a mask is propagated through the network for any layer that is capable of using it"
)


def make_functional(keras, layers):
    x = inputs = keras.Input((STEPS,), dtype="int32")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def make_sequential(keras, layers, shape=(None, STEPS)):
    model = keras.Sequential(layers)
    model.build(shape)
    return model


def make_dense_model(keras):
    """Return a functional model that propagates a mask."""
    inputs = keras.Input((STEPS, FEATURES))
    return keras.Model(inputs, keras.layers.Dense(WIDTH)(inputs))


@pytest.mark.case(
    "functional.nested-warning",
    established="Case functional.nested: an inner model propagates masks, so a warning that it destroys them is wrong",
    severity="warns",
    tags=["Functional", "Sequential", "Embedding", "warnings"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_nested_warning(keras, run, mask_of, record, kind):
    """A nested model that propagates the mask emits no mask warning.

    Neither constructing nor calling a model with an inner model warns about masks, and the output has the mask.

    Warnings come from Python code that runs once: `graph` and `jit` would repeat the others.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    inner = make_dense_model(keras)
    if kind == "sequential":
        inner = make_sequential(keras, [keras.layers.Dense(WIDTH)], (None, STEPS, FEATURES))
    counts = []
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        model = make_functional(keras, [embedding, inner])
        counts.append(sum("mask" in str(warning.message) for warning in heard))
        mask = run(lambda ids: mask_of(model(ids)), IDS)
        counts.append(sum("mask" in str(warning.message) for warning in heard) - counts[0])
    record("mask", mask, expected=MASK)
    record("warnings during construction", counts[0], expected=0)
    record("warnings during the call", counts[1], expected=0)


@pytest.mark.case(
    "functional.nested-symbolic-mask",
    unspecified="The guide promises that layers receive masks, which holds when the model runs; the docs do not say "
    "whether symbolic tensors have them before",
    issues=["keras-team/keras-core#767"],
    tags=["Functional", "Masking", "symbolic"],
    modes=["eager", "session"],
)
def test_nested_symbolic_mask(keras, mask_of, record):
    """Symbolic mask of a nested model's output.

    Whether the output of an inner model has a mask while the outer model is constructed is not specified.

    Construction does not execute anything, so `graph` and `jit` would repeat `eager`.
    """
    inputs = keras.Input((STEPS, FEATURES))
    inner = make_dense_model(keras)
    record("there is a mask", mask_of(inner(keras.layers.Masking()(inputs))) is not None)


@pytest.mark.case(
    "functional.symbolic-mask-as-output",
    established="Source of keras.layers.Embedding, compute_mask: one operation, which works on symbolic tensors",
    severity="raises",
    tags=["Functional", "Embedding", "symbolic", "compute_mask"],
)
def test_symbolic_mask_as_output(keras, run, build, record):
    """A functional model can output a mask.

    A model whose output is `compute_mask` of an Embedding returns the mask.
    """
    layer = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    inputs = keras.Input((STEPS,), dtype="int32")
    build(layer, (None, STEPS))
    model = keras.Model(inputs, [layer(inputs), layer.compute_mask(inputs)])
    record("output", run(lambda ids: model(ids)[1], IDS), expected=MASK)


@pytest.mark.case(
    "functional.multi-output-masks",
    documented=AUTOMATIC,
    issues=["keras-team/keras#9599"],
    tags=["Functional", "Embedding", "several outputs"],
    modes=["eager", "graph", "session"],
)
def test_multi_output_masks(keras, run, mask_of, record):
    """Each output of a functional model has its own mask.

    Of three outputs of a model with two inputs, two have the mask of their input, and the one without a time axis has
    none.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    dense, pooling = keras.layers.Dense(WIDTH), keras.layers.GlobalAveragePooling1D()
    first, last = keras.Input((STEPS,), dtype="int32"), keras.Input((STEPS,), dtype="int32")
    model = keras.Model([first, last], [dense(embedding(first)), pooling(embedding(first)), embedding(last)])
    masks = run(lambda a, b: [mask_of(output) for output in model([a, b])], IDS, IDS[:, ::-1].copy())
    record("masks", masks, expected=[MASK, None, MASK[:, ::-1]])
