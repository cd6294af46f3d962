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
    "--target", "target_ids", multiple=True, metavar="ID", help="Only this target, with its base. Repeatable."
)
@click.option("--upgrade", is_flag=True, help="Resolve bases that have a lock as well: other targets stand on it.")
def lock_command(target_ids: tuple[str, ...], upgrade: bool) -> None:
    """Resolve what targets require into their locks, and what their bases require if they have no lock yet.

    A base that is resolved again gets what is newest, so every target on it is built and measured again.
    """
    chosen = registry.choose(registry.load(), list(target_ids), "history")
    wanted: list[registry.Base | registry.Target] = []
    for base in {target.base.id: target.base for target in chosen}.values():
        if base.lock.is_file() and not upgrade:
            click.echo(f"{base.lock.name}: is there; --upgrade resolves it again")
        else:
            wanted.append(base)
    wanted += [target for target in chosen if target.own]
    failed = False
    for one in wanted:
        try:
            lock = install.lock(one)
            click.echo(f"{lock.name}: {len(registry.pins(lock))} pins")
        except Unavailable as why:
            click.echo(f"{one.id}: {why}", err=True)
            failed = True
    sys.exit(3 if failed else 0)
