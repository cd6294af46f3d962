"""What commands have in common."""

import json
from collections.abc import Callable
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

FORMATS = ("table", "json", "markdown")

format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True, help="What is printed."
)


def schema_option(struct: type[msgspec.Struct]) -> Callable[[Any], Any]:
    """`--schema`: print the JSON Schema of what `--format json` prints, and do nothing else."""

    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            described = msgspec.json.schema(struct)
            click.echo(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **described}, indent=1))
            context.exit()

    return click.option(
        "--schema", is_flag=True, is_eager=True, expose_value=False, callback=show, help="Print the schema of the JSON."
    )


def as_json(data: msgspec.Struct) -> str:
    """Indented, for people and programs."""
    return msgspec.json.format(msgspec.json.encode(data), indent=1).decode()


def print_table(table: Table) -> None:
    """As wide as the terminal; elsewhere a row is a line."""
    console = Console()
    if not console.is_terminal:
        console.width = 10_000
    console.print(table, markup=False, highlight=False)


def cell_of_markdown(text: str) -> str:
    """Text that is safe in a cell of a Markdown table."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
