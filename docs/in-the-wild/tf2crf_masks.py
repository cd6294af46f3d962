# /// script
# requires-python = "==3.11.*"
# dependencies = ["tf2crf==0.1.33", "tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C3, C12: the potentials of CRF have the mask of the Dense inside, so none if it is passed by hand or lost in a cast.
C14: `units` is not in its configuration. Not seen by C11 in its numbers: left padding is decoded as if on the right."""

import numpy as np
import tensorflow as tf
from tf2crf import CRF

x = tf.constant(np.random.RandomState(0).uniform(0.1, 1, (1, 5, 3)).astype("float32"))
mask = tf.constant([[0, 0, 1, 1, 1]]) > 0
masked = tf.keras.layers.Masking()(tf.where(mask[..., None], x, 0.0))


def has_mask(tensor):
    return getattr(tensor, "_keras_mask", None) is not None


layer, half = CRF(4), CRF(4, dtype="mixed_float16")
found = [has_mask(outputs[1]) for outputs in (layer(masked), layer(x, mask=mask), half(masked))]
print("potentials have a mask, if it is attached, passed, in mixed precision:", found)
print("units after from_config:", CRF.from_config(layer.get_config()).units)
print("three steps alone:", layer(x[:, 2:])[0].numpy()[0], "behind two of padding:", layer(x, mask=mask)[0].numpy()[0])
assert found == [True, False, False] and CRF.from_config(layer.get_config()).units is None
