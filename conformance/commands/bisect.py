"""`conformance bisect`."""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from conformance.bisect.bisector import Answer, ChangeSide, bisect
from conformance.bisect.observer import CaseObserver
from conformance.cache import cache_folder
from conformance.commands.options import as_json, cell_of_markdown, format_option, schema_option, stored_results
from conformance.local import bundle
from conformance.local.errors import UsageError, unknown
from conformance.results import Case
from conformance.suite import catalogue
from conformance.targets import package_index, registry
from conformance.targets.registry import Target
from conformance.vocabulary import MODES

_EXIT = {"found": 0, "same": 1, "no-mode": 1, "could-not-run": 3}
_SKIPPED = 300  # characters of a reason, where a person reads it


@click.command("bisect")
@click.argument("id", metavar="CASE")
@click.option("--from", "first", required=True, metavar="ID", help="The earlier column.")
@click.option("--to", "last", required=True, metavar="ID", help="The later column.")
@click.option("--mode", type=click.Choice(MODES), help="In this mode.  [default: the first in which they differ]")
@click.option(
    "--results",
    "stored",
    type=click.Path(path_type=Path),
    help="Take what is known from these results as well.  [default: the last run, else what is published]",
)
@click.option("--no-cache", is_flag=True, help="Measure again what is known.")
@format_option
@schema_option(Answer)
def bisect_command(
    id: str, first: str, last: str, mode: str | None, stored: Path | None, no_cache: bool, format_: str
) -> None:
    """Find the release that changed what CASE does.

    First over the columns between the two, then over every release between the two neighbours so found. What is known
    is used, what is missing is installed and measured.

    Exit code: 0 found; 1 there is nothing to find: it behaves the same on both, or has no mode in common; 2 usage;
    3 it could not be run on one of the two.
    """
    declared = registry.load()
    one, other = (_column(name, declared) for name in (first, last))
    if declared.index(one) >= declared.index(other):
        what = "the same column" if one == other else f"{first} is newer than {last}"
        raise UsageError(f"--from has to be before --to, as `conformance list targets` has them: {what}")
    known = stored_results(stored)
    cache = cache_folder()
    the_bundle = bundle.make_bundle(cache)
    case = _case(id, catalogue.collect(the_bundle))
    console = Console(stderr=True)
    answer = bisect(
        CaseObserver(case, the_bundle, cache, known, fresh=no_cache),
        one,
        other,
        mode,
        declared,
        cache,
        functools.cache(package_index.releases),
        lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
    )
    if format_ == "json":
        click.echo(as_json(answer))
    else:
        for line in _markdown(answer) if format_ == "markdown" else _lines(answer):
            click.echo(line)
    sys.exit(_EXIT[answer.status])


def _column(name: str, declared: list[Target]) -> Target:
    for target in declared:
        if target.id == name:
            return target
    raise unknown("column", name, [target.id for target in declared])


def _case(id: str, cases: list[Case]) -> Case:
    found = next((case for case in cases if case.id == id), None)
    variants = [case.id for case in cases if case.id.split("[")[0] == id]
    if not found and variants:
        raise UsageError(f"'{id}' has variants, name one: {', '.join(variants)}")
    if not found:
        raise unknown("case", id, [case.id for case in cases])
    return found


def _side(seen: ChangeSide) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in seen.packages.items())
    return f"{seen.column} ({versions}; Python {seen.python})"


def _rows(answer: Answer) -> Iterator[tuple[str, str]]:
    """What is to be said of a change, as label and text."""
    assert answer.last_same and answer.first_different
    yield "last same", _side(answer.last_same)
    yield "", answer.last_same.behaviour
    yield "first different", _side(answer.first_different) + (f", {answer.released}" if answer.released else "")
    yield "", answer.first_different.behaviour
    yield "what changes", f"{answer.change} ({answer.severity}, in {answer.mode})"
    yield "decided by", ", ".join(answer.decided_by) or "nothing that is known to differ"
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
