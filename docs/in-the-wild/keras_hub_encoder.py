# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-hub==0.32.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C15: TransformerEncoder takes the mask off the tensor that it is called on: Keras's MultiHeadAttention does, which is
called on it inside. What comes next, such as a residual connection around the encoder, has no mask any more."""

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
