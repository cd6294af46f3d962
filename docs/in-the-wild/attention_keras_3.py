# /// script
# requires-python = "==3.11.*"
# dependencies = ["attention==5.0.0", "keras==3.15.1", "tensorflow-cpu==2.21.0"]
# ///
"""On Keras 3. C13: the __call__ of Attention passes `training` positionally, so predict, which sets it, fails.
C14: its inner layers are built by the first call on data; it has no weights before that and rejects saved ones."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from attention import Attention

inputs = keras.Input((5, 3))
layer = Attention(units=4)
model = keras.Model(inputs, layer(inputs))
print("weights of the new model:", len(layer.weights))
try:
    model.predict(np.ones((2, 5, 3), "float32"), verbose=0)
    print("predict works")
except Exception as error:
    print("predict:", type(error).__name__, str(error)[:300])
model(np.ones((2, 5, 3), "float32"))
print("after the first call:", len(layer.weights))
path = Path(tempfile.mkdtemp()) / "model.keras"
model.save(path)
try:
    keras.models.load_model(path, custom_objects={"Attention": Attention}, safe_mode=False)
    raise SystemExit("it works")
except (TypeError, ValueError) as error:
    print("load:", type(error).__name__, str(error)[:300])
