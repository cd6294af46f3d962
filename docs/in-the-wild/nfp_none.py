# /// script
# requires-python = "==3.11.*"
# dependencies = ["nfp==0.3.12", "tensorflow-cpu==2.15.1"]
# ///
"""C2, C10: compute_mask of ConcatDense stacks the masks, and the None of an unmasked input cannot be stacked."""

import numpy as np
import tensorflow as tf
from nfp import ConcatDense

x, mask = np.ones((1, 5, 3), "float32"), tf.constant([[1, 1, 1, 0, 0]]) > 0
for masks in ([mask, mask], [mask, None], [None, None]):
    try:
        ConcatDense()([x, x], mask=masks)
        print("works with", ["None" if m is None else "a mask" for m in masks])
        assert masks[1] is not None
    except ValueError as error:
        print("raises with", ["None" if m is None else "a mask" for m in masks], str(error)[:100])
