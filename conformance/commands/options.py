"""What commands have in common: options, and how results are printed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from conformance.results import schema_of
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
    """Return `--tier`; others: choices beside the tiers."""
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


def as_json(data: msgspec.Struct) -> str:
    """Return indented JSON."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1).decode()


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal; elsewhere each row is one line."""
    console = Console()
    if not console.is_terminal:
        console.width = 10_000
    console.print(table, markup=False, highlight=False)


def cell_of_markdown(text: str) -> str:
    """Return text that is safe in a cell of a Markdown table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
