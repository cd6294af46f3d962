# /// script
# requires-python = "==3.11.*"
# dependencies = ["deepctr==0.9.4", "tensorflow-cpu==2.15.1"]
# ///
"""C8: NoMask does not drop the mask. Its call returns its input, which has a mask, so compute_mask is not called."""

import tensorflow as tf
from deepctr.layers.utils import NoMask

seen = []


class Probe(tf.keras.layers.Layer):
    def call(self, inputs, mask=None):
        seen.append(mask)
        return inputs


x = tf.constant([[[1.0], [2.0], [0.0]]])
Probe()(NoMask()(tf.keras.layers.Masking()(x)))
print("mask after NoMask:", seen[-1])
assert seen[-1] is not None
