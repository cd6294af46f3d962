"""The declaration of a layer as JSON data: of a command line or a file, and on its way into an environment.

Keys:

* "layer": "package.module:Layer"
* "config": arguments of its constructor, or None
* "factory": whether it is a function that returns the layer
* the arguments of `api.check_layer` that are data: those in `DATA`, "input_shape" and "expected_failures"
* "expected_mask" and, as a list, "custom_objects": named like the layer
"""

import importlib

from conformance.checks.errors import BadInput, one_line

DATA = (
    "kind",
    "dtype",
    "call",
    "as_arguments",
    "masked",
    "mask_rank",
    "padding",
    "max_id",
    "limits",
    "front_end",
    "name",
)


class LayerNotFound(BadInput):
    """There is no such module or name in this environment."""


class LayerImportError(LayerNotFound):
    """The module of the layer raises when it is imported."""


def arguments(declaration):
    """Return keyword arguments of `api.check_layer` for a declaration.

    Raises:
        LayerNotFound: There is no such module or name.
        LayerImportError: The module cannot be imported.
        BadInput: What is named cannot make a layer.
    """
    found = {name: declaration[name] for name in DATA if declaration.get(name) is not None}
    found["factory"] = factory(declaration["layer"], declaration.get("config"), declaration.get("factory", False))
    found["input_shape"] = (
        [tuple(shape) for shape in declaration["input_shape"]] if declaration.get("input_shape") else None
    )
    found["name"] = declaration.get("name") or declaration["layer"].rpartition(":")[2]
    if declaration.get("expected_failures"):
        found["expected_failures"] = declaration["expected_failures"]
    if declaration.get("custom_objects"):
        objects = [named(text) for text in declaration["custom_objects"]]
        found["custom_objects"] = {one.__name__: one for one in objects}
    if declaration.get("expected_mask"):
        found["expected_mask"] = named(declaration["expected_mask"])
    return found


def factory(text, config=None, is_factory=False):
    """Return a function that makes the layer.

    Args:
        text: "package.module:Layer".
        config: Arguments of the constructor.
        is_factory: Whether it is called to return the layer, even if it is a class.
    """
    found = named(text)
    if is_factory or not isinstance(found, type):
        return found
    return (lambda: found(**config)) if config else found


def named(text):
    """Import what "package.module:name" names.

    Raises:
        LayerNotFound: There is no such module or name.
        LayerImportError: The module cannot be imported.
        BadInput: The text has another form, or what it names is neither a class nor a function.
    """
    module, _, dotted = text.rpartition(":")
    if not module or not dotted:
        raise BadInput("%r does not name a layer; write package.module:Layer" % text)
    try:
        found = importlib.import_module(module)
    except BaseException as error:  # also the SystemExit of a script
        if isinstance(error, ImportError) and (module + ".").startswith(str(error.name) + "."):
            raise LayerNotFound(
                "there is no module %s; install its package, or run this in the folder that contains it" % module
            )
        raise LayerImportError("%s cannot be imported: %s" % (module, one_line(error)))
    for part in dotted.split("."):
        if not hasattr(found, part):
            raise LayerNotFound("module %s has no %s" % (module, dotted))
        found = getattr(found, part)
    if not callable(found):
        raise BadInput("%s is neither a class nor a function, but of type %s" % (text, type(found).__name__))
    return found
