"""Declared layers on targets, as the cases of a run (docs/check-on-targets.md)."""

import datetime
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from conformance.checks.clause import all_clauses
from conformance.checks.target_cell import NOT_HERE
from conformance.judging.expectations import Expectation, ExpectationIndex, ExpectedCells, version
from conformance.layer_matrix import clause_cases, declaration
from conformance.layer_matrix.declaration import LayerDeclarations
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.project import Project
from conformance.results import Cell, Results
from conformance.run.api import RunRequest, run
from conformance.run.plan import Plan
from conformance.run.progress import Progress, SilentProgress
from conformance.suite import catalogue
from conformance.targets.overlay import overlay
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget
from conformance.targets.versions import parse, release
from conformance.vocabulary import BAD, MODES


@dataclass(frozen=True, kw_only=True)
class LayerCheckRequest:
    """Where and how layers are checked.

    Attributes:
        targets: Ids and tags of targets, by default those that the file of the layers names.
        tier: Tier of targets, if none is named.
        clauses: Clauses to check, all for none.
        modes: Modes to check in.
        jobs: Workers at a time, by default as cores and memory allow.
        fresh: Measure again what is in the result cache.
        progress: Makes what shows the progress of the run.
    """

    targets: Sequence[str] = ()
    tier: str = "none"
    clauses: Sequence[str] = ()
    modes: Sequence[str] = MODES
    jobs: int | None = None
    fresh: bool = False
    progress: Callable[[Plan], Progress] = SilentProgress


@dataclass(frozen=True)
class LayerCheck:
    """What layers do on targets.

    Attributes:
        results: The results, where a layer that is unavailable on a target was not run there.
        expectations: What the author expects to be broken.
        unavailable: Layers that were not run on a target where others were, with the reason.
        unexpected_passes: Cases that are expected to be broken, and conform.
        repairs: For each clause that is broken unexpectedly, how to repair it.
    """

    results: Results
    expectations: list[Expectation]
    unavailable: list[str]
    unexpected_passes: list[str]
    repairs: list[str]


def prepare(project: Project, layers: LayerDeclarations, request: LayerCheckRequest) -> RunRequest:
    """Return the run that checks layers on targets; resolves the requirements of the layers.

    Raises:
        UsageError: A layer, a target or a requirement is not declared as it should be.
    """
    ids = list(request.targets or ([] if request.tier != "none" else layers.targets))
    chosen = project.choose(ids, request.tier)
    if not chosen:
        raise UsageError("no target is selected: use --target ID, --tier core, or `targets` in the file")
    declaration.check(layers)
    clause_cases.expected(layers.layers)  # refuses an unknown clause now rather than after the run
    bundle = _bundle(layers, request, project.cache)
    return RunRequest(
        cases=catalogue.collect(bundle),
        targets=[_prepare(project, target, layers.requirements) for target in chosen],
        bundle=bundle,
        cache=project.cache,
        modes=request.modes,
        jobs=request.jobs,
        fresh=request.fresh,
        progress=request.progress,
    )


def check(layers: LayerDeclarations, request: RunRequest) -> LayerCheck:
    """Check layers on targets.

    Args:
        layers: The layers.
        request: What `prepare` returned for them.
    """
    known = clause_cases.expected(layers.layers)
    found = run(request)
    settle(found)
    passes = [f"{case} passes, but is expected to fail: {known[case]}" for case in never_broken(found, known)]
    return LayerCheck(found, explained(found, known), unavailable(found), passes, list(_repairs(found, known)))


def _bundle(layers: LayerDeclarations, request: LayerCheckRequest, cache: Path) -> Bundle:
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        clause_cases.write(layers.layers, request.clauses, Path(folder))
        others = {**clause_cases.files_of_checks(), **declaration.files_of(layers.modules)}
        # As in an author's own process (`checks.keras_runtime`): one clause, one way of executing it.
        return make_bundle(cache, Path(folder), others).without_speedups()


def _prepare(project: Project, target: Target, requirements: Sequence[str]) -> PreparedTarget:
    """Add the author's packages to a target; where they do not fit, it does not run and says why."""
    try:
        return project.prepare(overlay(target, requirements, project.cache))
    except Unavailable as error:
        why = str(error)

        def refuse() -> NoReturn:
            raise Unavailable(why)

        return PreparedTarget(target, refuse)


def settle(found: Results) -> None:
    """Mark what was not run: a layer that cannot be imported on a target, a target with no other layer."""
    for cell in found.cells:
        if cell.verdict == "unsupported" and cell.reason and cell.reason.startswith(NOT_HERE):
            cell.verdict, cell.observation, cell.fingerprint = "not-run", None, None
    for target in found.targets:
        cells = [cell for cell in found.cells if cell.target == target.id and cell.mode not in target.lacks]
        if cells and target.reason is None and all(cell.verdict == "not-run" for cell in cells):
            target.reason = cells[0].reason
    used = {cell.observation for cell in found.cells}
    found.observations = {key: value for key, value in found.observations.items() if key in used}


def unavailable(found: Results) -> list[str]:
    """Return layers that were not run on a target where others were, with the reason."""
    ran = {target.id for target in found.targets if target.reason is None}
    cells = [cell for cell in found.cells if cell.verdict == "not-run" and cell.target in ran]
    why = ((cell, cell.reason) for cell in cells if cell.reason and cell.reason.startswith(NOT_HERE))
    return list(dict.fromkeys(f"{cell.case.partition('.')[0]} on {cell.target}: {reason}" for cell, reason in why))


def explained(found: Results, known: dict[str, str]) -> list[Expectation]:
    """Return what the author expects to be broken as expectations: wherever it is, whatever the outcome.

    Args:
        found: The results.
        known: Reasons by case id.
    """
    index = ExpectationIndex([], found)
    entries = []
    for case, reason in known.items():
        broken = [cell for cell in found.cells if cell.case == case and cell.verdict in BAD]
        cells = list(dict.fromkeys(_known(cell, index) for cell in broken))
        entries.append(
            Expectation(
                id=case,
                kind="intended",
                reason=f"Expected by the author: {reason}",
                sources=["expected_failures of the declaration"],
                reviewed=datetime.date.today(),
                cells=cells,
            )
        )
    return entries


def _known(cell: Cell, index: ExpectationIndex) -> ExpectedCells:
    target = index.target(cell)
    computes = target.versions.get("tensorflow")
    return ExpectedCells(
        case=cell.case,
        on=(f"{target.front_end}[{target.backend}]{_exactly(version(target))}",),
        modes=(cell.mode,),
        outcome=index.outcome(cell),
        tensorflow=_exactly(computes),
        python=f"=={target.python}",
    )


def _exactly(text: str | None) -> str:
    """Return a range that holds one version, or everything if it is not known."""
    parsed = parse(text) if text else None
    return f"=={release(parsed)}" if parsed else ""


def never_broken(found: Results, known: Iterable[str]) -> list[str]:
    """Return the cases that are expected to be broken, were measured, and conform on every target."""
    verdicts = {case: {cell.verdict for cell in found.cells if cell.case == case} for case in known}
    return [case for case, seen in verdicts.items() if "conforms" in seen and not seen & {*BAD}]


def _repairs(found: Results, known: Container[str]) -> Iterator[str]:
    """Yield for each clause that is broken unexpectedly how to repair it."""
    broken = {cell.case for cell in found.cells if cell.verdict in BAD and cell.case not in known}
    for clause in all_clauses():
        cases = sorted(case for case in broken if case.endswith(f".{clause.id.lower()}"))
        if cases:
            yield f"{clause.id} ({', '.join(case.partition('.')[0] for case in cases)}): {clause.repair}"
