# /// script
# requires-python = "==3.11.*"
# dependencies = ["deepctr==0.9.4", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C2: on Keras 3, layers of two inputs are given [None, None] instead of None; that is no longer refused, it crashes.
C13, C17: Concat cannot be in a functional model, its compute_mask computes with TensorFlow."""

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
