"""Which cell is asked for, and whether there is a script of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from conformance import repro
from conformance.local.bundle import Bundle
from conformance.local.errors import UsageError, unknown
from conformance.repro.parts import make_parts
from conformance.results import Case, Results
from conformance.suite.catalogue import Listed, listed
from conformance.targets.registry import Target
from conformance.vocabulary import MODES


@dataclass(frozen=True)
class CellScript:
    """A cell and its script."""

    case: Case
    target: Target
    mode: str
    script: str


def make_request(
    case_id: str, target_id: str, mode: str | None, bundle: Bundle, columns: Iterable[Target], stored: Results | None
) -> CellScript:
    """The cell of these names; without a mode, in the first that the case has there.

    stored: results that may know that the column has no API that the case needs.

    Raises:
        UsageError: there is no such cell, or nothing can be seen there; what is nearest, or why.
    """
    one = _listed(case_id, listed(bundle))
    case = one.case
    targets = {target.id: target for target in columns}
    if target_id not in targets:
        raise unknown("target", target_id, targets)
    target = targets[target_id]
    mode = _mode(mode, case, target)
    script = repro.script(target, mode, make_parts(bundle.cases, one))
    for cell in stored.cells if stored else []:
        if (cell.case, cell.target, cell.mode, cell.verdict) == (case.id, target.id, mode, "unsupported"):
            raise UsageError(f"{case.id} does nothing on {target.id} in mode '{mode}': {cell.reason}")
    return CellScript(case, target, mode, script)


def _listed(case_id: str, cases: list[Listed]) -> Listed:
    known = {one.case.id: one for one in cases}
    variants = [name for name in known if name.startswith(f"{case_id}[")]
    if variants:
        raise UsageError(f"'{case_id}' has variants: {', '.join(variants)}")
    if case_id not in known:
        raise unknown("case", case_id, known)
    return known[case_id]


def _mode(mode: str | None, case: Case, target: Target) -> str:
    if mode is not None and mode not in MODES:
        raise unknown("mode", mode, MODES)
    modes = case.modes_on(target.modes)
    has = [one for one in modes if one in target.modes]
    if mode in target.lacks:
        raise UsageError(f"{target.id} has no mode '{mode}': {target.lacks[mode]}")
    if not has or (mode is not None and mode not in modes):
        raise UsageError(f"{case.id} is not run in mode '{mode or target.modes[0]}', but in {', '.join(modes)}")
    return mode or has[0]
