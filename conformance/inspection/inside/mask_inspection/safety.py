"""Whether a saved model contains code: that of a Lambda layer, which loading would run.

Since 2.13 Keras has a safe mode for some of its formats; the others it loads whatever they contain. So the file is
searched before Keras reads it, on every version alike.
"""

import inspect
import io
import os
import zipfile

_SIGNS = ('"__lambda__"', '"function_type": "lambda"', '"function_type":"lambda"')
_KINDS = ("mask", "output_shape")  # further functions that a Lambda layer may have
_SIGNS += tuple('"%s_type":%s"lambda"' % (kind, space) for kind in _KINDS for space in ("", " "))
# Files of a SavedModel that describe its layers.
_METADATA = ("keras_metadata.pb", "saved_model.pb", os.path.join("assets", "saved_model.json"))


def carries_code(path):
    """Return whether the model in a file or a folder contains code."""
    return any(sign in text for text in _texts(path) for sign in _SIGNS)


def _texts(path):
    if os.path.isdir(path):
        files = [os.path.join(path, name) for name in _METADATA]
        return [_decoded(file) for file in files if os.path.isfile(file)]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".json")]
            return [archive.read(name).decode("utf-8", "replace") for name in names]
    texts = [_decoded(path)]
    try:
        import h5py
    except ImportError:
        return texts
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            config = file.attrs.get("model_config", "")
        texts.append(config.decode("utf-8", "replace") if isinstance(config, bytes) else str(config))
    return texts


def _decoded(path):
    with io.open(path, "rb") as file:
        return file.read().decode("latin-1")


def arguments_of(load, unsafe):
    """Return arguments of `load_model`: its safe mode, where it has one."""
    try:
        known = inspect.signature(load).parameters
    except (TypeError, ValueError):
        return {}
    return {"safe_mode": not unsafe} if "safe_mode" in known else {}
