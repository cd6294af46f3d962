"""Documented examples.

Statements and examples of the documentation that no other case covers.
"""

import numpy as np
import oracle
import pytest

BATCH, STEPS, VOCABULARY, FEATURES, UNITS = 3, 5, 7, 2, 4
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
X = np.random.RandomState(17).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")

GUIDE = "Guide 'Understanding masking & padding', section '%s': %s"


def make_embedding_and_rnn(keras, build):
    """Build an Embedding and a SimpleRNN; return both, the table and the weights."""
    embedding, rnn = (
        keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True),
        keras.layers.SimpleRNN(UNITS, return_sequences=True),
    )
    return embedding, rnn, build(embedding, (None, STEPS))[0], build(rnn, (None, STEPS, FEATURES))


@pytest.mark.case(
    "docs.custom-activation-between",
    documented=GUIDE
    % (
        "Opting-in to mask propagation on compatible layers",
        "a custom layer with supports_masking between a mask-generating and a mask-consuming layer",
    ),
    tags=["custom layer", "supports_masking", "Embedding", "SimpleRNN", "Functional"],
    modes=["eager", "graph", "session"],
)
def test_custom_activation_between(keras, run, build, mask_of, record):
    """A custom activation propagates the mask from Embedding to an RNN.

    In a functional model with a custom activation between them, the RNN skips what Embedding masks, and its output has
    the mask.
    """

    class Double(keras.layers.Layer):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            self.supports_masking = True

        def call(self, inputs):
            return inputs * 2.0

    embedding, rnn, table, weights = make_embedding_and_rnn(keras, build)
    inputs = keras.Input((STEPS,), dtype="int32")
    model = keras.Model(inputs, rnn(Double()(embedding(inputs))))
    sequence, mask = run(lambda ids: (lambda output: [output, mask_of(output)])(model(ids)), IDS)
    record("sequence", sequence, expected=oracle.simple_rnn(2 * table[IDS], MASK, *weights)[0])
    record("mask", mask, expected=MASK)


@pytest.mark.case(
    "docs.mask-by-hand",
    documented=GUIDE
    % (
        "Passing mask tensors directly to layers",
        "a layer can call compute_mask of one layer in its call and pass the mask to another",
    ),
    tags=["custom layer", "compute_mask", "explicit mask", "Embedding", "SimpleRNN"],
    modes=["eager", "graph", "session"],
)
def test_mask_by_hand(keras, run, build, record):
    """`compute_mask` of an Embedding returns a mask that an RNN uses.

    In the `call` of a custom layer, an RNN skips the timesteps of the mask that `compute_mask` of an Embedding returned
    and that is passed as `mask=`.
    """
    embedding, rnn, table, weights = make_embedding_and_rnn(keras, build)

    class Both(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.last = embedding, rnn

        def call(self, inputs):
            return self.last(self.first(inputs), mask=self.first.compute_mask(inputs))

        def compute_output_shape(self, input_shape):
            return tuple(input_shape) + (UNITS,)

    layer = Both()
    record("sequence", run(layer, IDS), expected=oracle.simple_rnn(table[IDS], MASK, *weights)[0])


@pytest.mark.case(
    "docs.functional-mask-list",
    documented="API docs of tf.keras.Model, method call, argument mask: a mask or a list of masks, each may be None",
    tags=["Functional", "mask argument", "SimpleRNN", "several inputs"],
    modes=["eager", "graph", "session"],
)
def test_functional_mask_list(keras, run, build, record):
    """A functional model accepts a list of masks.

    With `mask=[m, None]`, an RNN on the first input skips what `m` masks, and one on the second skips nothing.
    """
    rnn = keras.layers.SimpleRNN(UNITS)
    weights = build(rnn, (None, STEPS, FEATURES))
    first, last = keras.Input((STEPS, FEATURES)), keras.Input((STEPS, FEATURES))
    model = keras.Model([first, last], [rnn(first), rnn(last)])
    masked, unmasked = run(lambda a, b, m: model([a, b], mask=[m, None]), X, X[::-1].copy(), MASK)
    record("first output", masked, expected=oracle.simple_rnn(X, MASK, *weights)[1])
    record("last output", unmasked, expected=oracle.simple_rnn(X[::-1], None, *weights)[1])


@pytest.mark.case(
    "docs.subclass-mask-argument",
    documented="Guide 'Making new layers and models via subclassing', section 'Privileged mask argument in the call() "
    "method': Keras passes the right mask to the call of a layer after one that generated it",
    tags=["Model subclass", "mask argument", "Embedding"],
    modes=["eager", "graph", "session"],
)
def test_subclass_mask_argument(keras, run, build, record):
    """The `mask` argument of a Model subclass is passed automatically.

    A model whose `call` has a `mask` argument receives the mask of its input there.
    """

    seen = []

    class Reader(keras.Model):
        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs * 1.0

        def compute_output_shape(self, input_shape):  # standalone Keras 2 needs it
            return input_shape

    embedding, _, _, _ = make_embedding_and_rnn(keras, build)
    reader = Reader()

    def call(ids):
        reader(embedding(ids))
        return seen[-1]

    record("mask", run(call, IDS), expected=MASK)


@pytest.mark.case(
    "docs.output-mask-property",
    documented="API docs of tf.keras.layers.Layer (Keras 2), input_mask and output_mask: the masks of the input and "
    "the output of a layer that is used once",
    severity="raises",
    tags=["Embedding", "Dense", "Functional", "symbolic", "output_mask"],
    needs=["layers.Layer.output_mask"],
    modes=["eager", "session"],
)
def test_output_mask_property(keras, static_shape, record):
    """`layer.input_mask` and `layer.output_mask` are available in a functional model.

    `output_mask` of Embedding, and `input_mask` and `output_mask` of the Dense after it, are masks of the shape of the
    ids.

    Construction does not execute anything, so `graph` and `jit` would repeat `eager`.
    """
    embedding, dense = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), keras.layers.Dense(UNITS)
    dense(embedding(keras.Input((STEPS,), dtype="int32")))
    masks = {"output of Embedding": embedding.output_mask, "input of Dense": dense.input_mask}
    masks["output of Dense"] = dense.output_mask
    for name, mask in sorted(masks.items()):
        record("shape of the mask of the " + name, static_shape(mask), expected=[None, STEPS])
