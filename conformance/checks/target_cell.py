"""A clause as a cell of a run: of a layer, on a column, in a mode (docs/check-on-columns.md)."""

from conformance.checks.adapters import cases_of
from conformance.checks.declaration import LayerNotFound, arguments
from conformance.checks.errors import BadInput, one_line
from conformance.checks.layer_spec import LayerSpec
from conformance.worker.modes import Unsupported

NOT_HERE = "cannot be had here: "
_SUBJECTS = {}  # of this process, by name: a layer is tried out once


def check(declaration, clause, record, run):
    """Record what a clause observes of a layer, beside what is expected.

    declaration: data, see `declared`; clause: its id.

    Raises:
        Unsupported: the layer cannot be had on this column, or the clause does not apply to it; with the reason.
    """
    name = declaration["name"]
    if name not in _SUBJECTS:
        _SUBJECTS[name] = LayerSpec(**load_layer(declaration, run.executor.front))
        _SUBJECTS[name].same_weights = True  # columns are compared
    chosen = [case for case in cases_of(lambda: _SUBJECTS[name]) if case.id == clause]
    if not chosen:  # the kind was guessed meanwhile
        raise Unsupported("not a matter of a layer of kind %s" % _SUBJECTS[name].kind)
    try:
        chosen[0].body(record, run)
    except BadInput as error:
        raise Unsupported(NOT_HERE + str(error))


def load_layer(declaration, front):
    """The arguments of `clauses_for`; the layer can be imported, and made of the Keras of the column."""
    try:
        about = arguments(declaration)
        layer = about["factory"]()
    except LayerNotFound as error:
        raise Unsupported(NOT_HERE + str(error))
    except Exception as error:  # what a package raises when it does not fit may be anything
        raise Unsupported(NOT_HERE + one_line(error))
    if not isinstance(layer, front.keras.layers.Layer):
        raise Unsupported("%sit is no layer of the %s of this column" % (NOT_HERE, front.name))
    about.pop("expected_failures", None)
    about.pop("front_end", None)
    return about
