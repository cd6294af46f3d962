"""`conformance list`."""

import click

from conformance.commands.context import pass_project
from conformance.project import Project


@click.group("list")
def list_command() -> None:
    """List cases or targets."""


@list_command.command("cases")
@pass_project
def list_cases(project: Project) -> None:
    """List ids and titles of the cases."""
    for case in project.cases():
        click.echo(f"{case.id}\t{case.title}")


@list_command.command("targets")
@pass_project
def list_targets(project: Project) -> None:
    """List ids, tiers, Python versions, bases and modes of the targets."""
    for target in project.targets:
        click.echo(
            f"{target.id}\t{target.tier}\tPython {target.base.python}\t{target.base.title}\t{', '.join(target.modes)}"
        )
