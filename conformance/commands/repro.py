"""`conformance repro`."""

from pathlib import Path

import click

from conformance import bundle, provision, results, targets
from conformance.cache import cache_folder
from conformance.repro.execute import execute
from conformance.repro.issue import issue
from conformance.repro.request import make_request


@click.command("repro")
@click.argument("case")
@click.option("--target", required=True, metavar="ID", help="The column.")
@click.option("--mode", metavar="MODE", help="eager, graph, session or jit.  [default: the first that there is]")
@click.option("--issue", "as_issue", is_flag=True, help="As text for an upstream issue; this runs the script.")
@click.option(
    "--results",
    "path",
    type=click.Path(path_type=Path),
    help="Results that may know that there is nothing to see.  [default: of the last run, else what is published]",
)
def repro_command(case: str, target: str, mode: str | None, as_issue: bool, path: Path | None) -> None:
    """Print a stand-alone script of what CASE does on a column, to be run with `uv run`.

    Its exit code is 0 if the case conforms there, and 1 if it deviates or raises.
    """
    cache = cache_folder()
    stored = results.read(path or results.stored()) if path or results.stored().is_dir() else None
    request = make_request(case, target, mode, bundle.make_bundle(cache), targets.load(), stored)
    if not as_issue:
        click.echo(request.script, nl=False)
        return
    done = execute(request.script, request.target, provision.provision(request.target, cache))
    click.echo(issue(request, done), nl=False)
