"""`conformance gate` and `conformance expectations`: results against what is expected of them."""

import sys
from datetime import date
from pathlib import Path

import click
import msgspec
from rich.console import Console

from conformance import results
from conformance.commands import options
from conformance.commands.context import pass_project
from conformance.commands.options import as_json, cell_of_markdown, print_table
from conformance.judging import proposals
from conformance.judging.gate import Unexpected, find_unexpected, is_complete, overdue
from conformance.judging.judge import judge_all
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.report.text import plural
from conformance.run.api import RunRequest, run
from conformance.run.progress import progress_on
from conformance.run.reuse import ReusedResults


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Results compared with expectations.

    Attributes:
        as_expected: Whether the gate passes.
        complete: Expectations that match no cell count as well.
        surprises: What is unexpected.
        not_run: Reasons by target.
        problems: Problems of the run itself.
        overdue: Expectations that were last reviewed more than a year ago, which does not fail the gate.
    """

    as_expected: bool
    complete: bool
    surprises: list[Unexpected]
    not_run: dict[str, str]
    problems: list[str]
    overdue: dict[str, date]


@click.command("gate")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[RESULTS]")
@options.expectations_option
@click.option(
    "--complete/--no-complete",
    default=None,
    help="Fail on expectations that match no cell.  [default: if every case was run on every target]",
)
@options.target_option
@options.allow_not_run_option
@options.format_option
@options.schema_option(GateResult)
@pass_project
def gate_command(
    project: Project,
    path: Path | None,
    file: Path | None,
    complete: bool | None,
    target_ids: tuple[str, ...],
    allow_not_run: bool,
    format_: str,
) -> None:
    """Compare results with the expectations.

    RESULTS is a results file or its folder, by default that of the last run, else what is published. Targets that
    --target names and RESULTS does not have are measured.

    Exit code: 0 all is as expected; 1 it is not, the run had problems or a target did not run; 2 usage.
    """
    known = project.expectations(file)
    found = _of_targets(project, path, target_ids) if target_ids else options.stored_results(path)
    if found is None:
        raise UsageError(
            f"no results to compare with the expectations: {results.file_in(results.LATEST)} does not exist"
        )
    judge_all(found)
    if complete is None:
        complete = is_complete(found, [case.id for case in project.cases()], [target.id for target in project.targets])
    unexpected = find_unexpected(found, known, complete)
    not_run = {target.id: target.reason for target in found.targets if target.reason}
    fine = not (unexpected or found.problems or (not_run and not allow_not_run))
    held = GateResult(
        as_expected=fine,
        complete=complete,
        surprises=unexpected,
        not_run=not_run,
        problems=found.problems,
        overdue=overdue(known, date.today()),
    )
    if format_ == "json":
        click.echo(as_json(held))
    elif format_ == "markdown":
        click.echo(_markdown(held), nl=False)
    else:
        _print(held)
    sys.exit(0 if fine else 1)


def _of_targets(project: Project, path: Path | None, names: tuple[str, ...]) -> results.Results:
    """Return results of these targets alone; if one is not stored, what is missing is measured."""
    stored = options.stored_results(path)
    if stored and {*names} <= {target.id for target in stored.targets}:
        targets = [target for target in stored.targets if target.id in names]
        cells = [cell for cell in stored.cells if cell.target in names]
        return msgspec.structs.replace(stored, targets=targets, cells=cells)
    return run(
        RunRequest(
            cases=project.cases(),
            targets=[project.prepare(target) for target in project.choose(names, "history")],
            bundle=project.bundle,
            cache=project.cache,
            crashes=project.crashes,
            reuse=ReusedResults(stored, failed=False) if stored else None,
            progress=progress_on(Console(stderr=True)),
        )
    )


def _summary(held: GateResult) -> str:
    targets = "target" if len(held.not_run) == 1 else "targets"
    counted = {
        "not as expected": held.surprises,
        f"{targets} did not run": held.not_run,
        "problems of the run": held.problems,
    }
    parts = [f"{len(those)} {what}" for what, those in counted.items() if those]
    text = ", ".join(parts)
    if not parts:
        text = "all is as expected" + (", and every expectation matches a cell" if held.complete else "")
    overdue = plural(len(held.overdue), "expectation was", "expectations were")
    return text + (f"; {overdue} last reviewed more than a year ago" if held.overdue else "")


def _rows(held: GateResult) -> list[tuple[str, str, str]]:
    """Return kind, place and text of everything to report."""
    rows: list[tuple[str, str, str]] = [("problem", "", problem) for problem in held.problems]
    rows += [("not-run", target, reason) for target, reason in held.not_run.items()]
    for one in held.surprises:
        rows.append((one.kind, f"{one.case} on {one.target} in {one.mode}" if one.target else one.case, one.why))
    rows += [("overdue", id, f"last reviewed on {reviewed}") for id, reviewed in held.overdue.items()]
    return rows


def _print(held: GateResult) -> None:
    rows = _rows(held)
    if rows:
        print_table(("kind", "where", "what"), rows)
    click.echo(_summary(held))


def _markdown(held: GateResult) -> str:
    lines = [f"**{_summary(held)}**"]
    rows = _rows(held)
    if rows:
        lines += ["", "| kind | where | what |", "| --- | --- | --- |"]
        lines += [f"| {' | '.join(map(cell_of_markdown, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


@click.group("expectations")
def expectations_command() -> None:
    """Maintain the expectations of `gate`."""


@expectations_command.command("update")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored, metavar="[RESULTS]")
@options.expectations_option
@pass_project
def expectations_update(project: Project, path: Path, file: Path | None) -> None:
    """Print expectations for unexplained results, to be reviewed by a person.

    No file is changed. Where an existing expectation would have to be widened, narrowed or changed, a comment says so.
    """
    found = results.read(path)
    judge_all(found)
    click.echo(proposals.update(found, project.expectations(file)), nl=False)
