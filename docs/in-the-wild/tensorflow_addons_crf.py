# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C11, C9: left padding and fully masked samples are rejected in eager calls only; in a tf.function they are decoded
as right padding. Gaps are so everywhere. C6: of four outputs, only the first has a mask."""

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

layer = tfa.layers.CRF(4)
compiled = tf.function(lambda x, m: layer(x, mask=m)[0])
x = tf.constant(np.random.RandomState(0).uniform(-1, 1, (1, 5, 3)).astype("float32"))
for rows, name in (([[0, 0, 1, 1, 1]], "left padding"), ([[0, 0, 0, 0, 0]], "fully masked")):
    mask = tf.constant(rows) > 0
    try:
        layer(x, mask=mask)
        raise SystemExit("it works")
    except NotImplementedError:
        print(name, "is rejected; a tf.function returns", compiled(x, mask).numpy()[0])
print("the last three timesteps alone:", layer(x[:, 2:])[0].numpy()[0])

gap = tf.constant([[1, 0, 1, 1, 1]]) > 0
outputs = layer(x, mask=gap)
print("length with a gap:", outputs[2].numpy(), "so timestep 4 is dropped:", outputs[0].numpy()[0])

outputs = layer(tf.keras.layers.Masking()(x * tf.cast([[[1.0], [1.0], [1.0], [0.0], [0.0]]], "float32")))
masks = [getattr(output, "_keras_mask", None) for output in outputs[:2]]
print("mask of the tags:", masks[0].numpy(), "mask of the potentials:", masks[1])
assert masks[0] is not None and masks[1] is None
