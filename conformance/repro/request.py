"""Finds the requested cell and makes its script."""

from collections.abc import Iterable
from dataclasses import dataclass

from conformance import repro
from conformance.judging.crashes import NONE, DeclaredCrashes
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
    case_id: str,
    target_id: str,
    mode: str | None,
    bundle: Bundle,
    targets: Iterable[Target],
    stored: Results | None,
    crashes: DeclaredCrashes = NONE,
) -> CellScript:
    """Return a cell and its script.

    Args:
        case_id: Id of the case.
        target_id: Id of the target.
        mode: The mode, by default the first in which the case runs on the target.
        bundle: The bundle with the cases.
        targets: The known targets.
        stored: Results that may show that the target lacks an API that the case needs, or that the cell crashes.
        crashes: Cells that are known to end their process.

    Raises:
        UsageError: If there is no such cell, it is unsupported, or it ends its process.
    """
    one = _listed(case_id, listed(bundle))
    case = one.case
    by_id = {target.id: target for target in targets}
    if target_id not in by_id:
        raise unknown("target", target_id, by_id)
    target = by_id[target_id]
    mode = _mode(mode, case, target)
    script = repro.script(target, mode, make_parts(bundle.cases, one))
    crash = crashes.reason(case.id, target, mode)
    for cell in stored.cells if stored else []:
        if (cell.case, cell.target, cell.mode) == (case.id, target.id, mode):
            if cell.verdict == "unsupported":
                raise UsageError(f"{case.id} is unsupported on {target.id} in mode '{mode}': {cell.reason}")
            if cell.verdict == "crashes":
                crash = crash or cell.reason
    if crash:
        raise UsageError(f"{case.id} has no script on {target.id} in mode '{mode}', since it ends its process: {crash}")
    return CellScript(case, target, mode, script)


def _listed(case_id: str, cases: list[Listed]) -> Listed:
    known = {one.case.id: one for one in cases}
    variants = [name for name in known if name.startswith(f"{case_id}[")]
    if variants and case_id not in known:
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
        raise UsageError(f"{case.id} does not run in mode '{mode or target.modes[0]}', only in {', '.join(modes)}")
    return mode or has[0]
