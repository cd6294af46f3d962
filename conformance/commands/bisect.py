"""`conformance bisect`."""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from conformance.bisect.bisector import Answer, Bisection, ChangeSide
from conformance.bisect.observer import CaseObserver
from conformance.commands.context import pass_project
from conformance.commands.finish import say
from conformance.commands.options import as_json, cell_of_markdown, format_option, schema_option, stored_results
from conformance.local.errors import UsageError, unknown
from conformance.project import Project
from conformance.results import Case
from conformance.targets import package_index
from conformance.vocabulary import MODES

_EXIT = {"found": 0, "same": 1, "no-mode": 1, "could-not-run": 3}
_SKIPPED = 300  # characters of a reason, where a person reads it


@click.command("bisect")
@click.argument("id", metavar="CASE")
@click.option("--from", "first", required=True, metavar="ID", help="The earlier target.")
@click.option("--to", "last", required=True, metavar="ID", help="The later target.")
@click.option(
    "--mode", type=click.Choice(MODES), help="Run only in this mode.  [default: the first in which they differ]"
)
@click.option(
    "--results",
    "stored",
    type=click.Path(path_type=Path),
    help="Read results from here as well.  [default: the last run, else what is published]",
)
@click.option("--no-cache", is_flag=True, help="Ignore stored results and the result cache: measure again.")
@format_option
@schema_option(Answer)
@pass_project
def bisect_command(
    project: Project,
    id: str,
    first: str,
    last: str,
    mode: str | None,
    stored: Path | None,
    no_cache: bool,
    format_: str,
) -> None:
    """Find the release that changed what CASE does.

    The declared targets between the two are searched first, then every release between the two neighbours so found.
    What is known is used; what is missing is installed and measured.

    Exit code: 0 found; 1 nothing to find: CASE behaves the same on both, or they have no mode in common; 2 usage; 3 it
    could not be run on one of the two.
    """
    ends = project.target(first), project.target(last)
    if project.targets.index(ends[0]) >= project.targets.index(ends[1]):
        what = f"{first} is both" if first == last else f"{first} comes after {last}"
        raise UsageError(f"--from must come before --to in `conformance list targets`: {what}")
    known, case, console = stored_results(stored), _case(id, project.cases()), Console(stderr=True)
    observer = CaseObserver(case, project, known, fresh=no_cache)
    releases = functools.cache(package_index.releases)
    answer = Bisection(observer, project, releases, lambda line: say(console, [line])).answer(*ends, mode)
    if format_ == "json":
        click.echo(as_json(answer))
    else:
        for line in _markdown(answer) if format_ == "markdown" else _lines(answer):
            click.echo(line)
    sys.exit(_EXIT[answer.status])


def _case(id: str, cases: list[Case]) -> Case:
    found = next((case for case in cases if case.id == id), None)
    variants = [case.id for case in cases if case.id.split("[")[0] == id]
    if not found and variants:
        raise UsageError(f"'{id}' has variants; name one of {', '.join(variants)}")
    if not found:
        raise unknown("case", id, [case.id for case in cases])
    return found


def _side(seen: ChangeSide) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in seen.packages.items())
    return f"{seen.column} ({versions}; Python {seen.python})"


def _rows(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield label and text of each line about a change."""
    assert answer.last_same and answer.first_different
    yield "last same", _side(answer.last_same)
    yield "", answer.last_same.behaviour
    yield "first different", _side(answer.first_different) + (f", {answer.released}" if answer.released else "")
    yield "", answer.first_different.behaviour
    yield "what changes", f"{answer.change} ({answer.severity}, in {answer.mode})"
    yield "decided by", ", ".join(answer.decided_by) or "unknown"
    for text in answer.range:
        yield "range", text
    for passed in answer.skipped:
        yield "skipped", f"{passed.column}: {passed.reason}"[:_SKIPPED]
    for link in answer.upstream:
        yield "read", link


def _lines(answer: Answer) -> Iterator[str]:
    yield answer.message
    for label, text in _rows(answer) if answer.status == "found" else ():
        yield f"  {label:<16}{text}"
    for warning in answer.warnings:
        yield f"warning: {warning}"


def _markdown(answer: Answer) -> Iterator[str]:
    yield f"**{cell_of_markdown(answer.message)}**"
    if answer.status == "found":
        yield from ("", "| | |", "| --- | --- |")
        for label, text in _rows(answer):
            yield f"| {label} | {text if label == 'read' else cell_of_markdown(text)} |"
    for warning in answer.warnings:
        yield from ("", f"Warning: {cell_of_markdown(warning)}")
