"""What commands have in common: options, and how results are printed."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from conformance import results
from conformance.results import Results, schema_of
from conformance.targets.registry import TIERS
from conformance.vocabulary import MODES

FORMATS = ("table", "json", "markdown")

format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True, help="Output format."
)
case_option = click.option(
    "--case", "patterns", multiple=True, metavar="GLOB", help="Run only these cases. Repeatable."
)
mode_option = click.option(
    "--mode", "modes", multiple=True, type=click.Choice(MODES), help="Run only in this mode. Repeatable."
)
target_option = click.option(
    "--target", "target_ids", multiple=True, metavar="ID|TAG", help="Run only these targets. Repeatable."
)
results_option = click.option(
    "--results",
    "path",
    type=click.Path(path_type=Path),
    help="Read results from here; missing cells are measured.  [default: the last run, else what is published]",
)
expectations_option = click.option(
    "--expectations",
    "file",
    type=click.Path(path_type=Path),
    help="Use these expectations instead of those of the suite.",
)
allow_not_run_option = click.option("--allow-not-run", is_flag=True, help="Do not fail because a target could not run.")
annotations_option = click.option(
    "--annotations",
    is_flag=True,
    envvar="GITHUB_ACTIONS",
    help="Print annotations for GitHub Actions.  [default: in its jobs]",
)


def out_option(**more: Any) -> Callable[[Any], Any]:
    """Return `--out`, the folder to write to."""
    return click.option("--out", type=click.Path(path_type=Path), **({"help": "Write the report here."} | more))


def tier_option(*others: str, **more: Any) -> Callable[[Any], Any]:
    """Return `--tier`.

    Args:
        *others: Choices beside the tiers.
        **more: Arguments of `click.option`.
    """
    described = {"help": "Run all targets of this tier."} | more
    return click.option("--tier", type=click.Choice([*others, *TIERS]), **described)


def schema_option(struct: type[msgspec.Struct]) -> Callable[[Any], Any]:
    """Return `--schema`: print the JSON Schema of what `--format json` prints, and do nothing else."""

    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            described = {"title": context.command_path, **schema_of(struct)}
            click.echo(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **described}, indent=1))
            context.exit()

    return click.option(
        "--schema",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the JSON Schema of --format json and exit.",
    )


def stored_results(path: Path | None) -> Results | None:
    """Return results at `path`; without one those of the last run here, else the published ones, and say which.

    Returns:
        None if none is named and there are none.
    """
    found = results.read_stored(path)
    if found and path is None:
        which = "the last run here" if results.stored() == results.LATEST else "what is published with this program"
        first, last = (moment[:10] for moment in found.measured())
        when = first if first == last else f"{first} to {last}"
        click.echo(f"Results: {which}, measured {when}: {results.file_in(results.stored())}", err=True)
    return found


def as_json(data: msgspec.Struct) -> str:
    """Return indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1).decode()


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as wide as the terminal; elsewhere each row is one line.

    Args:
        headings: Headings of the columns.
        rows: Texts of the cells; nothing in them is markup.
    """
    if sys.stdout.isatty() or os.environ.get("FORCE_COLOR"):
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*headings, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table, markup=False, highlight=False)
        return
    lines = [headings, *([" ".join(text.splitlines()) for text in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)))


def _width(text: str) -> int:
    """Return the number of character cells that a text takes in a terminal."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len  # here: few texts need it

    return cell_len(text)


def cell_of_markdown(text: str) -> str:
    """Return text that is safe in a cell of a Markdown table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
