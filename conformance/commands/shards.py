"""`conformance plan` and `conformance merge`: a run on more than one machine (docs/more-than-one-machine.md)."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from conformance.commands import options
from conformance.commands.context import pass_project
from conformance.commands.finish import FinishOptions, finish, say
from conformance.distributed import merge, shards
from conformance.project import Project
from conformance.run.plan import make_plan
from conformance.vocabulary import MODES


@click.command("plan")
@options.target_option
@options.tier_option(default="core", show_default=True)
@options.case_option
@options.mode_option
@click.option("--shards", "count", type=click.IntRange(1), required=True, metavar="N", help="Number of machines.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, the matrix of a GitHub Actions workflow.")
@pass_project
def plan_command(
    project: Project,
    target_ids: tuple[str, ...],
    tier: str,
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    count: int,
    as_json: bool,
) -> None:
    """Show how targets are divided among N machines, for `run --shard`.

    A target is never split. Targets with a common base stay together unless that would make the largest shard larger.
    Only cells that execute something are counted.
    """
    chosen = project.choose(target_ids, tier)
    parts = shards.describe(make_plan(project.cases(patterns), chosen, modes or MODES), chosen, count)
    if as_json:
        click.echo(json.dumps({"include": parts}))
        return
    table = Table("shard", "cells", "targets", box=None)
    for part in parts:
        table.add_row(part["shard"], str(part["cells"]), ", ".join(part["targets"]))
    Console().print(table, markup=False, highlight=False)


@click.command("merge")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.out_option(required=True)
@options.allow_not_run_option
@options.annotations_option
@pass_project
def merge_command(project: Project, paths: tuple[Path, ...], out: Path, allow_not_run: bool, annotations: bool) -> None:
    """Merge the results of shards, or of targets that were run separately, into one report.

    PATHS are results files or their folders. Exit code: as that of `run`; also 1 if parts contradict each other (then
    nothing is written) or a shard is missing.
    """
    console = Console(stderr=True)
    known = project.expectations()
    try:
        found, complete = merge.merge(paths, [target.id for target in project.targets])
    except merge.Disagreement as error:
        say(console, [*error.lines, f"{error}; nothing was written"])
        sys.exit(1)
    ending = FinishOptions(out, allow_not_run, annotations)
    sys.exit(finish(project, found, known, ending, console, complete))
