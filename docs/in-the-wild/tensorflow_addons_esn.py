# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-addons==0.23.0", "tensorflow-cpu==2.15.1"]
# ///
"""C14, Keras's doing: tf.keras 2.15 cannot load ESN from a .keras file, nor another layer that derives from RNN: the
shape that it was built for comes back as a list, of which RNN.build takes the first item."""

import tempfile
from pathlib import Path

import tensorflow_addons as tfa
from tensorflow import keras


class Plain(keras.layers.RNN):
    def __init__(self, units, **arguments):
        super().__init__(keras.layers.SimpleRNNCell(units), **arguments)

    def get_config(self):
        return {"units": self.cell.units, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


for layer in (keras.layers.SimpleRNN(4), Plain(4), tfa.layers.ESN(4)):
    inputs, path = keras.Input((5, 3)), Path(tempfile.mkdtemp()) / "model.keras"
    keras.Model(inputs, layer(inputs)).save(path)
    try:
        keras.models.load_model(path, custom_objects={"ESN": tfa.layers.ESN, "Plain": Plain})
        print(type(layer).__name__, "is loaded")
        assert isinstance(layer, keras.layers.SimpleRNN)
    except ValueError as error:
        print(type(layer).__name__, "is not:", str(error)[:100])
