"""`conformance list` and `conformance lock`: the cases and columns that there are."""

import sys

import click

from conformance.cache import cache_folder
from conformance.local import bundle
from conformance.local.errors import Unavailable
from conformance.suite import catalogue
from conformance.targets import install, registry


@click.group("list")
def list_group() -> None:
    """Show what there is."""


@list_group.command("cases")
def list_cases() -> None:
    """Ids and titles of the cases."""
    for case in catalogue.collect(bundle.make_bundle(cache_folder())):
        click.echo(f"{case.id}\t{case.title}")


@list_group.command("targets")
def list_targets() -> None:
    """Ids, tiers and modes of the columns."""
    for target in registry.load():
        click.echo(
            f"{target.id}\t{target.tier}\tPython {target.base.python}\t{target.base.title}\t{', '.join(target.modes)}"
        )


@click.command("lock")
@click.option(
    "--target", "target_ids", multiple=True, metavar="ID", help="Only this column, with its base. Repeatable."
)
def lock_command(target_ids: tuple[str, ...]) -> None:
    """Resolve what the columns and their bases require into their locks."""
    chosen = registry.choose(registry.load(), list(target_ids), "history")
    wanted: list[registry.Base | registry.Target] = [*{t.base.id: t.base for t in chosen}.values()]
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
