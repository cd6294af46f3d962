"""The commands of `conformance`; the work is done elsewhere."""

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from conformance import (
    __version__,
    adhoc,
    bundle,
    catalogue,
    cluster,
    expectations,
    here,
    memory,
    merge,
    nearest,
    plan,
    provision,
    results,
    runner,
    shards,
    targets,
)
from conformance.cache import cache_folder
from conformance.checks import command as checks_command
from conformance.commands import advise, bisect, compare, gate, repro, trace
from conformance.conclusion import conclude, say
from conformance.errors import Unavailable, UsageError, said
from conformance.judge import judge_all
from conformance.previous import Previous
from conformance.progress import make_progress
from conformance.report import changes, documents, write_report
from conformance.repro.suite import scripts_for

annotations_option = click.option(
    "--annotations",
    is_flag=True,
    envvar="GITHUB_ACTIONS",
    help="Print what is not as expected for GitHub Actions.  [default: in its jobs]",
)


class _CouldNotRun(click.ClickException):
    exit_code = 3


class _Group(click.Group):
    """Shows a `UsageError` as one line and exits with 2, as click does; with 3 if the disk or a column refuses."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except UsageError as error:
            raise click.UsageError(str(error)) from error
        except Unavailable as error:
            raise _CouldNotRun(str(error)) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise _CouldNotRun(said(error)) from error


@click.group(cls=_Group)
@click.version_option(__version__)
def main() -> None:
    """Mask behaviour of Keras, measured on many versions."""


@main.command("run")
@click.option("--target", "target_ids", multiple=True, metavar="ID|TAG", help="Only these columns. Repeatable.")
@click.option(
    "--tier",
    type=click.Choice(["none", *targets.TIERS]),
    help="Which columns.  [default: core; none with --here]",
)
@click.option(
    "--with",
    "requirements",
    multiple=True,
    metavar="REQUIREMENT",
    help="One more column has this: a version, a range, a wheel, a folder of sources. Repeatable.",
)
@click.option(
    "--here",
    "interpreter",
    is_flag=False,
    flag_value="",
    metavar="[PYTHON]",
    help="One more column: the current environment, or that of an interpreter, as it is.",
)
@click.option("--python", metavar="X.Y", help="The Python of the column that --with asks for.")
@click.option("--front-end", type=click.Choice([*nearest.FRONT_ENDS]), help="Which Keras of --with or --here.")
@click.option("--backend", metavar="NAME", help="What the Keras of --with or --here computes with.")
@click.option("--case", "patterns", multiple=True, metavar="GLOB", help="Only these cases. Repeatable.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(targets.MODES), help="Only this mode. Repeatable.")
@click.option("--shard", metavar="I/N", help="Only the columns of this shard (see `conformance plan`).")
@click.option("--executor", metavar="dask://HOST:PORT", help="Run each column on a machine of this Dask cluster.")
@click.option("--jobs", type=click.IntRange(1), help="Workers at a time.  [default: number of cores]")
@click.option(
    "--out", type=click.Path(path_type=Path), default=results.LATEST, show_default=True, help="Folder of the report."
)
@click.option("--no-cache", is_flag=True, help="Measure again what earlier runs have observed.")
@click.option("--only-failed", is_flag=True, help="Measure again what failed in the results in OUT; keep the rest.")
@click.option("--only-missing", is_flag=True, help="Measure what the results in OUT do not have; keep the rest.")
@click.option("--allow-not-run", is_flag=True, help="A column that cannot run here does not fail the run.")
@annotations_option
def run_command(
    target_ids: tuple[str, ...],
    tier: str | None,
    requirements: tuple[str, ...],
    interpreter: str | None,
    python: str | None,
    front_end: str | None,
    backend: str | None,
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    shard: str | None,
    executor: str | None,
    jobs: int | None,
    out: Path,
    no_cache: bool,
    only_failed: bool,
    only_missing: bool,
    allow_not_run: bool,
    annotations: bool,
) -> None:
    """Run the cases and write the report.

    Exit code: 0 every planned cell was measured and is as expected; 1 a cell is not as
    expected, a column did not run or the run itself went wrong; 2 usage; 3 nothing could run.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a terminated run ends its workers as well
    console = Console(stderr=True)
    if no_cache + only_failed + only_missing > 1:
        raise UsageError("--no-cache, --only-failed and --only-missing exclude each other")
    stored = Previous(results.read(out), only_failed) if only_failed or only_missing else None
    cache = cache_folder()
    known = expectations.load()
    tier = tier or ("core" if interpreter is None else "none")
    chosen_targets = targets.choose(targets.load(), list(target_ids), tier)
    the_bundle = bundle.make_bundle(cache)
    say(console, [f"resolving {', '.join(requirements)}"] if requirements else [])
    added = _undeclared(adhoc.Asked(requirements, python, front_end, backend), interpreter, the_bundle, cache)
    chosen_targets += [column.target for column in added]
    environments = {column.target.id: column.environment for column in added}
    cases = catalogue.choose(catalogue.collect(the_bundle), list(patterns))
    chosen_modes = list(modes or targets.MODES)
    the_plan = plan.make_plan(cases, chosen_targets, chosen_modes)
    # Only where every column is run can an expectation be found to match nothing.
    complete = tier == "history" and not (target_ids or patterns or modes)
    this_shard = None
    if shard:
        this_shard, chosen_targets = shards.choose(shard, the_plan, chosen_targets, chosen_modes, complete)
        the_plan = plan.make_plan(cases, chosen_targets, chosen_modes)
    out.mkdir(parents=True, exist_ok=True)  # told now, not after an hour
    if executor:
        if shard or added or stored:
            raise UsageError("--executor takes neither --shard, --with, --here nor --only-...")
        chosen = {"tier": [tier], "target": target_ids, "case": patterns, "mode": modes}
        arguments = [f"--{option}={value}" for option, given in chosen.items() for value in given]
        arguments += ["--no-cache"] if no_cache else []
        found, complete = _on_cluster(executor, arguments, len(chosen_targets), console)
        sys.exit(conclude(found, known, out, console, complete, allow_not_run, annotations))
    with make_progress(the_plan, console) as progress:
        found = runner.run(
            the_plan,
            cases,
            chosen_targets,
            the_bundle,
            memory.Memory(cache, the_bundle, fresh=no_cache),
            lambda t: environments[t.id]() if t.id in environments else provision.provision(t, cache),
            progress,
            jobs or os.cpu_count() or 1,
            previous=stored,
        )
    found.shard = this_shard
    sys.exit(conclude(found, known, out, console, complete and not shard, allow_not_run, annotations))


@main.command("plan")
@click.option("--target", "target_ids", multiple=True, metavar="ID|TAG", help="Only these columns. Repeatable.")
@click.option("--tier", type=click.Choice(targets.TIERS), default="core", show_default=True, help="Which columns.")
@click.option("--case", "patterns", multiple=True, metavar="GLOB", help="Only these cases. Repeatable.")
@click.option("--mode", "modes", multiple=True, type=click.Choice(targets.MODES), help="Only this mode. Repeatable.")
@click.option("--shards", "count", type=click.IntRange(1), required=True, metavar="N", help="How many machines.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, the matrix of a GitHub Actions workflow.")
def plan_command(
    target_ids: tuple[str, ...],
    tier: str,
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    count: int,
    as_json: bool,
) -> None:
    """Show how the columns are split over N machines, for `run --shard`.

    Columns are whole and those that share a base are together, where that leaves no shard with more work.
    Cells are those that execute something.
    """
    chosen_targets = targets.choose(targets.load(), list(target_ids), tier)
    cases = catalogue.choose(catalogue.collect(bundle.make_bundle(cache_folder())), list(patterns))
    the_plan = plan.make_plan(cases, chosen_targets, list(modes or targets.MODES))
    parts = shards.describe(the_plan, chosen_targets, count)
    if as_json:
        click.echo(json.dumps({"include": parts}))
        return
    table = Table("shard", "cells", "columns", box=None)
    for part in parts:
        table.add_row(part["shard"], str(part["cells"]), ", ".join(part["targets"]))
    Console().print(table, markup=False, highlight=False)


@main.command("merge")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the report.")
@click.option(
    "--allow-not-run", is_flag=True, help="A column that could not run where it should does not fail the merge."
)
@annotations_option
def merge_command(paths: tuple[Path, ...], out: Path, allow_not_run: bool, annotations: bool) -> None:
    """Make one report of several: of the shards of a plan, or of columns that were run separately.

    PATHS are results files or their folders. Exit code: as that of `run`; 1 as well if
    parts contradict each other, then nothing is written, or if a shard is missing.
    """
    console = Console(stderr=True)
    known = expectations.load()
    try:
        found, complete = merge.merge(paths, [t.id for t in targets.load()])
    except merge.Disagreement as error:
        say(console, [*error.lines, f"{error}; nothing is written"])
        sys.exit(1)
    sys.exit(conclude(found, known, out, console, complete, allow_not_run, annotations))


def _on_cluster(executor: str, arguments: list[str], count: int, console: Console) -> tuple[results.Results, bool]:
    """The results of all columns, and whether that is the whole history."""
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        parts = cluster.run_shards(executor, arguments, count, Path(folder), lambda line: say(console, [line]))
        if not parts:
            raise _CouldNotRun(f"no column could be run on {executor}")
        return merge.merge(parts, [t.id for t in targets.load()])


def _undeclared(
    asked: adhoc.Asked, interpreter: str | None, the_bundle: bundle.Bundle, cache: Path
) -> list[adhoc.Column]:
    """The columns of --with and --here."""
    if not asked.requirements and (asked.python or (interpreter is None and (asked.front_end or asked.backend))):
        raise UsageError("--python belongs to --with, --front-end and --backend belong to --with or --here")
    added = [adhoc.column(asked, targets.load(), cache)] if asked.requirements else []
    if interpreter is not None:
        added.append(here.column(interpreter, asked, targets.load(), the_bundle))
    return added


@main.command("report")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to (default: where the results are).")
def report_command(path: Path, out: Path | None) -> None:
    """Judge stored results again and write the report from them."""
    found = results.read(path)
    judge_all(found)
    out = out or (path if path.is_dir() else path.parent)
    write_report(found, expectations.load(), out, scripts_for)
    click.echo(out / "index.html")


@main.command("cells")
@click.argument("path", type=click.Path(path_type=Path), default=results.stored)
def cells_command(path: Path) -> None:
    """Print one JSON object per cell of the results."""
    for cell in results.read(path).cells:
        about = {name: getattr(cell, name) for name in ("case", "target", "mode", "verdict", "fingerprint", "seconds")}
        if cell.reason:
            about["reason"] = cell.reason
        click.echo(msgspec.json.encode(about))


@main.command("docs")
@click.argument("path", type=click.Path(path_type=Path), default=results.PUBLISHED)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs"), show_default=True, help="Folder.")
def docs_command(path: Path, out: Path) -> None:
    """Write cases.md and findings.md from stored results."""
    for name, text in documents.documents(results.read(path), expectations.load()):
        results.write_text(out / name, text)
        click.echo(out / name)


@main.command("schema")
@click.argument("name", type=click.Choice(["results", "changes"]), default="results")
def schema_command(name: str) -> None:
    """Print the JSON Schema of results.json or of changes.json."""
    click.echo(json.dumps(results.schema() if name == "results" else changes.schema(), indent=1))


@main.group("list")
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
    for target in targets.load():
        click.echo(
            f"{target.id}\t{target.tier}\tPython {target.base.python}\t{target.base.title}\t{', '.join(target.modes)}"
        )


@main.command("lock")
@click.option(
    "--target", "target_ids", multiple=True, metavar="ID", help="Only this column, with its base. Repeatable."
)
def lock_command(target_ids: tuple[str, ...]) -> None:
    """Resolve what the columns and their bases require into their locks."""
    chosen = targets.choose(targets.load(), list(target_ids), "history")
    wanted: list[targets.Base | targets.Target] = [*{t.base.id: t.base for t in chosen}.values()]
    wanted += [t for t in chosen if t.own]
    failed = False
    for one in wanted:
        try:
            lock = provision.lock(one)
            click.echo(f"{lock.name}: {len(targets.pins(lock))} pins")
        except Unavailable as why:
            click.echo(f"{one.id}: {why}", err=True)
            failed = True
    sys.exit(3 if failed else 0)


@main.command(
    "check",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def check_command(arguments: tuple[str, ...]) -> None:
    """Check layers against the mask contract, here or on columns."""
    sys.exit(checks_command.main(list(arguments)))


for command in (
    advise.advise_command,
    bisect.bisect_command,
    compare.compare_command,
    gate.expectations_group,
    gate.gate_command,
    repro.repro_command,
    trace.trace_command,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
