"""The commands of `conformance`; the module of a command is imported when it is used."""

import signal
from importlib import import_module

import click

from conformance import __version__
from conformance.local.errors import Unavailable, UsageError, said

COMMANDS = {
    "run": ("run", "Run the cases on targets and write the report."),
    "check": ("check", "Check your own layers against the mask contract."),
    "compare": ("compare", "Show every behaviour that differs between two targets, silent changes first."),
    "bisect": ("bisect", "Find the release that changed what CASE does."),
    "advise": (
        "advise",
        "Show which changes between two targets affect what a model uses: layers, masks, losses, metrics, saving.",
    ),
    "trace": ("trace", "Trace the masks in a model, layer by layer, while it is constructed and on a small batch."),
    "repro": ("repro", "Print a stand-alone script of CASE on a target, to be run with `uv run`."),
    "gate": ("gate", "Compare results with the expectations."),
    "expectations": ("gate", "Maintain the expectations of `gate`."),
    "list": ("list", "List cases or targets."),
    "report": ("report", "Judge stored results again and write the report."),
    "cells": ("report", "Print stored results, one JSON object per cell."),
    "docs": ("report", "Write cases.md from the cases; findings.md and the counts in other documents from results."),
    "schema": ("report", "Print the JSON Schema of a file that a run writes: results.json or changes.json."),
    "plan": ("shards", "Show how targets are divided among N machines, for `run --shard`."),
    "merge": ("shards", "Merge the results of shards, or of targets that were run separately, into one report."),
    "lock": ("lock", "Resolve the requirements of targets into lock files."),
}
"""Module in `commands` and short help by name; a test compares them with the commands themselves."""


class _CouldNotRun(click.ClickException):
    exit_code = 3


class _LazyGroup(click.Group):
    """Imports a command when it is used, and turns errors into one line.

    A `UsageError` exits with 2, as those of click do; `Unavailable`, or a disk that refuses, with 3.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _ = COMMANDS[name]
        command = getattr(import_module(f"conformance.commands.{module}"), f"{name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except UsageError as error:
            raise click.UsageError(str(error)) from error
        except Unavailable as error:
            raise _CouldNotRun(str(error)) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise _CouldNotRun(said(error)) from error


@click.group(cls=_LazyGroup)
@click.version_option(__version__)
def main() -> None:
    """Measure what masks do in Keras, on many versions of it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a terminated run ends its workers as well


if __name__ == "__main__":
    main()
