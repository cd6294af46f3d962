# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-pos-embd==0.13.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""On Keras 3, PositionEmbedding cannot be part of a functional model: its compute_mask uses TensorFlow."""

import keras
from keras_pos_embd import PositionEmbedding

layer = PositionEmbedding(input_dim=8, output_dim=3, mode="expand", mask_zero=7)
print(layer(keras.ops.array([[1, 2, 7]])).shape)
try:
    layer(keras.Input((5,), dtype="int32"))
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:200])
