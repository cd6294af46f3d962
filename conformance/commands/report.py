"""`conformance report`, `cells`, `docs` and `schema`: what is made of stored results."""

import json
from pathlib import Path

import click
import msgspec

from conformance import results
from conformance.cache import cache_folder
from conformance.commands import options
from conformance.files import write_text
from conformance.judging import expectations
from conformance.judging.judge import judge_all
from conformance.local import bundle
from conformance.local.errors import UsageError
from conformance.report import changes, documents
from conformance.report.folder import write_report
from conformance.repro.suite_scripts import scripts_for
from conformance.suite import catalogue


@click.command("report")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored)
@options.out_option(help="Folder to write to.  [default: where the results are]")
def report_command(path: Path, out: Path | None) -> None:
    """Judge stored results again and write the report from them."""
    out = out or (path if path.is_dir() else path.parent)
    if out == results.PUBLISHED != results.CHECKOUT:
        raise UsageError(f"{out} is a part of the installed package: name a folder with --out, or other results")
    found = results.read(path)
    judge_all(found)
    write_report(found, expectations.load(), out, scripts_for)
    click.echo(out / "index.html")


@click.command("cells")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored)
def cells_command(path: Path) -> None:
    """Print one JSON object per cell of the results."""
    for cell in results.read(path).cells:
        about = {name: getattr(cell, name) for name in ("case", "target", "mode", "verdict", "fingerprint", "seconds")}
        if cell.reason:
            about["reason"] = cell.reason
        click.echo(msgspec.json.encode(about))


@click.command("docs")
@click.argument("path", type=click.Path(path_type=Path), default=results.PUBLISHED)
@options.out_option(default=Path("docs"), show_default=True, help="Folder.")
def docs_command(path: Path, out: Path) -> None:
    """Write cases.md from the cases, and findings.md from stored results."""
    cases = catalogue.collect(bundle.make_bundle(cache_folder()))
    for name, text in documents.documents(cases, results.read(path), expectations.load()):
        write_text(out / name, text)
        click.echo(out / name)


@click.command("schema")
@click.argument("name", type=click.Choice(["results", "changes"]), default="results")
def schema_command(name: str) -> None:
    """Print the JSON Schema of results.json or of changes.json."""
    click.echo(json.dumps(results.schema() if name == "results" else changes.schema(), indent=1))
