"""Text.

`pad_sequences`: which side it pads, and how Embedding masks it.
"""

import numpy as np
import oracle
import pytest

VOCABULARY, FEATURES, UNITS = 7, 3, 4  # 7: six words and 0
SENTENCES = [[3, 1, 4, 6], [5], [2, 6]]

PADDED = {
    "pre": np.array([[3, 1, 4, 6], [0, 0, 0, 5], [0, 0, 2, 6]], "int32"),
    "post": np.array([[3, 1, 4, 6], [5, 0, 0, 0], [2, 6, 0, 0]], "int32"),
}


def make_layers(keras, build, vocabulary=VOCABULARY):
    """Build Embedding and SimpleRNN; return them and a function that computes the last output for a sentence."""
    embedding = keras.layers.Embedding(vocabulary, FEATURES, mask_zero=True)
    rnn = keras.layers.SimpleRNN(UNITS)
    (table,), weights = build(embedding, (None, None)), build(rnn, (None, None, FEATURES))
    return embedding, rnn, lambda sentence: oracle.simple_rnn(table[np.array(sentence)][None], None, *weights)[1][0]


@pytest.mark.case(
    "generator.pad-sequences-default",
    documented="API docs of keras.utils.pad_sequences, argument padding: 'pre' or 'post', the default is 'pre'",
    tags=["pad_sequences", "Embedding", "mask_zero"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("padding", [None, "pre", "post"], ids=["default", "pre", "post"])
def test_pad_sequences_default(keras, run, build, mask_of, record, padding):
    """Embedding with `mask_zero` masks the padding of `pad_sequences`.

    Embedding masks what `pad_sequences` adds, by default before the first word.

    The ids are created in NumPy: `graph` and `jit` would repeat the others.
    """
    arguments = {} if padding is None else {"padding": padding}
    ids = keras.preprocessing.sequence.pad_sequences(SENTENCES, **arguments)
    embedding, _, _ = make_layers(keras, build)
    want = PADDED[padding or "pre"]
    record("ids", ids, expected=want)
    record("mask", run(lambda t: mask_of(embedding(t)), ids), expected=want != 0)
