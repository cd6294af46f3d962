# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-trans-mask==0.6.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""On Keras 3, CreateMask cannot be part of a functional model: its compute_mask uses TensorFlow."""

import keras
from keras_trans_mask import CreateMask

print(CreateMask()(keras.ops.array([[1.0, 2.0, 0.0]])).shape)
try:
    CreateMask()(keras.Input((5,)))
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:200])
