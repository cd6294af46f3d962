"""`conformance advise`: which steps between two columns touch what a user's own model uses."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from conformance.commands import model_options, options
from conformance.commands import pair as pairs
from conformance.inspection.advice import Advice, Place, advise
from conformance.judging import expectations
from conformance.judging.compare import Comparer, Step
from conformance.local.errors import UsageError
from conformance.report import steps as steps_
from conformance.report.text import code, escape, plural
from conformance.results import Results
from conformance.vocabulary import MODES

HEADINGS = ("severity", "in the model", "behaviour", "modes", "what changes", "promise", "first column")


@click.command("advise")
@click.argument("model")
@click.option("--from", "before", metavar="COLUMN", required=True, help="What is used now, as for `compare`.")
@click.option("--to", "after", metavar="COLUMN", required=True, help="A later one.")
@options.results_option
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice(MODES),
    help="Only in this mode. Repeatable.  [default: all but session, if both columns have eager]",
)
@model_options.options
@options.format_option
@options.schema_option(Advice)
def advise_command(
    model: str, before: str, after: str, path: Path | None, modes: tuple[str, ...], format_: str, **where: Any
) -> None:
    """Show which steps between two columns touch what a model uses: layers, masks, merges, losses, metrics, saving.

    MODEL is as for `trace`, which is asked first where masks are: what no mask reaches is left out.
    """
    names = pairs.Names(before, after, path)
    if names.are_reversed():
        raise UsageError(f"{after} does not come after {before}")
    trace = model_options.inspect(model, **where)
    pair = names.find(lambda cases: cases, modes)
    stored, columns = pair.results, (pair.first, pair.second)
    chosen = modes or _usual_modes(stored, *columns)
    steps = list(_in_modes(Comparer(stored, expectations.load()).steps(*columns), chosen))
    found = advise(model, trace, stored, steps, *columns)
    if format_ == "json":
        click.echo(options.as_json(found))
    elif format_ == "markdown":
        click.echo("\n".join(_markdown(found, stored)))
    else:
        _print(found, stored)


def _usual_modes(stored: Results, *columns: str) -> tuple[str, ...]:
    """Who has eager execution does not run sessions, unless --mode says so."""
    have_eager = all("eager" in target.modes for target in stored.targets if target.id in columns)
    return tuple(mode for mode in MODES if mode != "session" or not have_eager)


def _in_modes(found: Iterable[Step], modes: tuple[str, ...]) -> Iterator[Step]:
    for step in found:
        left = tuple(mode for mode in step.modes if set(mode.split(" -> ")) & set(modes))
        if left:
            yield msgspec.structs.replace(step, modes=left)


def _notes(found: Advice, stored: Results) -> Iterator[str]:
    columns = (found.before, found.after)
    one, other = (steps_.title(stored, column) for column in columns)
    count = len({place.step.case for place in found.places})
    touch = (
        plural(count, "behaviour that it uses changes", "behaviours that it uses change")
        if count
        else "nothing that it uses changes"
    )
    yield f"{found.model}, traced on {found.traced}: {touch} from {one} to {other}."
    yield f"{plural(found.others, 'other step does', 'other steps do')} not touch it."
    if found.unreached:
        left = plural(len(found.unreached), "layer that no mask reaches is", "layers that no mask reaches are")
        yield f"{left} left out: {', '.join(found.unreached)}."


def _where(place: Place) -> str:
    return ", ".join(place.layers) or "the model"


def _cells(place: Place, found: Advice, stored: Results) -> list[str]:
    step = place.step
    promise = f"{step.before.promise} -> {step.after.promise}"
    since = steps_.since(step, stored, found.before, found.after)
    return [step.severity or "unknown", _where(place), step.case, ", ".join(step.modes), step.text, promise, since]


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
