"""Text.

From text to masks: padding, vocabularies and lookup layers.
"""

import numpy as np
import oracle
import pytest

VOCABULARY, FEATURES, UNITS = 7, 3, 4  # six words and 0
SENTENCES = [[3, 1, 4, 6], [5], [2, 6]]
STEPS = 4

WORDS = ["sea", "sky", "sun", "wave", "wind"]

RESERVED = (
    "API docs of keras.layers.Embedding, argument mask_zero: index 0 cannot be used in the vocabulary, and input_dim "
    "is the size of the vocabulary + 1"
)
MASK_TOKEN = "API docs of keras.layers.%s, argument mask_token: it is mapped to index 0"


def make_layers(keras, build, vocabulary=VOCABULARY):
    """Return Embedding, SimpleRNN and a function that computes their last output for one unpadded sentence."""
    embedding = keras.layers.Embedding(vocabulary, FEATURES, mask_zero=True)
    rnn = keras.layers.SimpleRNN(UNITS)
    (table,), weights = build(embedding, (None, None)), build(rnn, (None, None, FEATURES))
    return embedding, rnn, lambda sentence: oracle.simple_rnn(table[np.array(sentence)][None], None, *weights)[1][0]


@pytest.mark.case(
    "text.pipeline",
    documented="Guide 'Understanding masking & padding', sections 'Padding sequence data' and 'Masking': padding makes "
    "a batch of sentences of different lengths, and masking makes the model ignore it",
    tags=["pad_sequences", "Embedding", "SimpleRNN", "Sequential"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("padding", ["pre", "post"])
def test_pipeline(keras, run, build, record, padding):
    """Embedding and SimpleRNN ignore the padding of `pad_sequences`.

    For each sentence of a padded batch, with any amount of padding, the last output is that of the sentence alone.
    """
    embedding, rnn, alone = make_layers(keras, build)
    model = keras.Sequential([embedding, rnn])
    want = np.stack([alone(sentence) for sentence in SENTENCES])
    pad = keras.preprocessing.sequence.pad_sequences
    short, long = (pad(SENTENCES, maxlen=steps, padding=padding) for steps in (STEPS, STEPS + 3))
    outputs = run(lambda a, b: [model(a), model(b)], short, long)
    record("padded to the longest sentence", outputs[0], expected=want)
    record("padded further", outputs[1], expected=want)


@pytest.mark.case(
    "text.index-zero",
    documented=RESERVED,
    tags=["Embedding", "mask_zero", "SimpleRNN"],
    modes=["eager", "session"],
)
def test_index_zero(keras, run, build, record):
    """Embedding masks index 0, but not the last index of the vocabulary.

    The last output for a sentence that contains 0 is that of the sentence without it; `input_dim - 1` is a word.

    `embedding.mask-used-by-rnn` covers `graph` and `jit`.
    """
    embedding, rnn, alone = make_layers(keras, build)
    ids = np.array([[3, 0, VOCABULARY - 1, 1]], "int32")
    without = [3, VOCABULARY - 1, 1]
    record("last output", run(lambda t: rnn(embedding(t)), ids)[0], expected=alone(without))


@pytest.mark.case(
    "text.tokenizer",
    documented="API docs of keras.preprocessing.text.Tokenizer: 0 is a reserved index that is not assigned to any word",
    tags=["Tokenizer", "pad_sequences", "Embedding", "mask_zero"],
    needs=["preprocessing.text.Tokenizer.texts_to_sequences"],
    modes=["eager", "session"],
)
def test_tokenizer(keras, run, build, mask_of, record):
    """Tokenizer reserves index 0 for padding.

    After Tokenizer and `pad_sequences`, Embedding masks exactly the padding of each sentence.

    Ids are created in Python: `graph` and `jit` would repeat the other modes.
    """
    texts = ["sun and sea and sun", "wind", "sea and sky"]
    tokenizer = keras.preprocessing.text.Tokenizer()
    tokenizer.fit_on_texts(texts)
    ids = keras.preprocessing.sequence.pad_sequences(tokenizer.texts_to_sequences(texts))
    embedding, _, _ = make_layers(keras, build)
    want = np.array([[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 1, 1, 1]], bool)
    record("mask", run(lambda t: mask_of(embedding(t)), ids), expected=want)


@pytest.mark.case(
    "text.vectorization",
    documented="API docs of keras.layers.TextVectorization: with output_mode 'int', 0 is reserved for masked locations "
    "and 1 for words out of the vocabulary",
    tags=["TextVectorization", "Embedding", "SimpleRNN"],
    needs=["layers.TextVectorization"],
    backends=["tensorflow"],  # it computes with TensorFlow on every backend
    modes=["eager"],
)
def test_vectorization(keras, run, build, mask_of, record):
    """Embedding masks the padding of TextVectorization.

    The mask is True for each word, known or not, and the last output is that of the sentence alone.

    XLA does not support strings, and lookup tables need to be initialized in a session: one mode is enough.
    """
    vectorize = keras.layers.TextVectorization(vocabulary=WORDS, output_sequence_length=STEPS)
    embedding, rnn, alone = make_layers(keras, build, vocabulary=len(WORDS) + 2)
    texts = np.array([["sun moon sea"], ["wind"]])

    def call(t):
        ids = vectorize(t)
        return ids, mask_of(embedding(ids)), rnn(embedding(ids))

    ids, mask, last = run(call, texts)
    record("ids", ids, expected=np.array([[4, 1, 2, 0], [6, 0, 0, 0]]))
    record("mask", mask, expected=np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool))
    record("last output", last, expected=np.stack([alone([4, 1, 2]), alone([6])]))


@pytest.mark.case(
    "text.string-lookup",
    documented=MASK_TOKEN % "StringLookup",
    tags=["StringLookup", "Embedding", "mask_zero"],
    needs=["layers.StringLookup"],
    backends=["tensorflow"],  # it computes with TensorFlow on every backend
    modes=["eager"],
)
def test_string_lookup(keras, run, build, mask_of, record):
    """Embedding masks the mask token of StringLookup.

    The mask is False for the mask token and True for all other words, including unknown ones.

    XLA does not support strings, and lookup tables need to be initialized in a session: one mode is enough.
    """
    lookup = keras.layers.StringLookup(vocabulary=WORDS, mask_token="-")
    embedding, _, _ = make_layers(keras, build, vocabulary=len(WORDS) + 2)
    words = np.array([["sea", "-", "moon", "-"], ["-", "wind", "sun", "sky"]])
    record("mask", run(lambda t: mask_of(embedding(lookup(t))), words), expected=words != "-")


@pytest.mark.case(
    "text.integer-lookup",
    documented=MASK_TOKEN % "IntegerLookup",
    tags=["IntegerLookup", "Embedding", "mask_zero"],
    needs=["layers.IntegerLookup"],
    backends=["tensorflow"],  # it computes with TensorFlow on every backend
    modes=["eager"],
)
def test_integer_lookup(keras, run, build, mask_of, record):
    """Embedding masks the mask token of IntegerLookup.

    The mask is False for the mask token and True for all other numbers, including unknown ones such as 0.

    XLA does not support lookup tables, and in a session they need to be initialized: one mode is enough.
    """
    lookup = keras.layers.IntegerLookup(vocabulary=[10, 20, 30], mask_token=-1)
    embedding, _, _ = make_layers(keras, build, vocabulary=5)
    numbers = np.array([[10, -1, 0, -1], [-1, 30, 99, 20]], "int64")
    record("mask", run(lambda t: mask_of(embedding(lookup(t))), numbers), expected=numbers != -1)


@pytest.mark.case(
    "text.hashing",
    documented="API docs of keras.layers.Hashing, argument mask_value: masked inputs are mapped to index 0",
    tags=["Hashing", "Embedding", "mask_zero"],
    needs=["layers.Hashing.__init__(mask_value)"],
    backends=["tensorflow"],  # it computes with TensorFlow on every backend
    modes=["eager"],
)
def test_hashing(keras, run, build, mask_of, record):
    """Embedding masks the mask value of Hashing.

    The mask is False for the mask value and True for all other words, none of which is mapped to 0.

    XLA does not support strings: one mode is enough.
    """
    hashing = keras.layers.Hashing(num_bins=3, mask_value="-")
    embedding, _, _ = make_layers(keras, build, vocabulary=3)
    words = np.array([["sea", "-", "moon", "-"], ["-", "wind", "sun", "sky"]])
    record("mask", run(lambda t: mask_of(embedding(hashing(t))), words), expected=words != "-")
