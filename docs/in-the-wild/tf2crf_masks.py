# /// script
# requires-python = "==3.11.*"
# dependencies = ["tf2crf==0.1.33", "tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C3, C12: the potentials of CRF have the mask of an inner Dense, so none if it is passed or dropped by a cast.
C14: get_config omits `units`. C11 does not detect that left padding is decoded as right padding."""

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
print("potentials have a mask if it is attached, passed, attached in mixed precision:", found)
print("units after from_config:", CRF.from_config(layer.get_config()).units)
print("timesteps alone:", layer(x[:, 2:])[0].numpy()[0], "after two of padding:", layer(x, mask=mask)[0].numpy()[0])
assert found == [True, False, False] and CRF.from_config(layer.get_config()).units is None
