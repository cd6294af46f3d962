# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C13: one output of CRF is a weight, without a batch. Without eager execution, predict rejects such outputs."""

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

tf.compat.v1.disable_eager_execution()
inputs = tf.keras.Input((5, 3))
model = tf.keras.Model(inputs, tfa.layers.CRF(4)(inputs))
try:
    model.predict(np.ones((2, 5, 3), "float32"), batch_size=2)
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:200])
