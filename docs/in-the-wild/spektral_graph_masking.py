# /// script
# requires-python = "==3.11.*"
# dependencies = ["spektral==1.3.1", "tensorflow==2.15.1"]
# ///
"""C6: the mask of GraphMasking is float and has an extra axis: (batch, nodes, 1)."""

import numpy as np
from spektral.layers import GraphMasking
from tensorflow import keras

output = GraphMasking()(np.array([[[2.0, 3.0, 1.0], [4.0, 5.0, 1.0], [0.0, 0.0, 0.0]]], "float32"))
mask = output._keras_mask
print("mask:", mask.dtype.name, mask.shape)
try:
    keras.layers.SimpleRNN(2)(output)
    print("an RNN after it accepts it")
except Exception as error:
    print("an RNN after it raises", type(error).__name__, str(error).splitlines()[-1][:120])
assert mask.dtype.name == "float32" and len(mask.shape) == 3
