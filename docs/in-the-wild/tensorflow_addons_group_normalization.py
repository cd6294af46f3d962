# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C4: GroupNormalization sets supports_masking but ignores the mask: mean and variance include padding."""

import numpy as np
import tensorflow_addons as tfa
from tensorflow import keras

layer = tfa.layers.GroupNormalization(groups=2)
x = np.random.RandomState(0).uniform(0.1, 1, (1, 3, 4)).astype("float32")
padded = np.concatenate([x, np.zeros((1, 2, 4), "float32")], axis=1)
masked = layer(keras.layers.Masking()(padded))
print("supports_masking", layer.supports_masking, "and the mask is propagated:", masked._keras_mask.numpy())
print("first timestep alone: ", layer(x).numpy()[0, 0])
print("first timestep, padded:", masked.numpy()[0, 0])
assert layer.supports_masking and not np.allclose(layer(x).numpy()[0, 0], masked.numpy()[0, 0], atol=1e-3)
