# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-trans-mask==0.6.0", "tensorflow-cpu==2.15.1"]
# ///
"""C2: RestoreMask reads `mask[1]`, but tf.keras passes None if no input is masked."""

import numpy as np
from keras_trans_mask import RestoreMask

x = np.ones((1, 5, 3), "float32")
try:
    RestoreMask()([x, x])
    raise SystemExit("it works")
except TypeError as error:
    print(type(error).__name__, error)
