"""`conformance report`, `cells`, `docs` and `schema`: commands that use stored results."""

import json
from pathlib import Path

import click
import msgspec

from conformance import results
from conformance.commands import options
from conformance.commands.context import pass_project
from conformance.commands.finish import write
from conformance.files import write_text
from conformance.judging.judge import judge_all
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.report import changes, documents


@click.command("report")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored)
@options.out_option(help="Write the report here.  [default: beside the results]")
@pass_project
def report_command(project: Project, path: Path, out: Path | None) -> None:
    """Judge stored results again and write the report.

    PATH is a results file or its folder, by default that of the last run.
    """
    out = out or (path if path.is_dir() else path.parent)
    if out == results.PUBLISHED != results.CHECKOUT:
        raise UsageError(f"{out} is a part of the installed package: name a folder with --out, or other results")
    found = results.read(path)
    judge_all(found)
    write(project, found, project.expectations(), out)
    click.echo(out / "index.html")


@click.command("cells")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored)
def cells_command(path: Path) -> None:
    """Print stored results, one JSON object per cell."""
    for cell in results.read(path).cells:
        about = {name: getattr(cell, name) for name in ("case", "target", "mode", "verdict", "fingerprint", "seconds")}
        if cell.reason:
            about["reason"] = cell.reason
        click.echo(msgspec.json.encode(about))


@click.command("docs")
@click.argument("path", type=click.Path(path_type=Path), default=results.PUBLISHED)
@options.out_option(default=Path("docs"), show_default=True, help="Write the documents here.")
@pass_project
def docs_command(project: Project, path: Path, out: Path) -> None:
    """Write cases.md from the cases; findings.md and the counts in other documents from results."""
    stored, expectations = results.read(path), project.expectations()
    for name, text in documents.documents(project.cases(), stored, expectations):
        write_text(out / name, text)
        click.echo(out / name)
    for file in sorted(out.glob("*.md")):
        before = file.read_text(encoding="utf-8")
        text = documents.with_headlines(before, stored, expectations)
        if text != before:
            write_text(file, text)
            click.echo(file)


@click.command("schema")
@click.argument("name", type=click.Choice(["results", "changes"]), default="results")
def schema_command(name: str) -> None:
    """Print the JSON Schema of a file that a run writes: results.json or changes.json."""
    click.echo(json.dumps(results.schema() if name == "results" else changes.schema(), indent=1))
