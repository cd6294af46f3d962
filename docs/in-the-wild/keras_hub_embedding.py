# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-hub==0.32.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""TokenAndPositionEmbedding. C6: call attaches the mask to the output, but compute_mask returns None.
C17: Keras warns that the inner position embedding destroys the mask, which the layer attaches again."""

import warnings

import keras
import keras_hub
import numpy as np

arguments = {"sequence_length": 9, "embedding_dim": 4, "mask_zero": True}
layer, ids = keras_hub.layers.TokenAndPositionEmbedding(6, **arguments), np.array([[1, 2, 0]])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    output = layer(ids)
print("mask:", output._keras_mask.numpy(), "compute_mask:", layer.compute_mask(ids, None))
print("Embedding of Keras:", keras.layers.Embedding(6, 4, mask_zero=True).compute_mask(ids).numpy())
print("\n".join(str(warning.message) for warning in caught))
assert layer.compute_mask(ids, None) is None and any("destroy the mask" in str(warning.message) for warning in caught)
