"""`conformance advise`: which changes between two targets affect what a user's own model uses."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from conformance.commands import model_options, options
from conformance.commands import pair as pairs
from conformance.commands.context import pass_project
from conformance.inspection.advice import Advice, Place, advise
from conformance.judging.compare import BehaviourChange, Comparer
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.report import changes_table
from conformance.report.scope import NOT_MEASURED
from conformance.report.text import code, escape, plural
from conformance.results import Results
from conformance.vocabulary import MODES

HEADINGS = ("severity", "in the model", "behaviour", "modes", "what changes", "status", "first changed in")


@click.command("advise")
@click.argument("model")
@click.option("--from", "before", metavar="TARGET", required=True, help="The target in use, named as for `compare`.")
@click.option("--to", "after", metavar="TARGET", required=True, help="The target to upgrade to.")
@options.results_option
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice(MODES),
    help="Consider only this mode. Repeatable.  [default: all but session, if both targets have eager]",
)
@model_options.options
@options.format_option
@options.schema_option(Advice)
@pass_project
def advise_command(
    project: Project,
    /,
    model: str,
    before: str,
    after: str,
    path: Path | None,
    modes: tuple[str, ...],
    format_: str,
    **where: Any,
) -> None:
    """Show which changes between two targets affect what a model uses: layers, masks, losses, metrics, saving.

    MODEL is as for `trace`. It is traced first: layers that no mask reaches are not considered.
    """
    names = pairs.Names(project, before, after, path)
    if names.are_reversed():
        raise UsageError(f"{after} does not come after {before}")
    trace = model_options.inspect(project, model_options.ModelOptions(model, **where))
    pair = names.find(lambda cases: cases, modes)
    stored, targets = pair.results, (pair.first, pair.second)
    chosen = modes or _usual_modes(stored, *targets)
    changes = list(_in_modes(Comparer(stored, project.expectations()).changes(*targets), chosen))
    found = advise(model, trace, stored, changes, *targets)
    if format_ == "json":
        click.echo(options.as_json(found))
    elif format_ == "markdown":
        click.echo("\n".join(_markdown(found, stored)))
    else:
        _print(found, stored)


def _usual_modes(stored: Results, *targets: str) -> tuple[str, ...]:
    """Return the modes without session if both targets have eager execution."""
    have_eager = all("eager" in target.modes for target in stored.targets if target.id in targets)
    return tuple(mode for mode in MODES if mode != "session" or not have_eager)


def _in_modes(found: Iterable[BehaviourChange], modes: tuple[str, ...]) -> Iterator[BehaviourChange]:
    for change in found:
        left = tuple(mode for mode in change.modes if set(mode.split(" -> ")) & set(modes))
        if left:
            yield msgspec.structs.replace(change, modes=left)


def _notes(found: Advice, stored: Results) -> Iterator[str]:
    one, other = (changes_table.title(stored, target) for target in (found.before, found.after))
    count = len({place.step.case for place in found.places})
    touch = (
        plural(count, "behaviour that it uses changes", "behaviours that it uses change")
        if count
        else "nothing that it uses changes"
    )
    yield f"{found.model}, traced on {found.traced}: {touch} from {one} to {other}."
    yield f"{plural(found.others, 'other change does', 'other changes do')} not affect it."
    if found.unreached:
        left = plural(len(found.unreached), "layer is", "layers are")
        yield f"{left} not considered, since no mask reaches them: {', '.join(found.unreached)}."
    yield f"Not measured: {' '.join(NOT_MEASURED)}"


def _where(place: Place) -> str:
    return ", ".join(place.layers) or "the model"


def _cells(place: Place, found: Advice, stored: Results) -> list[str]:
    change = place.step
    cells = [change.severity or "unknown", _where(place), change.case, ", ".join(change.modes), change.text]
    first = changes_table.first_changed_in(change, stored, found.before, found.after)
    return [*cells, changes_table.status(change), first]


def _markdown(found: Advice, stored: Results) -> Iterator[str]:
    yield " ".join(_notes(found, stored))
    if found.places:
        yield from ("", f"| {' | '.join(HEADINGS)} |", "| --- " * len(HEADINGS) + "|")
    for place in found.places:
        severity, where, case, modes, text, *rest = _cells(place, found, stored)
        yield f"| {' | '.join([severity, escape(where), code(case), modes, code(text), *map(escape, rest)])} |"


def _print(found: Advice, stored: Results) -> None:
    if found.places:
        options.print_table(HEADINGS, [_cells(place, found, stored) for place in found.places])
    for note in _notes(found, stored):
        click.echo(note)
