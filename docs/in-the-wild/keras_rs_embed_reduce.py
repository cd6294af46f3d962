# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-rs==0.4.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C4: EmbedReduce with mask_zero=True averages padding, too. C6: its output has no timesteps but a mask."""

import keras
import keras_rs
import numpy as np

layer = keras_rs.layers.EmbedReduce(6, 3, mask_zero=True, combiner="mean")
short, padded = layer(np.array([[1, 2]])), layer(np.array([[1, 2, 0, 0]]))
print("mean of ids 1 and 2:           ", keras.ops.convert_to_numpy(short)[0])
print("the same, padded with two zeros:", keras.ops.convert_to_numpy(padded)[0])
print("shape of the output", padded.shape, "and of its mask", padded._keras_mask.shape)
assert not np.allclose(short, padded, atol=1e-4) and padded._keras_mask.shape == (1, 4)
