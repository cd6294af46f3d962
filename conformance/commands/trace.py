"""`conformance trace`: follows the mask through a user's own model."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance import results
from conformance.commands import inspected
from conformance.inspection import picture, tell
from conformance.inspection.trace import Trace, schema

WIDTH = 220  # characters of a line, where it does not go to a terminal


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(json.dumps(schema(), indent=1))
        context.exit()


@click.command("trace")
@click.argument("model")
@inspected.options
@click.option("--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True)
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also draw it into this file.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of --format json.",
)
def trace_command(model: str, form: str, svg: Path | None, **where: Any) -> None:
    """Follow the mask through a model, layer by layer, while it is constructed and on a small batch.

    MODEL is a saved model, the JSON of `model.to_json()`, or module:function, a function without arguments that
    returns a model. For each call of a layer: the masks that go in and come out, and what happened: produced,
    passed, consumed, replaced, merged, dropped silently or with a warning, refused with an error.
    """
    found = inspected.inspect(model, **where)
    if svg is not None:
        results.write_text(svg, picture.svg(found))
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
    elif form == "markdown":
        click.echo(markdown(found))
    else:
        _print(found)


def markdown(trace: Trace) -> str:
    """The table, and before it what it is about."""
    rows = [tell.HEADINGS, ("---",) * len(tell.HEADINGS)]
    rows += [tuple(cell.replace("|", "\\|") for cell in row.cells("&emsp;")) for row in tell.rows(trace)]
    return "\n".join([*tell.headline(trace), "", *("| " + " | ".join(row) + " |" for row in rows)])


def _print(trace: Trace) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for line in tell.headline(trace):
        console.print(Text(line))
    table = Table(*tell.HEADINGS, box=None, pad_edge=False)
    for row in tell.rows(trace):
        table.add_row(*map(Text, row.cells("  ")))  # texts of a target are no markup
    console.print(table)
