"""The public functions: `check_layer` for scripts, `mask_contract` for pytest, `clauses_for` for suites of cases.

All of them declare a layer with these arguments:

    factory: A function without arguments that returns a new layer; or a class whose constructor needs no arguments, or
        a layer, of which copies are made.
    input_shape: Shape of the input including the batch, (batch, steps, ...), such as (2, 5, 3). None for a batch or
        steps of any size. A list of shapes for several inputs. An input that has a mask needs at least 3 steps.
    kind: One of `kinds.NAMES`. Without it the kind is inferred, and the output says so and why.
    dtype: Dtype of the inputs, by default "float32"; or a list with one for each input. Integer inputs hold ids from 1
        to `max_id` (by default 4); 0 is padding.
    call: Dict of further arguments of the call, such as {"training": False}.
    as_arguments: Whether several inputs are passed as separate arguments, instead of as one list.
    masked: For each input whether it has a mask; by default all inputs have.
    mask_rank: Number of leading axes that a mask has, by default 2: (batch, steps).
    expected_mask: Function of NumPy arrays that returns the mask of the output, or a list for several outputs. It takes
        the inputs of a producer, and the masks of the inputs of layers of other kinds.
    padding: Value that a producer masks, by default 0.
    limits: Masks that the layer is documented to reject: some of "left", "gap", "random", "all-masked". It must then
        raise in every mode.
    custom_objects: Dict of what is needed to load a model with this layer, besides its class.
    front_end: "keras", "tf.keras" or "tf_keras"; by default the one that the class of the layer derives from.
    name: Name of the layer in the output; by default that of its class.

`check_layer` and `mask_contract` take one more:

    expected_failures: Dict of clauses that are known to fail to the reason, a sentence. A clause is named
        "C4-padding-invariance", "padding-invariance" or "C4". One that passes nevertheless is reported as a failure,
        so that the list stays true.

This module imports neither Keras nor NumPy.
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
    """Check a layer against the mask contract, in the current environment.

    Args:
        factory: See the module.
        input_shape: See the module.
        kind: See the module.
        expected_failures: See the module.
        clauses: Names of the clauses to try; by default all.
        modes: Which of "eager", "graph", "session" and "jit" to try; by default all that the process has.
        raises: Whether to raise `ContractBroken`.
        out: File to print the results to, by default standard output; False prints nothing.
        **declaration: The other arguments that declare a layer (see the module).

    Returns:
        The `records.Records`: a list of one `records.Record` for each clause, with `clause`, `modes`, `status`,
        `reason`, `evidence` and `hint`.

    Raises:
        BadInput: The layer cannot be made or called as declared; the message is one line that says what to change.
        ContractBroken: A clause fails that is not expected to, passes although it is expected to fail, or could not be
            checked.
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
    """Parametrize a pytest test with the clauses of the mask contract.

        @mask_contract(lambda: MyLayer(4), input_shape=(2, 5, 3), kind="consumer")
        def test_my_layer(clause):
            clause()

    `clause()` fails the test if the layer breaks the clause, skips it if the clause does not apply or if Keras itself
    breaks it, and reports an expected failure if that is declared. The id of the clause is that of the test, so
    `-k C4-` selects one. Keras is imported when the first clause runs.

    Args:
        factory: See the module.
        input_shape: See the module.
        kind: See the module.
        expected_failures: See the module.
        clauses: Names of the clauses to try; by default all.
        **declaration: The other arguments that declare a layer (see the module).

    Returns:
        A decorator: the mark `pytest.mark.parametrize` for the argument `clause`.

    Raises:
        BadInput: A clause is unknown. Whatever else is wrong fails the tests.
    """
    import pytest

    from conformance.checks.clause import names
    from conformance.checks.pytest_adapter import BoundClause, LazyExamination

    examination = LazyExamination(
        lambda: _examination(factory, input_shape, kind, expected_failures, None, declaration)
    )
    chosen = names(clauses)
    return pytest.mark.parametrize("clause", [BoundClause(name, examination) for name in chosen], ids=chosen)


def clauses_for(factory, input_shape=None, kind=None, **declaration):
    """List the clauses that apply to a layer, as bodies of cases of a suite.

    The layer is neither made nor called before a body runs. Without a declared kind all clauses are listed, and the
    kind is inferred in each cell.

    Args:
        factory: See the module.
        input_shape: See the module.
        kind: See the module.
        **declaration: The other arguments that declare a layer (see the module).

    Returns:
        A list of `case_adapter.CaseOfClause`. Each has `id` ("C4-padding-invariance"), `title`, `contract`, `cases`,
        `modes` (as the mark of a case names them) and `body(record, run)`, to be called with the fixtures of a case.

    Raises:
        BadInput: An argument has no meaning.
    """
    from conformance.checks.case_adapter import cases_of
    from conformance.checks.layer_spec import LayerSpec
    from conformance.checks.layer_state import LayerState

    return cases_of(lambda: LayerState(LayerSpec(factory, input_shape, kind, **declaration)))


def _examination(factory, input_shape, kind, expected_failures, modes, declaration):
    from conformance.checks.errors import BadInput
    from conformance.checks.examination import LayerExamination
    from conformance.checks.layer_spec import LayerSpec

    front_end = declaration.get("front_end") or front_end_of_run
    arguments = {name: value for name, value in declaration.items() if name != "front_end"}
    try:
        spec = LayerSpec(factory, input_shape, kind, **arguments)
    except TypeError as error:
        if "__init__" not in str(error):
            raise
        reason = str(error).replace("LayerSpec.", "").replace("__init__() got an ", "")
        raise BadInput("%s; the arguments are documented in conformance.checks.api" % reason)
    return LayerExamination(spec, expected_failures, front_end, modes)
