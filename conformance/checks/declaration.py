"""A declaration as JSON data: what a command line says, and what is sent into an environment.

Keys:

* "layer": "package.module:Layer"; "config": arguments of its constructor, or None; "factory": whether it is a
  function that returns the layer
* the arguments of `api.check_layer` that are data: those in `DATA`, "input_shape" and "expected_failures"
* "custom_objects": texts like "layer"
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
    """There is no such module or name: in another environment there may be."""


class LayerImportError(LayerNotFound):
    """The module of the layer raises when it is imported."""


def arguments(declaration):
    """Keyword arguments of `api.check_layer` for a declaration.

    Raises:
        BadInput: it is no layer. `NotThere`: there is no such layer, or (`CannotImport`) its module cannot be imported.
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
    """A function that makes the layer."""
    found = named(text)
    if is_factory or not isinstance(found, type):
        return found
    return (lambda: found(**config)) if config else found


def named(text):
    """What "package.module:name" names."""
    module, _, dotted = text.rpartition(":")
    if not module or not dotted:
        raise BadInput("%r does not name a layer; write package.module:Layer" % text)
    try:
        found = importlib.import_module(module)
    except BaseException as error:  # a script that ends with sys.exit() is one, too
        if isinstance(error, ImportError) and (module + ".").startswith(str(error.name) + "."):
            raise LayerNotFound(
                "there is no module %s here; is its package installed, or its folder the current one?" % module
            )
        raise LayerImportError("%s cannot be imported: %s" % (module, one_line(error)))
    for part in dotted.split("."):
        if not hasattr(found, part):
            raise LayerNotFound("%s has no %s" % (module, dotted))
        found = getattr(found, part)
    if not callable(found):
        raise BadInput("%s is no class and no function, but of type %s" % (text, type(found).__name__))
    return found
