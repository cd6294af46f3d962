# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-embed-sim==0.10.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""On Keras 3, EmbeddingRet works on data but cannot be part of a functional model: it has two outputs, and its base
class Embedding uses the result of compute_output_shape as the shape of one."""

import keras
from keras_embed_sim import EmbeddingRet

layer = EmbeddingRet(input_dim=6, output_dim=3, mask_zero=True)
print([output.shape for output in layer(keras.ops.array([[1, 2, 0]]))])
try:
    layer(keras.Input((5,), dtype="int32"))
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:200])
