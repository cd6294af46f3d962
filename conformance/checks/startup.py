"""Run when the interpreter of a column starts, as `sitecustomize`.

Layers that are made of `tensorflow.keras` get the Keras of the column. TensorFlow decides which when it is imported.
"""

import importlib.util
import os

if importlib.util.find_spec("tf_keras"):
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
