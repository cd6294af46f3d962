"""`conformance gate`, and what a person needs to keep the expectations."""

import sys
from datetime import date
from pathlib import Path

import click
import msgspec
from rich.console import Console

from conformance import results
from conformance.cache import cache_folder
from conformance.commands import options
from conformance.commands.options import as_json, cell_of_markdown, print_table
from conformance.judging import expectations, proposals
from conformance.judging.gate import Surprise, is_complete, overdue, surprises
from conformance.judging.judge import judge_all
from conformance.local import bundle
from conformance.local.errors import UsageError
from conformance.report.text import plural
from conformance.run import api
from conformance.run.reuse import ReusedResults
from conformance.suite import catalogue
from conformance.targets import registry
from conformance.vocabulary import MODES


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Results held against expectations.

    complete: entries that match nothing count as well; not_run: columns, and why; problems: of the run itself;
    overdue: entries that were last reviewed more than a year ago, which is no mistake.
    """

    as_expected: bool
    complete: bool
    surprises: list[Surprise]
    not_run: dict[str, str]
    problems: list[str]
    overdue: dict[str, date]


@click.command("gate")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[RESULTS]")
@click.option("--expectations", "file", type=click.Path(path_type=Path), help="Other expectations than the suite's.")
@click.option(
    "--complete/--no-complete",
    default=None,
    help="Whether an entry that matches nothing is a mistake.  [default: if every case was run on every column]",
)
@options.target_option
@options.allow_not_run_option
@options.format_option
@options.schema_option(GateResult)
def gate_command(
    path: Path | None,
    file: Path | None,
    complete: bool | None,
    target_ids: tuple[str, ...],
    allow_not_run: bool,
    format_: str,
) -> None:
    """Compare results with what is expected.

    RESULTS is a file or its folder, by default those of the last run, else what is published. Columns that --target
    names and that are not there are measured.

    Exit code: 0 all is as expected; 1 it is not, the run had problems or a column did not run; 2 usage.
    """
    known = expectations.load(file)
    found = _of_columns(path, target_ids) if target_ids else options.stored_results(path)
    if found is None:
        raise UsageError(f"there are no results to hold against what is expected: {results.file_in(results.LATEST)}")
    judge_all(found)
    if complete is None:
        cases = catalogue.collect(bundle.make_bundle(cache_folder()))
        complete = is_complete(found, [case.id for case in cases], [target.id for target in registry.load()])
    surprising = surprises(found, known, complete)
    not_run = {target.id: target.reason for target in found.targets if target.reason}
    fine = not (surprising or found.problems or (not_run and not allow_not_run))
    held = GateResult(
        as_expected=fine,
        complete=complete,
        surprises=surprising,
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


def _of_columns(path: Path | None, names: tuple[str, ...]) -> results.Results:
    """Results of these columns alone: stored if all are there, else each case is measured that is not."""
    stored = options.stored_results(path)
    if stored and {*names} <= {target.id for target in stored.targets}:
        columns = [target for target in stored.targets if target.id in names]
        cells = [cell for cell in stored.cells if cell.target in names]
        return msgspec.structs.replace(stored, targets=columns, cells=cells)
    cache = cache_folder()
    chosen = registry.choose(registry.load(), list(names), "history")
    the_bundle = bundle.make_bundle(cache)
    return api.measure(
        catalogue.collect(the_bundle),
        [api.declared(target, cache) for target in chosen],
        MODES,
        the_bundle,
        cache,
        Console(stderr=True),
        previous=ReusedResults(stored, failed=False) if stored else None,
    )


def _summary(held: GateResult) -> str:
    columns = "column" if len(held.not_run) == 1 else "columns"
    counted = {
        "not as expected": held.surprises,
        f"{columns} did not run": held.not_run,
        "problems of the run": held.problems,
    }
    parts = [f"{len(those)} {what}" for what, those in counted.items() if those]
    text = ", ".join(parts)
    if not parts:
        text = "all is as expected" + (", and every entry matches something" if held.complete else "")
    overdue = plural(len(held.overdue), "entry was", "entries were")
    return text + (f"; {overdue} last reviewed more than a year ago" if held.overdue else "")


def _rows(held: GateResult) -> list[tuple[str, str, str]]:
    """Kind, where, what."""
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
def expectations_group() -> None:
    """What is known not to conform, and why; `gate` holds results against it."""


@expectations_group.command("update")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored, metavar="[RESULTS]")
@click.option("--expectations", "file", type=click.Path(path_type=Path), help="Other expectations than the suite's.")
def expectations_update(path: Path, file: Path | None) -> None:
    """Print entries for what stored results show and nothing explains, to be reviewed by a person.

    No file is changed. Where an entry of the file would have to be widened, narrowed or changed, a comment says so.
    """
    found = results.read(path)
    judge_all(found)
    click.echo(proposals.update(found, expectations.load(file)), nl=False)
