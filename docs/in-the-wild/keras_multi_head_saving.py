# /// script
# requires-python = "==3.11.*"
# dependencies = ["keras-multi-head==0.29.0", "tensorflow-cpu==2.15.1"]
# ///
"""C14: a model with MultiHeadAttention on one input cannot be loaded: the shape it was built for is a list then, and
build takes a list for the shapes of query, key and value."""

import tempfile
from pathlib import Path

from keras_multi_head import MultiHeadAttention
from tensorflow import keras

inputs = keras.Input((5, 4))
model = keras.Model(inputs, MultiHeadAttention(head_num=2)(inputs))
path = Path(tempfile.mkdtemp()) / "model.keras"
model.save(path)
try:
    keras.models.load_model(path, custom_objects={"MultiHeadAttention": MultiHeadAttention})
    raise SystemExit("it works")
except TypeError as error:
    print(str(error)[:200])
