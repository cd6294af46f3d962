"""`conformance repro`."""

from pathlib import Path

import click
import msgspec

from conformance.commands import options
from conformance.commands.context import pass_project
from conformance.project import Project
from conformance.repro.execute import execute
from conformance.repro.header import dependencies
from conformance.repro.issue import issue
from conformance.repro.request import make_request


class Reproduction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell and its script.

    Attributes:
        python: Python version in the metadata of the script.
        dependencies: Requirements in the metadata of the script.
        issue: Text of --issue, None without it.
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
@click.option("--target", required=True, metavar="ID", help="Target to reproduce the case on.")
@click.option(
    "--mode", metavar="MODE", help="eager, graph, session or jit.  [default: the first that the case runs in]"
)
@click.option("--issue", "as_issue", is_flag=True, help="Run the script and print the text of an upstream issue.")
@click.option(
    "--results",
    "path",
    type=click.Path(path_type=Path),
    help="Use these results to detect unsupported cells early.  [default: the last run, else what is published]",
)
@options.format_option
@options.schema_option(Reproduction)
@pass_project
def repro_command(
    project: Project, case: str, target: str, mode: str | None, as_issue: bool, path: Path | None, format_: str
) -> None:
    """Print a stand-alone script of CASE on a target, to be run with `uv run`.

    The script exits with 0 if the case conforms and with 1 if it deviates or raises. The format "table" prints the
    script alone, "markdown" prints it as a code block.
    """
    stored = options.stored_results(path)
    request = make_request(case, target, mode, project.bundle, project.targets, stored, project.crashes)
    text = None
    if as_issue:
        done = execute(request.script, request.target, project.provision(request.target))
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
