"""What authors call: `check_layer` in a script, `mask_contract` in pytest, `clauses_for` in a suite of cases.

All of them take the declaration of a layer:

    factory: a function without arguments that returns a new layer; or a class that needs none, or a layer to make
        copies of.
    input_shape: with the batch, (2, 5, 3); None for any number of samples or steps; a list of shapes for several
        inputs. An input that has a mask needs 3 steps or more.
    kind: one of `kinds.NAMES`; without it, it is guessed, and the output says so and why.
    dtype: of the inputs, "float32" by default, or one for each input. Integers are ids from 1 to `max_id` (4), 0 is
        padding.
    call: further arguments of the call, such as {"training": False}.
    as_arguments: several inputs are given as arguments of their own, not as one list.
    masked: for each input whether it has a mask; by default all have.
    mask_rank: how many leading axes a mask has, 2 by default: (batch, steps).
    expected_mask: a function of NumPy arrays: the mask of the output (a list, if there are several outputs). Of a
        producer it takes the inputs, of other kinds the masks of the inputs.
    padding: for a producer, the value that it takes for padding, 0 by default.
    limits: masks that the layer is documented to refuse, of "left", "gap", "random", "all-masked". It must then raise
        in every mode.
    custom_objects: what is needed to load a model with this layer, beside its class.
    front_end: "keras", "tf.keras" or "tf_keras"; by default that which the class of the layer derives from.
    name: of the layer in the output; by default that of its class.

and
    expected_failures: {clause: reason}, what is known not to hold. A clause is named "C4", "C4-padding-invariance" or
        "padding-invariance". One that holds all the same is a failure, so that the list stays true.

This module imports neither a Keras nor NumPy.
"""

import sys

front_end_of_run = None  # set by the pytest plug-in


def check_layer(
    factory,
    input_shape=None,
    kind=None,
    expected_failures=None,
    clauses=None,
    modes=None,
    raises=True,
    out=None,
    **declaration,
):
    """Check a layer against the mask contract, in the current environment and all modes that its process has.

    clauses: those to try, by default all; modes: of "eager", "graph", "session", "jit", those to try; raises: whether
    to raise if something is not as it should be; out: where to print what was found, standard output by default,
    False for nowhere. The other arguments are the declaration (see the module).

    Returns `records.Records`: a list with one `records.Record` for each clause (clause, modes, status, reason,
    evidence, hint).

    Raises:
        BadInput: the layer cannot be made or called as declared; one line, with what to change.
        ContractBroken: a clause fails that is not expected to, or the other way round.
    """
    from conformance.checks.errors import ContractBroken

    examination = _examination(factory, input_shape, kind, expected_failures, modes, declaration)
    records = examination.records(clauses)
    if out is not False:
        (out or sys.stdout).write(records.text() + "\n")
    if raises and records.bad:
        raise ContractBroken(records.text(), records)
    return records


def mask_contract(factory, input_shape=None, kind=None, expected_failures=None, clauses=None, **declaration):
    """Parametrise a pytest test with the clauses of the mask contract, one id for each.

        @mask_contract(lambda: MyLayer(4), input_shape=(2, 5, 3), kind="consumer")
        def test_my_layer(clause):
            clause()

    `clause()` fails the test if the layer breaks the clause, skips it if it does not apply or if Keras breaks it for
    every layer, and is an expected failure if it is declared to be one. Choose clauses with `-k C4-`. Nothing is
    imported before the first of them runs.
    """
    import pytest

    from conformance.checks.adapters import BoundClause, Lazy
    from conformance.checks.clause import names

    lazily = Lazy(lambda: _examination(factory, input_shape, kind, expected_failures, None, declaration))
    chosen = names(clauses)
    return pytest.mark.parametrize("clause", [BoundClause(name, lazily) for name in chosen], ids=chosen)


def clauses_for(factory, input_shape=None, kind=None, **declaration):
    """The clauses that apply to a layer, as bodies of cases: a list of `contract.CaseOfClause`.

    Each has `id` ("C4-padding-invariance"), `title`, `contract`, `cases`, `modes` (as a case names them) and
    `body(record, run)`, to be called with the fixtures of a case in the mode of a cell. Nothing is called before
    that, so `kind` must be declared, or `modes` and the choice of clauses are those of any kind, and the kind is
    guessed in each cell.
    """
    from conformance.checks.adapters import cases_of
    from conformance.checks.layer_spec import LayerSpec

    return cases_of(lambda: LayerSpec(factory, input_shape, kind, **declaration))


def _examination(factory, input_shape, kind, expected_failures, modes, declaration):
    from conformance.checks.errors import BadInput
    from conformance.checks.examination import LayerExamination
    from conformance.checks.layer_spec import LayerSpec

    front_end = declaration.pop("front_end", None) or front_end_of_run
    try:
        subject = LayerSpec(factory, input_shape, kind, **declaration)
    except TypeError as error:
        if "__init__" not in str(error):
            raise
        raise BadInput(
            "%s; see conformance.checks.api for the arguments" % str(error).replace("__init__() got an ", "")
        )
    return LayerExamination(subject, expected_failures, front_end, modes)
