"""`conformance check`: layers against the mask contract, in the current environment or on targets.

The options are those of `checks.command`, which parses them with what every Python has: it works without the host side.
"""

import sys

import click

from conformance.checks import command
from conformance.commands.context import pass_project
from conformance.project import Project


@click.command(
    "check",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_project
def check_command(project: Project, arguments: tuple[str, ...]) -> None:
    """Check your own layers against the mask contract."""
    asked = command.parser().parse_args(arguments)
    if not command.asks_for_targets(asked):
        sys.exit(command.run(asked))
    from conformance.commands import check_on_targets  # which a check in this environment need not wait for

    sys.exit(check_on_targets.check(project, asked))
