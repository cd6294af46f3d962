# /// script
# requires-python = "==3.11.*"
# dependencies = ["tf2crf==0.1.33", "tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C13: one output of CRF is a weight, without a batch. Without eager execution, predict rejects such outputs."""

import numpy as np
import tensorflow as tf
from tf2crf import CRF

tf.compat.v1.disable_eager_execution()
inputs = tf.keras.Input((5, 3))
model = tf.keras.Model(inputs, CRF(4)(inputs))
try:
    model.predict(np.ones((2, 5, 3), "float32"), batch_size=2)
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:200])
