# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-self-attention==0.51.0", "tensorflow-cpu==2.15.1"]
# ///
"""C4: in SeqSelfAttention, unmasked timesteps attend to masked ones; only masked ones ignore each other."""

import numpy as np
import tensorflow as tf
from keras_self_attention import SeqSelfAttention

layer, mask = SeqSelfAttention(units=4), np.array([[True, True, True, False, False]])
x = np.random.RandomState(0).uniform(0.1, 1, (1, 5, 3)).astype("float32")
junk = np.where(mask[..., None], x, np.float32(9))
one, other = layer(x, mask=mask).numpy()[0, 0], layer(junk, mask=mask).numpy()[0, 0]
print("first timestep, unmasked:            ", one)
print("the same, with other masked values:  ", other)

inputs = tf.constant(x)
with tf.GradientTape() as tape:
    tape.watch(inputs)
    loss = tf.reduce_sum(layer(inputs, mask=mask)[:, :3])
gradient = tape.gradient(loss, inputs).numpy()
print("its gradient at the first masked timestep:", gradient[0, 3])
assert not np.allclose(one, other, atol=1e-3) and np.abs(gradient[0, 3]).max() > 1e-3
