# /// script
# requires-python = "==3.11.*"
# dependencies = ["deepctr==0.9.4", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C2: Keras 3 passes layers with two inputs [None, None] instead of None, which they do not reject but fail on.
C13, C17: Concat cannot be part of a functional model: its compute_mask uses TensorFlow."""

import keras
import numpy as np
from deepctr.layers.sequence import WeightedSequenceLayer
from deepctr.layers.utils import Concat

try:
    WeightedSequenceLayer(supports_masking=True)([np.ones((1, 5, 3), "float32"), np.ones((1, 5, 1), "float32")])
    raise SystemExit("it works")
except ValueError as error:
    print("WeightedSequenceLayer ::", str(error).splitlines()[2][:120])
try:
    Concat(axis=-1)([keras.layers.Masking()(keras.Input((5, 3))) for _ in range(2)])
    raise SystemExit("it works")
except (AttributeError, ValueError) as error:
    print("Concat ::", str(error)[:120])
