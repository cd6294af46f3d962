"""`conformance check --target`: declared layers on columns, as the cases of a run (docs/check-on-targets.md)."""

import datetime
import tempfile
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from conformance.checks.clause import all_clauses
from conformance.checks.target_cell import NOT_HERE
from conformance.commands.finish import conclude, say
from conformance.judging.expectations import Expectation, ExpectationIndex, ExpectedCells, version
from conformance.layer_matrix import clause_cases, declaration
from conformance.layer_matrix.declaration import LayerDeclarations
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.results import Cell, Results
from conformance.run import plan, result_cache, scheduler
from conformance.run.progress import make_progress
from conformance.suite import catalogue
from conformance.targets import install, registry
from conformance.targets.install import Environment
from conformance.targets.overlay import overlay
from conformance.targets.registry import Target
from conformance.targets.versions import parse, release
from conformance.vocabulary import BAD, MODES


@dataclass(frozen=True)
class LayerCheckRequest:
    """What the command line says beside the layers. targets: ids and tags; tier: of columns, if none are named;
    clauses, modes: some of them, all for none."""

    targets: Sequence[str] = ()
    tier: str = "none"
    clauses: Sequence[str] = ()
    modes: Sequence[str] = ()
    out: Path = Path("reports/check")
    jobs: int | None = None
    no_cache: bool = False
    allow_not_run: bool = False
    annotations: bool = False


def check(what: LayerDeclarations, asked: LayerCheckRequest, cache: Path) -> int:
    """Check the layers on the columns, write the report, say what is wrong with them; returns the exit code.

    Raises:
        UsageError: something of what is asked for cannot be understood.
    """
    console = Console(stderr=True)
    ids = list(asked.targets or ([] if asked.tier != "none" else what.targets))
    chosen = registry.choose(registry.load(), ids, asked.tier)
    if not chosen:
        raise UsageError("no column is named: --target ID, --tier core, or `targets` in the file")
    declaration.check(what)
    known = {case: reason for layer in what.layers for case, reason in clause_cases.expected(layer).items()}
    bundle = _bundle(what, asked, cache)
    cases = catalogue.collect(bundle)
    say(console, [f"resolving {', '.join(what.requirements)}"] if what.requirements else [])
    environments: dict[str, Callable[[], Environment]] = {}
    columns = [_column(target, what.requirements, cache, environments) for target in chosen]
    the_plan = plan.make_plan(cases, columns, list(asked.modes or MODES))
    asked.out.mkdir(parents=True, exist_ok=True)
    with make_progress(the_plan, console) as progress:
        found = scheduler.run(
            the_plan,
            cases,
            columns,
            bundle,
            result_cache.ResultCache(cache, bundle, fresh=asked.no_cache),
            lambda target: environments[target.id](),
            progress,
            asked.jobs,
        )
    settle(found)
    code = conclude(
        found,
        explained(found, known),
        asked.out,
        console,
        complete=False,
        allow_not_run=asked.allow_not_run,
        annotations=asked.annotations,
    )
    missing = not_had(found)
    say(console, [f"not run: {line}" for line in missing])
    kept = never_broken(found, known)
    say(console, [f"unexpected: {case} is kept, although it is expected to be broken: {known[case]}" for case in kept])
    say(console, list(_repairs(found, known)))
    return code or (1 if kept or (missing and not asked.allow_not_run) else 0)


def _bundle(what: LayerDeclarations, asked: LayerCheckRequest, cache: Path) -> Bundle:
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        clause_cases.write(what.layers, asked.clauses, Path(folder))
        others = {**clause_cases.files_of_checks(), **declaration.files_of(what.modules)}
        # As in an author's own process (`checks.keras_runtime`): one clause, one way of executing it.
        return make_bundle(cache, Path(folder), others).without_speedups()


def _column(
    target: Target, requirements: Sequence[str], cache: Path, environments: dict[str, Callable[[], Environment]]
) -> Target:
    """The column with the author's package; where that does not fit, one that does not run and says why."""
    try:
        column = overlay(target, requirements, cache)
    except Unavailable as error:
        why = str(error)

        def refuse() -> Environment:
            raise Unavailable(why)

        environments[target.id] = refuse
        return target
    environments[column.id] = lambda: install.provision(column, cache)
    return column


def settle(found: Results) -> None:
    """A layer that cannot be imported on a column was not run there; nor was a column with no other layer."""
    for cell in found.cells:
        if cell.verdict == "unsupported" and cell.reason and cell.reason.startswith(NOT_HERE):
            cell.verdict, cell.observation, cell.fingerprint = "not-run", None, None
    for target in found.targets:
        cells = [cell for cell in found.cells if cell.target == target.id and cell.mode not in target.lacks]
        if cells and target.reason is None and all(cell.verdict == "not-run" for cell in cells):
            target.reason = cells[0].reason
    used = {cell.observation for cell in found.cells}
    found.observations = {key: value for key, value in found.observations.items() if key in used}


def not_had(found: Results) -> list[str]:
    """Layers that were not run on a column where others were, with the reason."""
    ran = {target.id for target in found.targets if target.reason is None}
    cells = [cell for cell in found.cells if cell.verdict == "not-run" and cell.target in ran]
    why = ((cell, cell.reason) for cell in cells if cell.reason and cell.reason.startswith(NOT_HERE))
    return list(dict.fromkeys(f"{cell.case.partition('.')[0]} on {cell.target}: {reason}" for cell, reason in why))


def explained(found: Results, known: dict[str, str]) -> list[Expectation]:
    """What the author expects to be broken, as expectations: wherever it is, whatever the outcome.

    known: case id -> reason.
    """
    book = ExpectationIndex([], found)
    entries = []
    for case, reason in known.items():
        broken = [cell for cell in found.cells if cell.case == case and cell.verdict in BAD]
        cells = list(dict.fromkeys(_known(cell, book) for cell in broken))
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


def _known(cell: Cell, book: ExpectationIndex) -> ExpectedCells:
    column = book.column(cell)
    computes = column.versions.get("tensorflow")
    return ExpectedCells(
        case=cell.case,
        on=(f"{column.front_end}[{column.backend}]{_exactly(version(column))}",),
        modes=(cell.mode,),
        outcome=book.outcome(cell),
        tensorflow=_exactly(computes),
        python=f"=={column.python}",
    )


def _exactly(text: str | None) -> str:
    """A range that holds one version, or everything if it is not known."""
    parsed = parse(text) if text else None
    return f"=={release(parsed)}" if parsed else ""


def never_broken(found: Results, known: Iterable[str]) -> list[str]:
    """The cases that are expected to be broken, were measured, and conform on every column."""
    verdicts = {case: {cell.verdict for cell in found.cells if cell.case == case} for case in known}
    return [case for case, seen in verdicts.items() if "conforms" in seen and not seen & {*BAD}]


def _repairs(found: Results, known: Container[str]) -> Iterator[str]:
    """For each clause that is broken unexpectedly, how to repair it."""
    broken = {cell.case for cell in found.cells if cell.verdict in BAD and cell.case not in known}
    for clause in all_clauses():
        cases = sorted(case for case in broken if case.endswith(f".{clause.id.lower()}"))
        if cases:
            yield f"{clause.id} ({', '.join(case.partition('.')[0] for case in cases)}): {clause.repair}"
