"""The rows of the layer table: how to construct each built-in layer, and what to call it on.

All rows share one convention: a mask covers the first two axes of the input, (batch, axis 1). That is
(batch, timesteps) for sequences and frames, (batch, rows) for images and (batch, features) for vectors.
"""

import numpy as np

BATCH = 2
# Shapes without the batch axis. Axis 1 is always 6, so that all layers share the same masks.
LENGTH = 6
VECTOR, SEQUENCE, IMAGE, VOLUME = (LENGTH,), (LENGTH, 4), (LENGTH, 8, 3), (LENGTH, 5, 4, 3)
FRAMES_1D, FRAMES_2D, FRAMES_3D = (LENGTH, 5, 3), (LENGTH, 5, 4, 3), (LENGTH, 5, 4, 3, 1)

# Padded on the right and with a gap; the second mask is for layers that combine two inputs.
MASKS = np.array([[[1, 1, 1, 1, 0, 0], [1, 0, 1, 1, 1, 0]], [[1, 1, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1]]], bool)


class Recipe(object):
    """A layer of `keras.layers` with the arguments of its constructor and of its call.

    shape: of the input; dtype: float32, int32 or string; inputs: their number; as_list: several inputs are passed as
    one list, else as separate arguments; call: further arguments of the call; table: the layer uses a lookup table;
    tensorflow: the layer computes with TensorFlow on every backend.
    """

    def __init__(self, name, *arguments, **keywords):
        self.name = name
        self.arguments, self.keywords = arguments, keywords
        self.shape, self.dtype, self.inputs, self.as_list, self.call = SEQUENCE, "float32", 1, True, {}
        self.table = self.tensorflow = False

    def make(self, layers):
        """Construct the layer, after any recipes among its arguments."""
        made = [a.make(layers) if isinstance(a, Recipe) else a for a in self.arguments]
        return getattr(layers, self.name)(*made, **self.keywords)

    def arrays(self):
        """Draw one array per input, without zeros; the elements of float arrays are all different."""
        draw = np.random.RandomState(50)
        shape = (BATCH,) + self.shape
        if self.dtype == "float32":
            return [draw.uniform(0.1, 0.9, shape).astype("float32") for _ in range(self.inputs)]
        ids = np.arange(1, 1 + int(np.prod(shape))).reshape(shape) % 7 + 1
        if self.dtype == "string":
            return [np.array(["abcdefgh"[i] for i in ids.ravel()], dtype=object).reshape(shape)]
        return [ids.astype(self.dtype) for _ in range(self.inputs)]


RECIPES = {}


def add(names, *arguments, **keywords):
    """Declare layers that take the same arguments; `about` holds attributes of `Recipe`."""
    about = keywords.pop("about", {})
    for name in names.split():
        RECIPES[name] = Recipe(name, *arguments, **keywords)
        vars(RECIPES[name]).update(about)


INFERENCE, TRAINING = {"call": {"training": False}}, {"call": {"training": True}}
RANDOM_IMAGE = {"shape": IMAGE, "call": {"training": False}}

# Layers that treat each timestep independently.
add("Dense", 3)
add("EinsumDense", "btf,fu->btu", output_shape=(None, 3))
add("Activation", "tanh")
add("ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU Identity ActivityRegularization")
add("Lambda", lambda x: x * 2.0, output_shape=SEQUENCE)
add("Dropout SpatialDropout1D AlphaDropout GaussianDropout GaussianNoise", 0.5, about=INFERENCE)
add("SpatialDropout2D", 0.5, about={"shape": IMAGE, "call": {"training": False}})
add("SpatialDropout3D", 0.5, about={"shape": VOLUME, "call": {"training": False}})
add("Rescaling", 2.0)
add("Normalization", axis=None, mean=0.5, variance=2.0)

# Batch statistics are used in training only.
add("BatchNormalization", about=TRAINING)
add("LayerNormalization RMSNormalization UnitNormalization")
add("GroupNormalization", groups=2)
add("SpectralNormalization", Recipe("Dense", 3), about=INFERENCE)

# Embeddings, lookups and encodings.
add("Embedding", 9, 4, mask_zero=True, about={"shape": VECTOR, "dtype": "int32"})
add("ReversibleEmbedding", 9, 4, mask_zero=True, about={"shape": VECTOR, "dtype": "int32"})
add("Masking")
add("CategoryEncoding", 9, about={"shape": VECTOR, "dtype": "int32"})
LOOKUP = {"shape": VECTOR, "tensorflow": True}
add("Hashing", 9, about=dict(LOOKUP, dtype="int32"))
add("IntegerLookup", vocabulary=[1, 2, 3, 4, 5], about=dict(LOOKUP, dtype="int32", table=True))
add("StringLookup", vocabulary=["a", "b", "c", "d"], about=dict(LOOKUP, dtype="string", table=True))
add("Discretization", bin_boundaries=[0.3, 0.6])

# Recurrent layers and wrappers.
add("SimpleRNN GRU LSTM", 3, return_sequences=True)
add("RNN", Recipe("SimpleRNNCell", 3), return_sequences=True)
add("Bidirectional", Recipe("SimpleRNN", 3, return_sequences=True))
add("TimeDistributed", Recipe("Dense", 3))
add("ConvLSTM1D", 2, 3, return_sequences=True, about={"shape": FRAMES_1D})
add("ConvLSTM2D", 2, 3, return_sequences=True, about={"shape": FRAMES_2D})
add("ConvLSTM3D", 2, 2, return_sequences=True, about={"shape": FRAMES_3D})

# Layers with two inputs, both masked. Attention layers take a query and a value.
PAIR = {"inputs": 2}
add("Add Average Concatenate Maximum Minimum Multiply Subtract", about=PAIR)
add("Dot", axes=2, about=PAIR)
add("Attention AdditiveAttention", about=PAIR)
add("MultiHeadAttention", num_heads=2, key_dim=3, about={"inputs": 2, "as_list": False})
add(
    "GroupQueryAttention",
    head_dim=3,
    num_query_heads=2,
    num_key_value_heads=1,
    about={"inputs": 2, "as_list": False},
)

# Convolutions.
add("Conv1D SeparableConv1D LocallyConnected1D Conv1DTranspose", 3, 2)
add("DepthwiseConv1D", 2)
add("Conv2D SeparableConv2D LocallyConnected2D Conv2DTranspose", 2, 2, about={"shape": IMAGE})
add("DepthwiseConv2D", 2, about={"shape": IMAGE})
add("Conv3D Conv3DTranspose", 2, 2, about={"shape": VOLUME})

# Reshaping and resizing.
add("Flatten")
add("Reshape", (3, 8))
add("Permute", (2, 1))
add("RepeatVector", 3, about={"shape": VECTOR})
add("Cropping1D ZeroPadding1D UpSampling1D", 1)
add("Cropping2D ZeroPadding2D", 1, about={"shape": IMAGE})
add("UpSampling2D", 2, about={"shape": IMAGE})
add("Cropping3D ZeroPadding3D", 1, about={"shape": VOLUME})
add("UpSampling3D", 2, about={"shape": VOLUME})

# Pooling.
add("AveragePooling1D MaxPooling1D", 2)
add("AveragePooling2D MaxPooling2D", 2, about={"shape": IMAGE})
add("AveragePooling3D MaxPooling3D", 2, about={"shape": VOLUME})
add("GlobalAveragePooling1D GlobalMaxPooling1D")
add("GlobalAveragePooling2D GlobalMaxPooling2D", about={"shape": IMAGE})
add("GlobalAveragePooling3D GlobalMaxPooling3D", about={"shape": VOLUME})
add("AdaptiveAveragePooling1D AdaptiveMaxPooling1D", 2)
add("AdaptiveAveragePooling2D AdaptiveMaxPooling2D", 2, about={"shape": IMAGE})
add("AdaptiveAveragePooling3D AdaptiveMaxPooling3D", 2, about={"shape": VOLUME})

# Images and audio, in inference mode, where nothing is random.
add("CenterCrop Resizing", 4, 4, about={"shape": IMAGE})
add("RandomCrop", 4, 4, about=RANDOM_IMAGE)
add("RandomFlip RandomGrayscale RandomErasing RandomElasticTransform RandomPerspective", about=RANDOM_IMAGE)
add("RandomRotation RandomZoom RandomContrast RandomBrightness RandomHeight RandomWidth", 0.2, about=RANDOM_IMAGE)
add("RandomTranslation", 0.2, 0.2, about=RANDOM_IMAGE)
add("RandomShear RandomColorJitter RandomGaussianBlur RandomInvert", about=RANDOM_IMAGE)
add("RandomColorDegeneration RandomHue RandomSaturation RandomSharpness", 0.5, about=RANDOM_IMAGE)
add("RandomPosterization", 4, about=RANDOM_IMAGE)
add("AugMix CutMix MixUp RandAugment Solarization", about=RANDOM_IMAGE)
add("AutoContrast Equalization ContrastLimitedAdaptiveHistogramEqualization", about={"shape": IMAGE})
add("MelSpectrogram", fft_length=4, sequence_stride=2, num_mel_bins=2, about={"shape": VECTOR})
add("STFTSpectrogram", frame_length=4, frame_step=2, fft_length=4, window=None)

ONE_STEP = "is called for one step by an RNN: no axis of steps, and states beside the input"
BASE = "is a base class and does nothing by itself"
OTHER_FRAMEWORK = "wraps a function or module of another framework"
ONE_VALUE = "takes one value per sample: no axis that a mask could cover"
GONE = "remains as a name that raises an exception when it is called"
LEFT_OUT = {
    "Layer": BASE,
    "Wrapper": BASE,
    "AbstractRNNCell": BASE,
    "Recurrent": BASE,
    "ConvRecurrent2D": BASE,
    "ConvRNN2D": BASE,
    "SimpleRNNCell": ONE_STEP,
    "GRUCell": ONE_STEP,
    "LSTMCell": ONE_STEP,
    "ConvLSTM2DCell": ONE_STEP,
    "StackedRNNCells": ONE_STEP,
    "InputLayer": "has no input that could have a mask",
    "CuDNNGRU": "needs a GPU",
    "CuDNNLSTM": "needs a GPU",
    "DenseFeatures": "takes a dict of feature columns",
    "MaxNumBoundingBoxes": "takes a dict of boxes",
    "Pipeline": "is a list of layers, whose masks are those of its parts",
    "TextVectorization": ONE_VALUE,
    "HashedCrossing": ONE_VALUE,
    "FlaxLayer": OTHER_FRAMEWORK,
    "JaxLayer": OTHER_FRAMEWORK,
    "TorchModuleWrapper": OTHER_FRAMEWORK,
    "TFSMLayer": "reads a SavedModel from disk",
    "Highway": GONE,
    "MaxoutDense": GONE,
}
