"""Saving and loading.

Saved, loaded and exported models mask the same timesteps as before.
"""

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager

import numpy as np
import oracle
import pytest

from conformance.case import Raised, Unsupported

STEPS, VOCABULARY, FEATURES, WIDTH, UNITS = 5, 7, 3, 2, 4
# Padded on the right, with gaps, padded on the left.
IDS = np.array([[3, 1, 4, 0, 0], [2, 0, 6, 5, 0], [0, 0, 0, 5, 3]], "int32")
MASK = IDS != 0  # `Embedding(mask_zero=True)` computes it from IDS
OTHER = np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [1, 0, 1, 1, 1]], bool)
NUMBERS = np.random.RandomState(3).uniform(0.1, 1, IDS.shape + (FEATURES,))
X = np.where(OTHER[..., None], NUMBERS, -1.0).astype("float32")  # `Masking(-1.0)` computes OTHER from it
ZEROED = X * OTHER[..., None]

SAME = "API docs of %s: the loaded model has the layers, configuration and weights of the saved one"
ONCE = ["eager", "session"]  # compiled code reads and writes no files: `graph` and `jit` would repeat `eager`
TAGS = ["saving", "Embedding", "Masking", "custom layer", "SimpleRNN"]


@contextmanager
def folder():
    """Create a temporary folder and remove it with its contents."""
    path = tempfile.mkdtemp()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def make_invert(keras, ops):
    """Return a class of layers that invert the mask of their input."""

    class Invert(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_mask(self, inputs, mask=None):
            return ops.logical_not(mask)

    return Invert


def make_model(keras, run, build, invert, functional=True, seed=0):
    """Return a compiled model and its expected outputs.

    IDS pass through Embedding, a custom layer that inverts the mask, and two RNNs. In a functional model, a second
    input, X, passes through Masking and an RNN.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    first = keras.layers.SimpleRNN(WIDTH, return_sequences=True)
    second = keras.layers.SimpleRNN(UNITS, return_sequences=True)
    layers, ids = [embedding, first, second], keras.Input((STEPS,), dtype="int32")
    if functional:
        rnn, x = keras.layers.SimpleRNN(UNITS), keras.Input((STEPS, FEATURES))
        outputs = [second(first(invert()(embedding(ids)))), rnn(keras.layers.Masking(-1.0)(x))]
        model, layers = keras.Model([ids, x], outputs), layers + [rnn]
    else:
        model = keras.Sequential([embedding, invert(), first, second])
        model(ids)
    run.compile(model, optimizer="sgd", loss="mse")  # unsupported in modes that cannot train and save models
    # Set all weights at once: in a session, each time anew sends the whole graph to the runtime.
    drawn = dict(zip([id(weight) for weight in model.weights], build(model, seed=seed)))
    table, *weights = [[drawn[id(weight)] for weight in layer.weights] for layer in layers]
    hidden = oracle.simple_rnn(2 * table[0][IDS], ~MASK, *weights[0])[0]
    want = [oracle.simple_rnn(hidden, ~MASK, *weights[1])[0]]
    return model, want + [oracle.simple_rnn(ZEROED, OTHER, *last)[1] for last in weights[2:]]


def call_model(model, ids, x, functional=True):
    return list(model([ids, x])) if functional else [model(ids)]


def record_same(run, mask_of, record, model, want):
    """Record the outputs of `model`, and the mask of the first one."""

    def call(ids, x):
        outputs = call_model(model, ids, x, len(want) > 1)
        return outputs, mask_of(outputs[0])

    outputs, mask = run(call, IDS, X)
    record("sequence output", outputs[0], expected=want[0])
    record("mask of the sequence output", mask, expected=~MASK)
    if len(want) > 1:
        record("last output", outputs[1], expected=want[1])


def load_saved(keras, run, build, ops, name, **arguments):
    """Save a model under `name` and load it again; return the loaded model and its expected outputs."""
    invert = make_invert(keras, ops)
    model, want = make_model(keras, run, build, invert, **arguments)
    with folder() as path, run.saving():
        path = os.path.join(path, name)
        model.save(path)
        return keras.models.load_model(path, custom_objects={"Invert": invert}, compile=False), want


@pytest.mark.case("serial.h5-file", documented=SAME % "keras.models.load_model", tags=TAGS + ["HDF5"], modes=ONCE)
@pytest.mark.parametrize("functional", [True, False], ids=["functional", "sequential"])
def test_h5_file(keras, run, build, ops, mask_of, record, functional):
    """Models loaded from an HDF5 file mask the same timesteps.

    The outputs and the output mask of the loaded model are those of the saved one.
    """
    model, want = load_saved(keras, run, build, ops, "model.h5", functional=functional)
    record_same(run, mask_of, record, model, want)


@pytest.mark.case(
    "serial.keras-file",
    documented=SAME % "keras.models.load_model",
    tags=TAGS + [".keras"],
    needs=["layers.Layer.save_own_variables"],  # introduced with the format
    modes=["eager"],
)
def test_keras_file(keras, run, build, ops, mask_of, record):
    """Models loaded from a `.keras` file mask the same timesteps.

    The outputs and the output mask of the loaded model are those of the saved one.

    The format needs the values of variables, which exist only in eager execution; `graph` would repeat `eager`.
    """
    model, want = load_saved(keras, run, build, ops, "model.keras")
    record_same(run, mask_of, record, model, want)


@pytest.mark.case(
    "serial.weights-only",
    documented=SAME % "keras.Model.load_weights",
    tags=TAGS + ["HDF5"],
    modes=ONCE,
)
def test_weights_only(keras, run, build, ops, mask_of, record):
    """Models with loaded weights mask the same timesteps.

    After `load_weights`, the outputs and the output mask of a model with other weights are those of the saved one.
    """
    invert = make_invert(keras, ops)
    model, want = make_model(keras, run, build, invert)
    other, _ = make_model(keras, run, build, invert, seed=1)
    with folder() as path, run.saving():
        # .weights.h5 is a format of Keras 3 and late Keras 2 that needs eager execution.
        path = os.path.join(path, "model.h5" if run.mode == "session" else "model.weights.h5")
        model.save_weights(path)
        other.load_weights(path)
    record_same(run, mask_of, record, other, want)


@pytest.mark.case(
    "serial.custom-objects-missing",
    established="Source of keras.saving: loading a model with an unknown class is an error, so that no mask is "
    "dropped silently",
    severity="raises",
    tags=["saving", "custom layer", "custom_objects"],
    modes=ONCE,
)
def test_custom_objects_missing(keras, run, ops, record):
    """`load_model` rejects a custom layer whose class is not passed.

    `load_model` of an HDF5 file raises ValueError or TypeError if the class of a custom layer is not passed.
    """
    inputs = keras.Input((STEPS, FEATURES))
    model = keras.Model(inputs, make_invert(keras, ops)()(keras.layers.Masking()(inputs)))
    run.compile(model, optimizer="sgd", loss="mse")
    with folder() as path, run.saving():
        path = os.path.join(path, "model.h5")
        model.save(path)
        loaded = run.attempt(lambda: (keras.models.load_model(path, compile=False), None)[1])
    record("loaded model", loaded, expected=Raised("ValueError", "TypeError"))


def load_saved_model(keras, run, build, ops, known=True):
    """Return a model loaded from a SavedModel, if `known` with the class of its custom layer, and its expected means.

    The model has two outputs: Embedding followed by a custom layer that inverts the mask, and means of that over
    timesteps.
    """
    embedding, invert = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True), make_invert(keras, ops)
    (table,) = build(embedding, (None, STEPS))
    ids = keras.Input((STEPS,), dtype="int32")
    inverted = invert()(embedding(ids))
    model = keras.Model(ids, [inverted, keras.layers.GlobalAveragePooling1D()(inverted)])
    with folder() as path, run.saving():
        model.save(path, save_format="tf")
        loaded = keras.models.load_model(path, custom_objects={"Invert": invert} if known else {}, compile=False)
    return loaded, oracle.masked_mean(2 * table[IDS], ~MASK)


def mask_and_means(model, mask_of):
    def call(ids):
        inverted, means = model(ids)
        return mask_of(inverted), means

    return call


@pytest.mark.case(
    "serial.savedmodel-reload",
    documented=SAME % "tf.keras.models.load_model",
    issues=["tensorflow/tensorflow#38620", "tensorflow/tensorflow#45602", "keras-team/keras#15510"],
    tags=["saving", "SavedModel", "Embedding", "custom layer", "GlobalAveragePooling1D"],
    needs=["Model.save(save_format)"],
    modes=["eager"],
)
def test_savedmodel_reload(keras, run, build, ops, mask_of, record):
    """Models loaded from a SavedModel mask the same timesteps.

    With the class of its custom layer, the means and the output mask of the loaded model are those of the saved one.

    In a session, the operations that read the weights would have to be run explicitly; `graph` would repeat `eager`.
    """
    model, want = load_saved_model(keras, run, build, ops)
    mask, means = run(mask_and_means(model, mask_of), IDS)
    record("mask", mask, expected=~MASK)
    record("means", means, expected=want)


@pytest.mark.case(
    "serial.savedmodel-reload.no-custom-objects",
    unspecified="The guide on saving says that such a layer is restored from its traced functions, but not whether its "
    "compute_mask is",
    issues=["tensorflow/tensorflow#38620", "tensorflow/tensorflow#45602", "keras-team/keras#15510"],
    tags=["saving", "SavedModel", "Embedding", "custom layer", "GlobalAveragePooling1D", "custom_objects"],
    needs=["Model.save(save_format)"],
    modes=["eager"],
)
def test_savedmodel_reload_no_custom_objects(keras, run, build, ops, mask_of, record):
    """Model loaded from a SavedModel without the class of its custom layer.

    Whether the mask of the custom layer is still used in the model and attached to its output is not specified.

    In a session, the operations that read the weights would have to be run explicitly; `graph` would repeat `eager`.
    """
    model, want = load_saved_model(keras, run, build, ops, known=False)
    found = run.attempt(mask_and_means(model, mask_of), IDS)
    raised = isinstance(found, Raised)
    record("mask", found if raised else found[0])
    record("the same means", not raised and bool(np.allclose(found[1], want, atol=1e-5)))


@pytest.mark.case(
    "serial.export-tfsm",
    documented="API docs of keras.Model.export and keras.layers.TFSMLayer: the forward pass of the exported model",
    issues=["keras-team/keras#21133"],
    tags=["export", "TFSMLayer", "Embedding", "LSTM"],
    needs=["Model.export", "layers.TFSMLayer"],
    backends=["tensorflow"],  # the layer calls a TensorFlow function
    modes=["eager"],
)
def test_export_tfsm(keras, run, build, mask_of, record):
    """Exported models mask the same timesteps.

    The sequence that TFSMLayer returns is that of the exported model.

    Whether it has a mask is only recorded: the layer promises nothing but the forward pass.

    The exported function is already compiled, so `graph` would repeat `eager`.
    """
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True)
    lstm = keras.layers.LSTM(UNITS, return_sequences=True, recurrent_activation="sigmoid")
    (table,), weights = build(embedding, (None, STEPS)), build(lstm, (None, STEPS, FEATURES))
    inputs = keras.Input((STEPS,), dtype="int32")
    model = keras.Model(inputs, lstm(embedding(inputs)))
    with folder() as path:
        with run.saving():
            model.export(path)
            layer = keras.layers.TFSMLayer(path, call_endpoint="serve")
        sequence, mask = run(lambda ids: [layer(ids), mask_of(layer(ids))], IDS)
    record("sequence", sequence, expected=oracle.lstm(table[IDS], MASK, *weights)[0])
    record("mask", mask)


def convert_to_lite(keras, model, monkeypatch):
    """Convert `model` to TensorFlow Lite and return a function that runs it on one sample."""
    import tensorflow as tf

    # Before TensorFlow 2.3 the converter is a separate program beside the Python interpreter. Found from there,
    # its messages contain no absolute path.
    monkeypatch.chdir(os.path.dirname(sys.executable))
    monkeypatch.setenv("PATH", os.curdir, prepend=os.pathsep)
    if hasattr(keras, "ops"):  # Keras 3: the converter cannot read its models, nor the tensor lists in their loops
        with folder() as path:
            model.export(path)
            converter = tf.lite.TFLiteConverter.from_saved_model(path)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
            flat = converter.convert()
    elif hasattr(tf.lite.TFLiteConverter, "from_keras_model"):
        # As `from_keras_model` does, but without tracing each layer as well, which takes most of its time.
        module, traced = tf.Module(), tf.function(lambda sample: model(sample))
        module.weights = model.weights
        concrete = traced.get_concrete_function(tf.TensorSpec((1, STEPS, FEATURES)))
        with folder() as path:
            tf.saved_model.save(module, path, signatures=concrete)
            flat = tf.lite.TFLiteConverter.from_saved_model(path).convert()
    else:
        raise Unsupported("tf.lite converts no model that is in memory")
    interpreter = tf.lite.Interpreter(model_content=flat)
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        if "Flex delegate" not in str(error):
            raise
        raise Unsupported(
            "the interpreter in this TensorFlow lacks the operations of TensorFlow that a loop needs"
        ) from error

    def call(sample):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return call


@pytest.mark.case(
    "serial.tflite-fused",
    documented="Guide 'TensorFlow RNN conversion to TensorFlow Lite', section 'Keras LSTM conversion': conversion of "
    "Keras LSTM is supported out of the box, through a fused operation for the whole layer",
    issues=["tensorflow/tensorflow#49936", "tensorflow/tensorflow#46142"],
    tags=["export", "TensorFlow Lite", "Masking", "LSTM"],
    backends=["tensorflow"],
    modes=["eager"],
)
def test_tflite_fused(keras, run, build, record, monkeypatch):
    """LSTM converted to TensorFlow Lite skips masked timesteps.

    For each sample, the sequence of the converted model is that of the original one.
    """
    lstm = keras.layers.LSTM(UNITS, return_sequences=True, recurrent_activation="sigmoid")
    weights = build(lstm, (None, STEPS, FEATURES))
    inputs = keras.Input((STEPS, FEATURES), batch_size=1)
    model = keras.Model(inputs, lstm(keras.layers.Masking(-1.0)(inputs)))
    with run.saving():
        converted = convert_to_lite(keras, model, monkeypatch)
    sequence = np.concatenate([converted(sample[None]) for sample in X])
    record("sequence", sequence, expected=oracle.lstm(ZEROED, OTHER, *weights)[0])
