"""`conformance compare`: what changes between two targets, at a terminal or for a CI job."""

import sys
from pathlib import Path

import click
import msgspec

from conformance.commands import options, pair
from conformance.commands.context import pass_project
from conformance.judging import compare
from conformance.judging.compare import BehaviourChange
from conformance.judging.counting import count
from conformance.local.errors import unknown
from conformance.local.selection import choose
from conformance.project import Project
from conformance.report import changes_table
from conformance.report.text import plural
from conformance.results import Case

HEADINGS = ("severity", *changes_table.HEADINGS)


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes between two targets.

    Attributes:
        before: Name of the earlier target, as given.
        after: Name of the later target, as given.
        same: Number of cases that behave the same.
        on_neither: Number of cases whose API neither target has.
        no_mode: Number of cases that neither target runs in the chosen modes.
        left_out: Cases that the two do not share, where they come from different results.
        steps: The changes.
    """

    before: str
    after: str
    same: int
    on_neither: int = 0
    no_mode: int
    left_out: list[str]
    steps: list[BehaviourChange]


@click.command("compare")
@click.argument("before", metavar="FROM")
@click.argument("after", metavar="TO")
@options.results_option
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Compare only cases with this tag. Repeatable.")
@options.case_option
@options.mode_option
@click.option(
    "--fail-on",
    type=click.Choice(["silent", "any", "none"]),
    default="none",
    show_default=True,
    help="Exit with 1 on a silent change, or on any change.",
)
@options.format_option
@options.schema_option(Comparison)
@pass_project
def compare_command(
    project: Project,
    before: str,
    after: str,
    path: Path | None,
    tags: tuple[str, ...],
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    fail_on: str,
    format_: str,
) -> None:
    """Show every behaviour that differs between two targets, silent changes first.

    FROM and TO are ids of targets (see `conformance list targets`); or requirements such as "keras==3.12.1 jax
    python==3.12", a wheel or a source tree; or a results file or its folder, followed by "#ID" if it has several
    targets. Targets that are not in the stored results are measured.

    Exit code: 0; 1 as --fail-on says; 2 usage; 3 a target cannot be measured.
    """

    def chosen(cases: list[Case]) -> list[Case]:
        return _with_tags(choose(cases, patterns), tags, cases)

    found = pair.Names(project, before, after, path).find(chosen, modes)
    targets = (found.first, found.second)
    comparer = compare.Comparer(found.results, project.expectations())
    cases = chosen(found.results.cases)
    compared = comparer.compared(*targets, modes) & {case.id for case in cases}
    changes = [_restricted(change, modes) for change in comparer.changes(*targets, cases)]
    shown = [change for change in changes if change.case in compared and change.modes]
    counts = count(shown, compared, comparer.on_neither(*targets, modes))
    no_mode = len(cases) - len(compared)
    notes = [changes_table.headline(counts, found.results, *targets)]
    notes += [f"{plural(counts.on_neither, 'is', 'are')} unsupported on both."] if counts.on_neither else []
    notes += [f"{plural(no_mode, 'is', 'are')} not run in these modes."] if no_mode else []
    left_out = found.left_out
    if left_out:
        notes += [f"Left out, as {plural(len(left_out), 'case differs', 'cases differ')} between the results."]
    if format_ == "json":
        told = Comparison(
            before=before,
            after=after,
            same=counts.same,
            on_neither=counts.on_neither,
            no_mode=no_mode,
            left_out=left_out,
            steps=shown,
        )
        click.echo(options.as_json(told))
    elif format_ == "markdown":
        click.echo("\n".join([" ".join(notes), *changes_table.tables(shown, found.results, *targets)]))
    else:
        _print(shown, notes, found)
    if any(fail_on == "any" or fail_on == change.severity for change in shown):
        sys.exit(1)


def _with_tags(cases: list[Case], tags: tuple[str, ...], every: list[Case]) -> list[Case]:
    """Return those of `cases` that have one of the tags, all if none is named."""
    known = {tag.lower(): tag for case in every for tag in case.tags}
    for tag in tags:
        if tag.lower() not in known:
            raise unknown("tag", tag, known.values())
    wanted = {known[tag.lower()] for tag in tags}
    return [case for case in cases if not wanted or wanted & set(case.tags)]


def _restricted(change: BehaviourChange, modes: tuple[str, ...]) -> BehaviourChange:
    """Return the change in these modes alone, in all if none is named."""
    left = tuple(mode for mode in change.modes if not modes or set(mode.split(" -> ")) & set(modes))
    return msgspec.structs.replace(change, modes=left)


def _print(changes: list[BehaviourChange], notes: list[str], found: pair.Pair) -> None:
    rows = []
    for change in changes:
        row = [change.severity or "unknown", change.case, ", ".join(change.modes), change.text]
        row += [changes_table.status(change)]
        row += [changes_table.first_changed_in(change, found.results, found.first, found.second)]
        rows.append(row)
    if changes:
        options.print_table(HEADINGS, rows)
    click.echo(" ".join(notes))
