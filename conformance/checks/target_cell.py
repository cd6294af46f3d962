"""A clause as a cell of a run: tried on a layer, on a target, in a mode (docs/check-on-targets.md)."""

from conformance.checks.case_adapter import cases_of
from conformance.checks.declaration import LayerNotFound, arguments
from conformance.checks.errors import BadInput, one_line
from conformance.checks.layer_spec import LayerSpec
from conformance.checks.layer_state import LayerState
from conformance.worker.modes import Unsupported

NOT_HERE = "unavailable on this target: "
_LAYERS = {}  # of this process, by name, so that each layer is examined once


def check(declaration, clause, record, run):
    """Try a clause on a layer: record what is observed beside what is expected.

    Args:
        declaration: The layer, as data (see `declaration`).
        clause: Id of the clause.
        record: The fixture `record` of a case.
        run: The fixture `run` of a case.

    Raises:
        Unsupported: The layer is unavailable on this target, or the clause does not apply to it; with the reason.
    """
    name = declaration["name"]
    if name not in _LAYERS:
        spec = LayerSpec(**load_layer(declaration, run.executor.front))
        _LAYERS[name] = LayerState(spec, redraws_weights=True)  # targets are compared
    state = _LAYERS[name]
    chosen = [case for case in cases_of(lambda: state) if case.id == clause]
    if not chosen:  # the kind was inferred meanwhile
        raise Unsupported("does not concern a layer of kind %s" % state.kind)
    try:
        chosen[0].body(record, run)
    except BadInput as error:
        raise Unsupported(NOT_HERE + str(error))


def load_layer(declaration, front):
    """Import the layer of a declaration and make it once.

    Args:
        declaration: The layer, as data.
        front: The front end of the target.

    Returns:
        Keyword arguments for a `LayerSpec`.

    Raises:
        Unsupported: The layer cannot be imported or made, or belongs to another Keras.
    """
    try:
        found = arguments(declaration)
        layer = found["factory"]()
    except LayerNotFound as error:
        raise Unsupported(NOT_HERE + str(error))
    except Exception as error:  # a package that does not fit may raise anything
        raise Unsupported(NOT_HERE + one_line(error))
    if not isinstance(layer, front.keras.layers.Layer):
        raise Unsupported("%sit is not a layer of this target's %s" % (NOT_HERE, front.name))
    found.pop("expected_failures", None)
    found.pop("front_end", None)
    return found
