"""Models that are traced on real versions of Keras, by functions as a user writes them."""

try:
    import keras

    if not hasattr(keras, "layers") or "2.3.9" < keras.__version__ < "3":
        raise ImportError("Keras 2.4 to 2.15 is what tf.keras is made of")
except ImportError:
    try:
        import tf_keras as keras
    except ImportError:
        from tensorflow import keras

layers = keras.layers


class Doubles(layers.Layer):
    """Says nothing of masks."""

    def call(self, inputs):
        return inputs * 2.0

    def compute_output_shape(self, input_shape):
        return input_shape


class Block(layers.Layer):
    """Hands its mask on, and has layers of its own."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.supports_masking = True
        self.inner = layers.Dense(4, name="inner")
        self.recurrent = layers.LSTM(4, return_sequences=True, name="recurrent")

    def call(self, inputs, mask=None):
        return self.inner(self.recurrent(inputs, mask=mask))


class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(9, 4, mask_zero=True, name="embedding")
        self.recurrent = layers.LSTM(3, return_sequences=True, name="recurrent")
        self.head = layers.Dense(2, name="head")

    def call(self, inputs):
        return self.head(self.recurrent(self.embedding(inputs)))


def ids():
    return keras.Input((5,), dtype="int32", name="ids")


def embedded(inputs):
    return layers.Embedding(9, 4, mask_zero=True, name="embedding")(inputs)


def decoder():
    features, state = keras.Input((5, 3), name="features"), keras.Input((4,), name="state")
    x = layers.Dense(4, name="dense")(layers.Masking(name="masking")(features))
    return keras.Model([features, state], layers.LSTM(4, name="decoder")(x, initial_state=[state, state]))


def joined():
    inputs, other = ids(), keras.Input((5, 2), name="other")
    x = layers.Concatenate(name="join")([embedded(inputs), other])
    return keras.Model([inputs, other], layers.GlobalAveragePooling1D(name="mean")(x))


def residual():
    inputs = ids()
    x = embedded(inputs)
    x = layers.Add(name="sum")([x, layers.MultiHeadAttention(2, 3, name="attention")(x, x)])
    return keras.Model(inputs, layers.GlobalAveragePooling1D(name="mean")(x))


def nested():
    vectors = keras.Input((5, 4), name="vectors")
    x = layers.Dense(4, name="project")(vectors)
    encoder = keras.Model(vectors, layers.LSTM(3, return_sequences=True, name="recurrent")(x), name="encoder")
    inputs = ids()
    return keras.Model(inputs, layers.LSTM(3, name="last")(encoder(embedded(inputs))))


def custom():
    inputs = ids()
    return keras.Model(inputs, layers.LSTM(3, name="last")(Doubles(name="doubles")(embedded(inputs))))


def composite():
    inputs = ids()
    block = Block(name="block")
    return keras.Model(inputs, block(block(embedded(inputs))))


def sequential():
    head = layers.Dense(2, name="head")
    model = keras.Sequential([layers.Masking(input_shape=(5, 3), name="masking"), head, layers.LSTM(2, name="last")])
    model.compile("sgd", "mse")
    return model


def translator():
    source, target = (keras.Input((n,), dtype="int32", name=name) for n, name in ((6, "source"), (5, "target")))
    x = layers.Embedding(9, 4, mask_zero=True, name="source_embedding")(source)
    encoded, h, c = layers.LSTM(4, return_sequences=True, return_state=True, name="encoder")(x)
    y = layers.Embedding(9, 4, mask_zero=True, name="target_embedding")(target)
    y = layers.LSTM(4, return_sequences=True, name="decoder")(y, initial_state=[h, c])
    y = layers.Concatenate(name="join")([y, layers.Attention(name="attention")([y, encoded])])
    model = keras.Model([source, target], layers.Dense(9, activation="softmax", name="words")(y), name="translator")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def raises():
    raise ValueError("no such thing\nas this model")


def number():
    return 5
