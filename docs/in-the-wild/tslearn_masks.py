# /// script
# requires-python = "==3.11.*"
# dependencies = ["tslearn==0.10.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C6: LocalSquaredDistanceLayer computes masks of shape (batch, timesteps, 1). Pooling expects these: a mask of Keras
fails, or masks features if there are as many as timesteps. C1, C17: it does not set supports_masking."""

import keras
import numpy as np
import tensorflow as tf
from tslearn.shapelets.shapelets import GlobalMinPooling1D, LocalSquaredDistanceLayer

patches = np.ones((1, 4, 3, 1), "float32")
patches[0, 3] = np.nan
print("mask of distances:", LocalSquaredDistanceLayer(2)(patches)._keras_mask.shape)

x = np.array([[[5.0, 5.0], [4.0, 4.0], [0.0, 0.0]]], "float32")  # the minimum of the unmasked timesteps is 4
try:
    print(GlobalMinPooling1D()(keras.layers.Masking()(x)))
    raise SystemExit("it works")
except tf.errors.InvalidArgumentError as error:
    print("2 features:", str(error).splitlines()[2][:110])
square = np.concatenate([x, x[..., :1]], axis=-1)
found = GlobalMinPooling1D()(keras.layers.Masking()(square)).numpy()
print("3 features:", found)
assert not np.array_equal(found, [[4, 4, 4]]) and not GlobalMinPooling1D().supports_masking
