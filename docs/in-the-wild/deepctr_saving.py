# /// script
# requires-python = "==3.11.*"
# dependencies = ["deepctr==0.9.4", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""C14: on Keras 3, AttentionSequencePoolingLayer cannot be loaded with its weights: an inner layer has none before the
first call on data, since Keras 3 calls compute_output_shape instead of call when it constructs a model."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from deepctr.layers.sequence import AttentionSequencePoolingLayer

inputs = [keras.Input((1, 3)), keras.Input((5, 3))]
layer = AttentionSequencePoolingLayer(att_hidden_units=[4], supports_masking=True)
model = keras.Model(inputs, layer([inputs[0], keras.layers.Masking()(inputs[1])]))
path = Path(tempfile.mkdtemp()) / "model.keras"
print("weights of the new model:", len(layer.weights))
model([np.ones((1, 1, 3), "float32"), np.ones((1, 5, 3), "float32")])
print("weights after the first call:", len(layer.weights))
model.save(path)
try:
    keras.models.load_model(path, custom_objects={"AttentionSequencePoolingLayer": AttentionSequencePoolingLayer})
    raise SystemExit("it works")
except ValueError as error:
    print(str(error)[:250])
