# /// script
# requires-python = "==3.11.*"
# dependencies = ["spektral==1.3.1", "tensorflow==2.15.1"]
# ///
"""C4: global pooling of spektral ignores the mask. C8: it propagates the mask to an output without nodes."""

import numpy as np
from spektral.layers import GlobalMaxPool, GlobalSumPool
from tensorflow import keras

nodes = np.array([[[-4.0], [-2.0], [0.0]]], "float32")
hidden = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")(keras.layers.Masking()(nodes))
print("nodes:", hidden.numpy()[0, :, 0], "mask:", hidden._keras_mask.numpy()[0])
for pool, expected in ((GlobalSumPool(), -4.0), (GlobalMaxPool(), -1.0)):
    output = pool(hidden)
    print(type(pool).__name__, "gives", output.numpy()[0, 0], "instead of", expected)
    print("  shape of the output", output.shape, "and of its mask", output._keras_mask.shape)
    assert output.numpy()[0, 0] != expected and output._keras_mask.shape == (1, 3)
