# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-hub==0.32.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""TokenAndPositionEmbedding. C6: its mask is set on the output in call, and compute_mask, called by hand, gives None.
C17: it warns that the mask is destroyed, which the position embedding inside does and it undoes."""

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
