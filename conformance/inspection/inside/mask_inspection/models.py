"""Where the model comes from: a file, a config, or a function of the user."""

import importlib
import os
import sys
import traceback

from conformance.worker import frontend
from mask_inspection import safety


class InspectionError(Exception):
    """The model cannot be inspected; the message says why, in one line."""


def import_keras(name):
    """Import the front end of this name; without a name, the first that is installed.

    Raises:
        InspectionError: There is none.
    """
    try:
        if name:
            return frontend.FrontEnd(name)
        front = frontend.detect()
        if front.name == "keras" and not (front.is_keras3 or front.is_standalone_keras2):
            return frontend.FrontEnd("tf.keras")  # Keras 2.4 to 2.15 is tf.keras by another name
        return front
    except Exception as error:
        raise InspectionError("cannot import Keras: %s" % last_lines(error))


def import_custom(names):
    """Import modules that define custom objects.

    Raises:
        InspectionError: One cannot be imported.
    """
    for name in names:
        try:
            _imported(name)
        except BaseException as error:
            raise InspectionError("cannot import the module %s: %s" % (name, last_lines(error)))


def _imported(name):
    """Import a module of the user without writing bytecode."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(name)
    finally:
        sys.dont_write_bytecode = before


def is_factory(text):
    """Return whether a text is of the form module:function."""
    return ":" in text and not os.path.exists(text)


def factory(text):
    """Import the function that `module:function` names.

    Raises:
        InspectionError: There is none.
    """
    module, _, dotted = text.rpartition(":")
    try:
        found = _imported(module)
        for part in dotted.split("."):
            found = getattr(found, part)
    except BaseException as error:  # also the SystemExit of a script
        raise InspectionError("cannot import %s: %s" % (text, last_lines(error)))
    if not callable(found):
        raise InspectionError("%s is not a function, but of type %s" % (text, type(found).__name__))
    return found


def maker(front, text, unsafe):
    """Return a function without arguments that makes or loads the model.

    Args:
        front: The front end.
        text: The model, as the command line names it.
        unsafe: Whether to load it even if it contains code.
    """
    make = factory(text) if is_factory(text) else lambda: _read(front.keras, text, unsafe)

    def checked():
        try:
            model = make()
        except InspectionError:
            raise
        except BaseException as error:
            message = "%s raises %s" if is_factory(text) else "cannot load %s: %s"
            raise InspectionError(message % (text, last_lines(error))) from error
        if is_factory(text) and not hasattr(model, "layers"):
            raise InspectionError("%s does not return a model, but an object of type %s" % (text, type(model).__name__))
        return model

    return checked


def _read(keras, path, unsafe):
    if not unsafe and safety.carries_code(path):
        raise InspectionError(
            "%s contains the code of a Lambda layer, which loading would run; allow that with --unsafe" % path
        )
    if unsafe and hasattr(getattr(keras, "config", None), "enable_unsafe_deserialization"):
        keras.config.enable_unsafe_deserialization()
    if path.endswith(".json"):
        with open(path) as file:
            return keras.models.model_from_json(file.read())
    load = keras.models.load_model
    return load(path, **safety.arguments_of(load, unsafe))


def front_of(model, front):
    """Return the front end that made the model.

    Raises:
        InspectionError: It is not a model of any front end that is imported.
    """
    if isinstance(model, front.keras.Model):
        return front
    for name in ("keras", "tf_keras", "tf.keras"):
        module = "tensorflow" if name == "tf.keras" else name
        if module in sys.modules and name != front.name:
            other = frontend.FrontEnd(name)
            if isinstance(model, other.keras.Model):
                return other
    raise InspectionError("not a model of %s, but an object of type %s" % (front.name, type(model).__name__))


def last_lines(error):
    """Format an exception, and its first cause, in one line; of a long message the beginning and the end."""
    first = error
    while first.__cause__ is not None or (first.__context__ is not None and not first.__suppress_context__):
        first = first.__cause__ or first.__context__
    return _line(error, 600) if first is error else "%s; caused by %s" % (_line(error, 300), _line(first, 300))


def _line(error, most):
    lines = "".join(traceback.format_exception_only(type(error), error)).splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    text = " | ".join(lines[:1] + lines[1:][-2:])
    return text if len(text) <= most else "%s ... %s" % (text[: most // 2], text[5 - most // 2 :])
