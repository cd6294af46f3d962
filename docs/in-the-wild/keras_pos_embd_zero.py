# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-pos-embd==0.13.0", "tensorflow-cpu==2.15.1"]
# ///
"""C6: PositionEmbedding uses mask_zero as the id of padding, but creates no mask if that is 0."""

import numpy as np
from keras_pos_embd import PositionEmbedding

for padding in (7, 0):
    layer = PositionEmbedding(input_dim=8, output_dim=3, mode="expand", mask_zero=padding)
    print("padding", padding, "mask:", layer.compute_mask(np.array([[1, 2, padding]])))
assert layer.compute_mask(np.array([[1, 2, 0]])) is None
