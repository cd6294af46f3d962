"""`conformance repro`."""

from pathlib import Path

import click
import msgspec

from conformance.cache import cache_folder
from conformance.commands import options
from conformance.local import bundle
from conformance.repro.execute import execute
from conformance.repro.header import dependencies
from conformance.repro.issue import issue
from conformance.repro.request import make_request
from conformance.targets import install, registry


class Reproduction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell and its script.

    python, dependencies: as the script's metadata has them; issue: the text of --issue, None without it.
    """

    case: str
    target: str
    mode: str
    python: str
    dependencies: list[str]
    script: str
    issue: str | None


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
@options.format_option
@options.schema_option(Reproduction)
def repro_command(case: str, target: str, mode: str | None, as_issue: bool, path: Path | None, format_: str) -> None:
    """Print a stand-alone script of what CASE does on a column, to be run with `uv run`.

    Its exit code is 0 if the case conforms there, and 1 if it deviates or raises. The format "table" is the script
    alone, "markdown" the script as a block of code.
    """
    cache = cache_folder()
    stored = options.stored_results(path)
    request = make_request(case, target, mode, bundle.make_bundle(cache), registry.load(), stored)
    text = None
    if as_issue:
        done = execute(request.script, request.target, install.provision(request.target, cache))
        text = issue(request, done)
    if format_ == "json":
        told = Reproduction(
            case=request.case.id,
            target=request.target.id,
            mode=request.mode,
            python=request.target.base.python,
            dependencies=dependencies(request.target),
            script=request.script,
            issue=text,
        )
        click.echo(options.as_json(told))
    elif text is not None:
        click.echo(text, nl=False)
    else:
        click.echo(f"```python\n{request.script}```\n" if format_ == "markdown" else request.script, nl=False)
