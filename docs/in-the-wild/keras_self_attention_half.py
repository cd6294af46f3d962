# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-self-attention==0.51.0", "tensorflow-cpu==2.15.1"]
# ///
"""C12: with mixed precision, SeqSelfAttention and SeqWeightedAttention raise as soon as there is a mask."""

import numpy as np
import tensorflow as tf
from keras_self_attention import SeqSelfAttention, SeqWeightedAttention

x, mask = np.ones((1, 5, 3), "float32"), np.array([[True, True, True, False, False]])
for make in (SeqSelfAttention, SeqWeightedAttention):
    layer = make(dtype="mixed_float16")
    print(make.__name__, "without a mask:", layer(x).dtype)
    try:
        layer(x, mask=mask)
        raise SystemExit("it works")
    except tf.errors.InvalidArgumentError as error:
        print(make.__name__, "with a mask:", str(error).split("{{")[0][:200])
