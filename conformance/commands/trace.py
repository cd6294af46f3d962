"""`conformance trace`: traces the masks in a user's own model."""

from pathlib import Path
from typing import Any

import click

from conformance.commands import model_options, options
from conformance.commands.context import pass_project
from conformance.files import write_text
from conformance.inspection import table
from conformance.inspection.svg import draw
from conformance.inspection.trace import Trace
from conformance.project import Project


@click.command("trace")
@click.argument("model")
@model_options.options
@options.format_option
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also draw the trace into this file.")
@options.schema_option(Trace)
@pass_project
def trace_command(project: Project, /, model: str, format_: str, svg: Path | None, **where: Any) -> None:
    """Trace the masks in a model, layer by layer, while it is constructed and on a small batch.

    MODEL is a saved model, the JSON of `model.to_json()`, or module:function, a function without arguments that
    returns a model. For each call of a layer: the masks that go in and come out, and what happened: created,
    propagated, consumed, modified, combined, dropped silently or with a warning, ignored, rejected with an error.
    """
    found = model_options.inspect(project, model_options.ModelOptions(model, **where))
    if svg is not None:
        write_text(svg, draw(found))
    if format_ == "json":
        click.echo(options.as_json(found))
    elif format_ == "markdown":
        click.echo(markdown(found))
    else:
        _print(found)


def markdown(trace: Trace) -> str:
    """Return the table as Markdown, below a headline."""
    rows = [table.HEADINGS, ("---",) * len(table.HEADINGS)]
    rows += [tuple(options.cell_of_markdown(cell) for cell in row.cells("&emsp;")) for row in table.rows(trace)]
    return "\n".join([*table.headline(trace), "", *("| " + " | ".join(row) + " |" for row in rows)])


def _print(trace: Trace) -> None:
    for line in table.headline(trace):
        click.echo(line)
    options.print_table(table.HEADINGS, [row.cells("  ") for row in table.rows(trace)])
