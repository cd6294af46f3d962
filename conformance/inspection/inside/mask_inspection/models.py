"""Where the model comes from: a file, a config, or a function of the user."""

import importlib
import os
import sys
import traceback

from conformance.worker import frontend
from mask_inspection import safety


class Refused(Exception):
    """What is asked for cannot be done; the message says why."""


def import_keras(name):
    """The front end of this name; without one, the first that is there."""
    try:
        if name:
            return frontend.FrontEnd(name)
        front = frontend.detect()
        if front.name == "keras" and not (front.is_keras3 or front.is_standalone_keras2):
            return frontend.FrontEnd("tf.keras")  # Keras 2.4 to 2.15 is what that is made of
        return front
    except Exception as error:
        raise Refused("no Keras can be imported: %s" % last_lines(error))


def import_custom(names):
    """Import modules that define custom objects."""
    for name in names:
        try:
            _imported(name)
        except BaseException as error:
            raise Refused("the module %s cannot be imported: %s" % (name, last_lines(error)))


def _imported(name):
    """A module of the user, beside which no bytecode is left."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        return importlib.import_module(name)
    finally:
        sys.dont_write_bytecode = before


def is_factory(text):
    return ":" in text and not os.path.exists(text)


def factory(text):
    """The function that `module:function` names."""
    module, _, dotted = text.rpartition(":")
    try:
        found = _imported(module)
        for part in dotted.split("."):
            found = getattr(found, part)
    except BaseException as error:  # a script that ends with sys.exit() is one, too
        raise Refused("%s cannot be imported: %s" % (text, last_lines(error)))
    if not callable(found):
        raise Refused("%s is no function, but of type %s" % (text, type(found).__name__))
    return found


def maker(front, text, unsafe):
    """A function without arguments that gives the model, or raises `Refused`.

    unsafe: load it even if it holds code of its own.
    """
    make = factory(text) if is_factory(text) else lambda: _read(front.keras, text, unsafe)

    def checked():
        try:
            model = make()
        except Refused:
            raise
        except BaseException as error:
            did = "raises" if is_factory(text) else "does not load:"
            raise Refused("%s %s %s" % (text, did, last_lines(error))) from error
        if is_factory(text) and not hasattr(model, "layers"):
            raise Refused("%s returns no model, but an object of type %s" % (text, type(model).__name__))
        return model

    return checked


def _read(keras, path, unsafe):
    if not unsafe and safety.carries_code(path):
        raise Refused("%s holds the code of a Lambda layer, which loading would run; --unsafe allows that" % path)
    if unsafe and hasattr(getattr(keras, "config", None), "enable_unsafe_deserialization"):
        keras.config.enable_unsafe_deserialization()
    if path.endswith(".json"):
        with open(path) as file:
            return keras.models.model_from_json(file.read())
    load = keras.models.load_model
    return load(path, **safety.arguments_of(load, unsafe))


def front_of(model, front):
    """The front end that made the model, `front` if that did."""
    if isinstance(model, front.keras.Model):
        return front
    for name in ("keras", "tf_keras", "tf.keras"):
        module = "tensorflow" if name == "tf.keras" else name
        if module in sys.modules and name != front.name:
            other = frontend.FrontEnd(name)
            if isinstance(model, other.keras.Model):
                return other
    raise Refused("what is given is no model of %s, but an object of type %s" % (front.name, type(model).__name__))


def last_lines(error):
    """Class and message of an exception in one line, and of what came first; of long ones beginning and end."""
    first = error
    while first.__cause__ is not None or (first.__context__ is not None and not first.__suppress_context__):
        first = first.__cause__ or first.__context__
    return _line(error, 600) if first is error else "%s; at first %s" % (_line(error, 300), _line(first, 300))


def _line(error, most):
    lines = "".join(traceback.format_exception_only(type(error), error)).splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    text = " | ".join(lines[:1] + lines[1:][-2:])
    return text if len(text) <= most else "%s ... %s" % (text[: most // 2], text[5 - most // 2 :])
