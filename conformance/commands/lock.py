"""`conformance lock`."""

import sys

import click

from conformance.commands.context import pass_project
from conformance.local.errors import Unavailable
from conformance.project import Project
from conformance.targets import install, registry


@click.command("lock")
@click.option(
    "--target",
    "target_ids",
    multiple=True,
    metavar="ID|TAG",
    help="Resolve only these targets and their bases. Repeatable.",
)
@click.option("--upgrade", is_flag=True, help="Resolve bases that have a lock as well: other targets stand on it.")
@pass_project
def lock_command(project: Project, target_ids: tuple[str, ...], upgrade: bool) -> None:
    """Resolve the requirements of targets into lock files.

    A base that has a lock is left alone: resolved again it gets what is newest, and every target on it is built and
    measured again.

    Exit code: 0 all were resolved; 2 usage; 3 one could not be.
    """
    chosen = project.choose(target_ids, "history")
    wanted: list[registry.Base | registry.Target] = []
    for base in {target.base.id: target.base for target in chosen}.values():
        if base.lock.is_file() and not upgrade:
            click.echo(f"{base.lock.name}: exists; pass --upgrade to resolve it again")
        else:
            wanted.append(base)
    wanted += [t for t in chosen if t.own]
    failed = False
    for one in wanted:
        try:
            lock = install.lock(one)
            click.echo(f"{lock.name}: {len(registry.pins(lock))} pins")
        except Unavailable as why:
            click.echo(f"{one.id}: {why}", err=True)
            failed = True
    sys.exit(3 if failed else 0)
