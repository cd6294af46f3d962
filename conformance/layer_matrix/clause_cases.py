"""Writes case files of declared layers: each clause that applies is a case, `my-attention.c4-padding-invariance`.

It is `test_c4_padding_invariance` in `test_my_attention.py`, as in any case file.
"""

import pprint
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.checks import BadInput, clauses_for
from conformance.checks.clause import find
from conformance.checks.declaration import DATA
from conformance.layer_matrix.declaration import LayerDeclaration
from conformance.local.errors import UsageError
from conformance.local.paths import PACKAGE

_CONFTEST = 'pytest_plugins = ["conformance.worker.pytest_plugin"]\n'
_HEAD = '''"""{title}.

{layer}, held against the mask contract.
"""

from math import inf, nan  # as a value of padding may be written

import pytest

from conformance.checks.target_cell import check

LAYER = {declared}
'''
_CASE = '''

@pytest.mark.case({id!r}, established={source!r}, tags={tags!r}, modes={modes!r})
def test_{name}(record, run):
    """{title}.

    {contract}
    """
    check(LAYER, {clause!r}, record, run)
'''


def files_of_checks() -> dict[str, Path]:
    """Return what the cases need beside the worker, by its place in the bundle."""
    folder = PACKAGE / "checks"
    return {f"conformance/checks/{file.relative_to(folder).as_posix()}": file for file in folder.rglob("*.py")}


def write(layers: Sequence[LayerDeclaration], clauses: Sequence[str], folder: Path) -> None:
    """Write the case files of these layers.

    Args:
        layers: The layers.
        clauses: Ids, names or numbers of clauses, all for none.
        folder: Where to write to.

    Raises:
        UsageError: A layer is declared in a way that cannot be checked, or a clause is unknown.
    """
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    for layer in layers:
        file = folder / f"test_{layer.slug.replace('-', '_')}.py"
        file.write_text("".join([_head(layer), *_cases(layer, clauses)]))


def case_id(layer: LayerDeclaration, clause: str) -> str:
    """Return the id of the case that checks a clause, named by its id."""
    return f"{layer.slug}.{clause.lower()}"


def expected(layers: Sequence[LayerDeclaration]) -> dict[str, str]:
    """Return by case id why a clause is known to be broken.

    Raises:
        UsageError: There is no such clause.
    """
    found: dict[str, str] = {}
    for layer in layers:
        try:
            pairs = [(one, why) for names, why in layer.expected_failures.items() for one in names.split()]
            found |= {case_id(layer, find(clause).id): reason for clause, reason in pairs}
        except BadInput as error:
            raise UsageError(f"{layer.layer}: expected_failures: {error}") from error
    return found


def _head(layer: LayerDeclaration) -> str:
    return _HEAD.format(
        title=_safe(layer.called),
        layer=layer.layer,
        declared=pprint.pformat(layer.declaration(), width=110, sort_dicts=False),
    )


def _cases(layer: LayerDeclaration, clauses: Sequence[str]) -> list[str]:
    try:
        chosen = {find(clause).id for clause in clauses}
        known = clauses_for(lambda: None, **_arguments(layer))
    except BadInput as error:
        raise UsageError(f"{layer.layer}: {error}") from error
    return [_case(layer, case) for case in known if not chosen or case.id in chosen]


def _arguments(layer: LayerDeclaration) -> dict[str, Any]:
    """Return the arguments of `clauses_for` that do not need the layer to be imported."""
    data = layer.declaration()
    return {name: data[name] for name in ("input_shape", *DATA) if name in data and name != "front_end"}


def _case(layer: LayerDeclaration, case: Any) -> str:
    clause = find(case.id)
    return _CASE.format(
        id=case_id(layer, case.id),
        source=f"Contract of masks, clause C{clause.number}: {clause.why}",
        tags=[layer.slug, *([layer.kind] if layer.kind else []), f"C{clause.number}"],
        modes=case.modes,
        name=case.id.lower().replace("-", "_"),
        title=_safe(case.title),
        contract=_safe(case.contract),
        clause=case.id,
    )


def _safe(text: str) -> str:
    """Return text that is safe inside a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''")
