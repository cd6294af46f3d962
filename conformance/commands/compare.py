"""`conformance compare`: the steps between two columns of stored results, at a terminal or for a CI job."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance import catalogue, compare, expectations, results
from conformance.compare import Step
from conformance.errors import UsageError, unknown
from conformance.judge import judge_all
from conformance.report import steps as steps_
from conformance.report.text import plural
from conformance.results import Case, Results, stored
from conformance.targets import MODES

WIDTH = 200  # characters of a line, where it does not go to a terminal


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two columns beside each other.

    same: how many cases behave the same; no_mode: how many neither column has in the chosen modes;
    left_out: cases that the two files do not share.
    """

    before: str
    after: str
    same: int
    no_mode: int
    left_out: list[str]
    steps: list[Step]


def schema() -> dict[str, Any]:
    """JSON Schema of `--format json`."""
    described = msgspec.json.schema(Comparison)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "conformance compare", **described}


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(json.dumps(schema(), indent=1))
        context.exit()


@click.command("compare")
@click.argument("before", metavar="FROM")
@click.argument("after", metavar="TO")
@click.option(
    "--results",
    "path",
    type=click.Path(path_type=Path),
    default=stored,
    show_default="the last run, else what is published",
    help="Where from.",
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag. Repeatable.")
@click.option("--case", "patterns", multiple=True, metavar="GLOB", help="Only these cases. Repeatable.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(MODES), help="Only this mode. Repeatable.")
@click.option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
@click.option("--schema", is_flag=True, is_eager=True, expose_value=False, callback=_print_schema, help="Of the JSON.")
@click.option(
    "--fail-on",
    type=click.Choice(["silent", "any", "none"]),
    default="none",
    show_default=True,
    help="What makes the exit code 1: a silent step, or any, also one of which nothing is known.",
)
def compare_command(
    before: str,
    after: str,
    path: Path,
    tags: tuple[str, ...],
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    form: str,
    fail_on: str,
) -> None:
    """Show every behaviour that differs between two columns, silent changes first.

    FROM and TO are ids of columns in the stored results, or other results files or their folders: with one
    column, or with the one that is named after a "#". Exit code: 0; 1 as --fail-on says; 2 usage.
    """
    found, columns, left_out = _sides(before, after, path)
    for target in found.targets:
        if target.id in columns and target.reason:
            raise UsageError(f"{target.title} did not run: {target.reason}")
    comparer = compare.Comparer(found, expectations.load())
    cases = _chosen(found.cases, tags, patterns)
    compared = comparer.compared(*columns, modes) & {case.id for case in cases}
    steps = [_restricted(step, modes) for step in comparer.steps(*columns)]
    shown = [step for step in steps if step.case in compared and step.modes]
    same, no_mode = len(compared) - len({step.case for step in shown}), len(cases) - len(compared)
    notes = [steps_.headline(shown, same, found, *columns)]
    notes += [f"{plural(no_mode, 'is', 'are')} not run in such a mode."] if no_mode else []
    notes += [f"{plural(len(left_out), 'is', 'are')} not the same in both files, and left out."] if left_out else []
    if form == "json":
        told = Comparison(before=before, after=after, same=same, no_mode=no_mode, left_out=left_out, steps=shown)
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=1))
    elif form == "markdown":
        click.echo("\n".join([" ".join(notes), *steps_.tables(shown, found, *columns)]))
    else:
        _print(shown, notes, found, columns)
    if any(fail_on == "any" or fail_on == step.severity for step in shown):
        sys.exit(1)


def _sides(before: str, after: str, path: Path) -> tuple[Results, tuple[str, str], list[str]]:
    """Results with both columns, their ids there, and the cases that could not be taken over."""
    (first, one), (second, other) = (_place(text, path) for text in (before, after))
    if first == second:
        if one == other:
            raise UsageError(f"{before} and {after} are the same column")
        return _read(first, one, other), (one, other), []
    found, left_out = compare.joined(_read(first, one), one, _read(second, other), other)
    return found, ("before", "after"), left_out


def _place(text: str, path: Path) -> tuple[Path, str]:
    """The file that holds a column, and its id there."""
    name, _, column = text.partition("#")
    if not Path(name).exists():
        return path.resolve(), text
    if not column:
        ids = [target.id for target in results.read(Path(name)).targets]
        if len(ids) != 1:
            raise UsageError(f"{name} has {len(ids)} columns; name one, as in {name}#{ids[-1] if ids else 'ID'}")
        column = ids[0]
    return Path(name).resolve(), column


def _read(path: Path, *columns: str) -> Results:
    found = results.read(path)
    judge_all(found)
    ids = [target.id for target in found.targets]
    for column in columns:
        if column not in ids:
            raise UsageError(
                f"{unknown('column', column, ids)}\n{path} has: {', '.join(ids)}\n"
                f"To measure it: conformance run --target {' --target '.join(columns)} --out FOLDER,"
                " then compare with --results FOLDER"
            )
    return found


def _chosen(cases: list[Case], tags: tuple[str, ...], patterns: tuple[str, ...]) -> list[Case]:
    known = {tag.lower(): tag for case in cases for tag in case.tags}
    for tag in tags:
        if tag.lower() not in known:
            raise unknown("tag", tag, known.values())
    wanted = {known[tag.lower()] for tag in tags}
    return [case for case in catalogue.choose(cases, list(patterns)) if not wanted or wanted & set(case.tags)]


def _restricted(step: Step, modes: tuple[str, ...]) -> Step:
    """The step in these modes alone (all if none is named)."""
    left = tuple(mode for mode in step.modes if not modes or set(mode.split(" -> ")) & set(modes))
    return msgspec.structs.replace(step, modes=left)


def _print(steps: list[Step], notes: list[str], found: Results, columns: tuple[str, str]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table("severity", "behaviour", "modes", "what changes", "promise", "first column", box=None, pad_edge=False)
    for step in steps:
        row = [step.severity or "unknown", step.case, ", ".join(step.modes), step.text]
        row += [f"{step.before.promise} -> {step.after.promise}", steps_.since(step, found, *columns)]
        table.add_row(*(Text(cell) for cell in row))  # texts of a target are no markup
    if steps:
        console.print(table)
    console.print(Text(" ".join(notes)))
