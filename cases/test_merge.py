"""Merging layers.

How merging layers combine the masks of their inputs, and what they compute at masked timesteps.
"""

import numpy as np
import oracle
import pytest
import thinning

BATCH, STEPS, FEATURES = 2, 5, 3
MASKS = np.array([[[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], [[1, 0, 1, 1, 0], [0, 1, 1, 0, 0]]], bool)
X = np.random.RandomState(6).uniform(-1, 1, (2, BATCH, STEPS, FEATURES)).astype("float32")
A, B = np.where(MASKS[..., None], X, np.float32(0))  # `Masking` computes MASKS from them

CHANGED = "No documentation says how masks are merged; between releases, the rule changed from AND to no mask to OR"
VALUES = (
    "No documentation says how masked timesteps are merged; they were merged like others, and some layers of Keras 3 "
    "now ignore them"
)
PIECES = "Source of keras.layers.Concatenate, compute_mask: masks are concatenated along the axis, like the inputs"
LOST = ["keras-team/keras#18416", "keras-team/keras#19817"]


@pytest.mark.case(
    "merge.add.both-masked",
    unspecified=CHANGED,
    issues=["keras-team/keras#18416", "keras-team/keras#19817", "keras-team/keras#19685"],
    tags=["Add", "Masking"],
)
def test_add_both_masked(keras, run, mask_of, record):
    """Mask of an Add of two masked inputs.

    How Add merges two different masks is not specified.
    """
    masking, add = keras.layers.Masking(), keras.layers.Add()
    record("mask", run(lambda a, b: mask_of(add([masking(a), masking(b)])), A, B))


@pytest.mark.case(
    "merge.add.one-masked",
    unspecified="No documentation says what happens to the mask; Keras 2 kept it, and Keras 3 drops it",
    issues=["keras-team/keras#18416", "keras-team/keras#19685"],
    tags=["Add", "Masking"],
)
def test_add_one_masked(keras, run, mask_of, record):
    """Mask of an Add of a masked and an unmasked input.

    Whether Add keeps the only mask is not specified; token and position embeddings are added like this.
    """
    masking, add = keras.layers.Masking(), keras.layers.Add()
    masked_first, masked_last = run(
        lambda a, x: [mask_of(add([masking(a), x])), mask_of(add([x, masking(a)]))], A, X[1]
    )
    record("masked first", masked_first)
    record("masked last", masked_last)


@pytest.mark.case(
    "merge.concatenate.feature",
    unspecified=CHANGED,
    issues=["keras-team/keras#18416", "keras-team/keras#19817"],
    tags=["Concatenate", "Masking"],
)
def test_concatenate_feature(keras, run, mask_of, record):
    """Mask of two masked inputs concatenated along the feature axis.

    How `Concatenate(axis=-1)` merges two different masks is not specified.
    """
    masking, concatenate = keras.layers.Masking(), keras.layers.Concatenate(axis=-1)
    record("mask", run(lambda a, b: mask_of(concatenate([masking(a), masking(b)])), A, B))


@pytest.mark.case(
    "merge.operator-plus",
    unspecified="No documentation says whether the operator and the layer treat masks alike",
    issues=["keras-team/keras#18416"],
    tags=["Add", "operators", "Masking"],
)
def test_operator_plus(keras, run, mask_of, record):
    """Mask of `a + b` compared with that of Add.

    Whether the sum of two masked tensors has a mask, and the same one as the output of Add, is not specified.
    """
    masking, add = keras.layers.Masking(), keras.layers.Add()
    by_operator, by_layer = run(
        lambda a, b: [mask_of(masking(a) + masking(b)), mask_of(add([masking(a), masking(b)]))], A, B
    )
    record("a + b", by_operator)
    record("Add", by_layer)


@pytest.mark.case("merge.values", unspecified=VALUES, issues=["keras-team/keras#19685"], tags=["merging", "Masking"])
@pytest.mark.parametrize(
    "name",
    ["Add", "Average", "Multiply", "Maximum", "Minimum"],
    ids=["add", "average", "multiply", "maximum", "minimum"],
)
def test_values(keras, run, record, name):
    """Values that merging layers compute at masked timesteps.

    Whether a masked timestep contributes its value, contributes nothing or makes the result zero is not specified.
    """
    masking, merge = keras.layers.Masking(), getattr(keras.layers, name)()
    both, one = run(lambda a, b: [merge([masking(a), masking(b)]), merge([masking(a), b])], A, B)
    only_a, only_b, neither = MASKS[0] & ~MASKS[1], MASKS[1] & ~MASKS[0], ~MASKS[0] & ~MASKS[1]
    record("where b is masked", both[only_a])
    record("where a is masked", both[only_b])
    record("where both are masked", both[neither])
    record("where a is masked and b has no mask", one[only_b])


@pytest.mark.case("merge.concatenate.time.both", established=PIECES, issues=LOST, tags=["Concatenate", "Masking"])
def test_concatenate_time_both(keras, run, mask_of, record):
    """Concatenate concatenates the masks of its inputs along the time axis.

    The mask of `Concatenate(axis=1)` of two masked inputs is the concatenation of their masks.
    """
    masking, concatenate = keras.layers.Masking(), keras.layers.Concatenate(axis=1)
    mask = run(lambda a, b: mask_of(concatenate([masking(a), masking(b)])), A, B)
    record("mask", mask, expected=np.concatenate(MASKS, axis=1))


@pytest.mark.case(
    "merge.concatenate.time.one-masked",
    established=PIECES + "; a comment there: 'Input is unmasked. Append all 1s to masks'",
    issues=LOST,
    tags=["Concatenate", "Masking"],
)
def test_concatenate_time_one_masked(keras, run, mask_of, record):
    """Concatenate treats an input without a mask as unmasked.

    `Concatenate(axis=1)` of a masked and an unmasked input masks what is masked in the one, and nothing of the other.
    """
    masking, concatenate = keras.layers.Masking(), keras.layers.Concatenate(axis=1)
    ones = np.ones_like(MASKS[0])
    first = run.attempt(lambda a, x: mask_of(concatenate([masking(a), x])), A, X[1])
    last = run.attempt(lambda a, x: mask_of(concatenate([x, masking(a)])), A, X[1])
    record("masked first", first, expected=np.concatenate([MASKS[0], ones], axis=1))
    record("masked last", last, expected=np.concatenate([ones, MASKS[0]], axis=1))


@pytest.mark.case(
    "merge.concatenate.symbolic-shape",
    established=PIECES,
    issues=["keras-team/keras#20440", "keras-team/keras#21611"] + LOST,
    tags=["Concatenate", "Embedding", "GlobalAveragePooling1D", "Functional"],
    thinned=[thinning.GRAPH_FOR_JIT],
)
@pytest.mark.parametrize("axis, second", [(1, 1), (2, 0)], ids=["time", "feature"])
def test_concatenate_symbolic_shape(keras, run, build, record, axis, second):
    """Concatenate merges masks in a functional model of unknown batch size.

    The mean over two concatenated inputs ignores the timesteps that their Embedding layers masked.

    Along the feature axis, both inputs have the same mask: how different masks are merged is not specified.
    """
    embeddings = [keras.layers.Embedding(7, FEATURES, mask_zero=True) for _ in MASKS]
    tables = [build(layer, (None, STEPS), seed=i)[0] for i, layer in enumerate(embeddings)]
    inputs = [keras.Input((STEPS,), dtype="int32") for _ in MASKS]
    merged = keras.layers.Concatenate(axis=axis)([layer(i) for layer, i in zip(embeddings, inputs)])
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(merged))
    ids = ((np.arange(MASKS.size).reshape(MASKS.shape) % 6 + 1) * MASKS).astype("int32")[[0, second]]
    x = np.concatenate([table[i] for table, i in zip(tables, ids)], axis=axis)
    mask = np.concatenate(ids != 0, axis=1)[:, : x.shape[1]]
    record("mean", run(lambda a, b: model([a, b]), *ids), expected=oracle.masked_mean(x, mask))


@pytest.mark.case(
    "merge.dot-none", established="Source of keras.layers.Dot, compute_mask: None", tags=["Dot", "Masking"]
)
def test_dot_none(keras, run, mask_of, record):
    """Dot drops the masks of its inputs.

    The product of two masked inputs along their features has no mask.
    """
    masking, dot = keras.layers.Masking(), keras.layers.Dot(axes=2)
    record("mask", run(lambda a, b: mask_of(dot([masking(a), masking(b)])), A, B), expected=None)


@pytest.mark.case(
    "merge.mask-shape-mismatch",
    unspecified="Values of one timestep are broadcast to all; no documentation says whether masks are",
    severity="raises",
    tags=["Add", "Multiply", "Masking", "broadcasting"],
)
@pytest.mark.parametrize("name", ["Add", "Multiply"], ids=["add", "multiply"])
def test_mask_shape_mismatch(keras, run, mask_of, record, name):
    """Mask of a merging layer that broadcasts one masked timestep.

    What happens to masks of (batch, timesteps) and (batch, 1) where the values are broadcast is not specified.
    """
    masking, merge = keras.layers.Masking(), getattr(keras.layers, name)()

    def call(a, b):
        merged = merge([masking(a), masking(b)])
        return merged, mask_of(merged)

    record("values and mask", run.attempt(call, A, B[:, :1]))


def embedded(keras, build, garbage):
    """Return two Embedding layers, ids for each, and what they look up; row 0, which is masked, is `garbage`."""
    embeddings, tables = [], []
    for i in range(2):
        embedding = keras.layers.Embedding(7, FEATURES, mask_zero=True)
        table = build(embedding, (None, STEPS), seed=i)[0]
        table[0] = garbage
        embedding.set_weights([table])
        embeddings.append(embedding)
        tables.append(table)
    ids = ((np.arange(MASKS.size).reshape(MASKS.shape) % 6 + 1) * MASKS).astype("int32")
    return embeddings, ids, [table[i] for table, i in zip(tables, ids)]


def record_merged(keras, run, build, record, name, garbage):
    """Record the values of a merging layer, and whether `garbage` at masked timesteps reaches them."""
    embeddings, ids, (a, b) = embedded(keras, build, garbage)
    merge = getattr(keras.layers, name)()
    merged = run(lambda i, j: merge([embeddings[0](i), embeddings[1](j)]), *ids)
    plain = {"Maximum": np.maximum, "Minimum": np.minimum, "Multiply": np.multiply}[name](a, b)
    both, only_a, only_b = MASKS[0] & MASKS[1], MASKS[0] & ~MASKS[1], MASKS[1] & ~MASKS[0]
    record("%s where nothing is masked" % name, merged[both], expected=plain[both])
    for where, kept, place in [("second", a, only_a), ("first", b, only_b)]:
        name_of_fact = "%s where the %s input is masked" % (name, where)
        record(name_of_fact + " is that of the other", bool(np.allclose(merged[place], kept[place], atol=1e-5)))
        record(name_of_fact + " ignores masks", bool(np.allclose(merged[place], plain[place], atol=1e-5)))


@pytest.mark.case(
    "merge.maximum-minimum-values",
    unspecified=VALUES,
    issues=["keras-team/keras#19685"],
    tags=["Maximum", "Minimum", "Embedding"],
    modes=["eager", "graph", "session"],
)
def test_maximum_minimum_values(keras, run, build, record):
    """Maximum and Minimum of a value at a masked timestep and one at an unmasked timestep.

    Whether a large value at a masked timestep is a maximum, and a small one a minimum, is not specified.
    """
    record_merged(keras, run, build, record, "Maximum", 50.0)
    record_merged(keras, run, build, record, "Minimum", -50.0)


@pytest.mark.case(
    "merge.multiply-values",
    unspecified=VALUES,
    issues=["keras-team/keras#19685"],
    tags=["Multiply", "Embedding"],
    modes=["eager", "graph", "session"],
)
def test_multiply_values(keras, run, build, record):
    """Multiply with a factor at a masked timestep.

    Whether a factor at a masked timestep counts as itself or as one is not specified.
    """
    record_merged(keras, run, build, record, "Multiply", 50.0)
