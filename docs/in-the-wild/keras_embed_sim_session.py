# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-embed-sim==0.10.0", "tensorflow-cpu==2.15.1"]
# ///
"""C13: one output of EmbeddingRet is its matrix, without a batch, which predict rejects without eager execution."""

import numpy as np
import tensorflow as tf
from keras_embed_sim import EmbeddingRet

tf.compat.v1.disable_eager_execution()
inputs = tf.keras.Input((5,), dtype="int32")
model = tf.keras.Model(inputs, EmbeddingRet(input_dim=6, output_dim=3, mask_zero=True)(inputs))
try:
    model.predict(np.ones((2, 5), "int32"), batch_size=2)
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:200])
