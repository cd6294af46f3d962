"""The scripts that the page shows: of cases that have not changed since they were measured, on declared targets."""

from collections.abc import Sequence

from conformance import repro
from conformance.local.bundle import Bundle
from conformance.repro.parts import Parts
from conformance.repro.stored import Stored, store
from conformance.results import Results
from conformance.suite import catalogue, file_cache
from conformance.targets.registry import Target


def scripts_for(results: Results, suite: Bundle, declared: Sequence[Target]) -> Stored | None:
    """Return the scripts for these results, None if there are none.

    A case that has changed since it was measured, a target with other pins, or a cell that ended its process has none.
    """
    measured = {case.id: case.digest for case in results.cases if case.digest}
    if not measured:
        return None
    same = {case.id for case in catalogue.collect(suite) if measured.get(case.id) == case.digest}
    pins = {target.id: target.pins for target in results.targets}
    targets = [target for target in declared if pins.get(target.id) == target.pins()]
    if not same or not targets:
        return None
    parts = {id: of_case for id, of_case in parts_of(suite).items() if id in same}
    crashes = [(cell.case, cell.target, cell.mode) for cell in results.cells if cell.verdict == "crashes"]
    return store(parts, targets, crashes)


def parts_of(suite: Bundle) -> dict[str, Parts]:
    """Take the source of all cases apart; return the parts by case id. Those of a file are kept until it changes."""
    files = file_cache.made("scripts", suite, dict[str, Parts], lambda changed: _made(suite, changed))
    return {id: parts for of_file in files.values() for id, parts in of_file.items()}


def _made(suite: Bundle, files: list[str]) -> dict[str, dict[str, Parts]]:
    parts: dict[str, dict[str, Parts]] = {file: {} for file in files}
    for one in catalogue.listed(suite):
        if one.case.file in parts:
            parts[one.case.file][one.case.id] = repro.make_parts(suite.cases, one)
    return parts
