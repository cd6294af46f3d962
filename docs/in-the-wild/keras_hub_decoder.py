# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-hub==0.32.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C17: TransformerDecoder uses the mask of its input, and Keras warns that its inner layers destroy the mask."""

import warnings

import keras
import keras_hub
import numpy as np

x = keras.layers.Masking()(np.array([[[1.0] * 4, [2.0] * 4, [0.0] * 4]], "float32"))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    output = keras_hub.layers.TransformerDecoder(intermediate_dim=8, num_heads=2)(x)
messages = [str(warning.message) for warning in caught if "destroy the mask" in str(warning.message)]
print(output._keras_mask.numpy(), *messages, sep="\n")
assert messages
