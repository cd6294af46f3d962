"""Saving and loading.

Masks that are passed explicitly in a functional model, in models that are made anew from it.
"""

import os
import shutil
import tempfile

import numpy as np
import oracle
import pytest

BATCH, STEPS, FEATURES = 3, 5, 2
# Padded on the right, with a gap, padded on the left; no row of the explicit mask is a row of the other.
IMPLICIT = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 0, 1, 1]], bool)
EXPLICIT = np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [1, 0, 1, 1, 1]], bool)
X = np.random.RandomState(3).uniform(0.1, 1, (BATCH, STEPS, FEATURES)).astype("float32")
ZEROED = np.where(IMPLICIT[..., None], X, np.float32(0))  # `Masking` computes IMPLICIT from it

SAME = "API docs of %s: the new model has the layers and configuration of the first one"


def make_model(keras):
    """Return a functional model of two means of one sequence: by the mask of Masking, and by one passed as `mask=`."""
    x, mask = keras.Input((STEPS, FEATURES)), keras.Input((STEPS,), dtype="bool")
    masked = keras.layers.Masking()(x)
    means = [keras.layers.GlobalAveragePooling1D()(masked), keras.layers.GlobalAveragePooling1D()(masked, mask=mask)]
    return keras.Model([x, mask], means)


def record_means(run, record, model):
    implicit, explicit = run(lambda x, mask: list(model([x, mask])), ZEROED, EXPLICIT)
    record("mean by the mask of Masking", implicit, expected=oracle.masked_mean(ZEROED, IMPLICIT))
    record("mean by the explicit mask", explicit, expected=oracle.masked_mean(ZEROED, EXPLICIT))


TAGS = ["Functional", "Masking", "GlobalAveragePooling1D", "explicit mask", "mask argument"]


@pytest.mark.case(
    "serial.explicit-mask",
    documented=SAME % "keras.Model.from_config and keras.models.clone_model",
    tags=TAGS + ["config", "clone_model"],
    modes=["eager", "session"],
)
@pytest.mark.parametrize("way", ["first", "config", "clone"])
def test_explicit_mask(keras, run, record, way):
    """A model made anew uses a mask passed as `mask=`.

    In the model itself, in one created from its config and in its clone, a layer uses the mask that it is passed, and
    another one the mask of its input.

    Only construction can differ from that of another model: `graph` and `jit` would repeat the other modes.
    """
    model = make_model(keras)
    if way == "config":
        model = keras.Model.from_config(model.get_config())
    elif way == "clone":
        model = keras.models.clone_model(model)
    record_means(run, record, model)


@pytest.mark.case(
    "serial.h5-keras-file",
    documented=SAME % "keras.models.load_model",
    tags=TAGS + ["saving"],
    modes=["eager"],
)
@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_h5_keras_file(keras, run, record, suffix):
    """A loaded model uses a mask passed as `mask=`.

    After saving and loading, a layer uses the mask that it is passed, and another one the mask of its input.

    Compiled code reads and writes no files: `graph` and `jit` would repeat `eager`.
    """
    model = make_model(keras)
    run.compile(model, optimizer="sgd", loss="mse")
    folder = tempfile.mkdtemp()
    try:
        with run.saving():
            path = os.path.join(folder, "model." + suffix)
            model.save(path)
            loaded = keras.models.load_model(path, compile=False)
    finally:
        shutil.rmtree(folder)
    record_means(run, record, loaded)
