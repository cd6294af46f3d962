# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-hub==0.32.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C15: TransformerEncoder erases the mask of its input, because the MultiHeadAttention of Keras inside does. Later
layers on the same tensor, such as a residual connection around the encoder, receive no mask."""

import keras
import keras_hub
import numpy as np

x = keras.layers.Masking()(np.array([[[1.0] * 4, [2.0] * 4, [0.0] * 4]], "float32"))
encoder = keras_hub.layers.TransformerEncoder(intermediate_dim=8, num_heads=2)
print("mask before:", x._keras_mask.numpy())
encoded = encoder(x)
print("mask of the output:", encoded._keras_mask.numpy(), "of the input:", getattr(x, "_keras_mask", None))
print("mask of their sum:", getattr(keras.layers.Add()([x, encoded]), "_keras_mask", None))
assert getattr(x, "_keras_mask", None) is None
