"""`conformance plan` and `conformance merge`: a run on more than one machine (docs/more-than-one-machine.md)."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from conformance.cache import cache_folder
from conformance.commands import options
from conformance.commands.finish import conclude, say
from conformance.distributed import merge, shards
from conformance.judging import expectations
from conformance.local import bundle
from conformance.run import plan
from conformance.suite import catalogue
from conformance.targets import registry
from conformance.vocabulary import MODES


@click.command("plan")
@options.target_option
@options.tier_option(default="core", show_default=True)
@options.case_option
@options.mode_option
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
    chosen_targets = registry.choose(registry.load(), list(target_ids), tier)
    cases = catalogue.choose(catalogue.collect(bundle.make_bundle(cache_folder())), list(patterns))
    the_plan = plan.make_plan(cases, chosen_targets, list(modes or MODES))
    parts = shards.describe(the_plan, chosen_targets, count)
    if as_json:
        click.echo(json.dumps({"include": parts}))
        return
    table = Table("shard", "cells", "columns", box=None)
    for part in parts:
        table.add_row(part["shard"], str(part["cells"]), ", ".join(part["targets"]))
    Console().print(table, markup=False, highlight=False)


@click.command("merge")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.out_option(required=True)
@options.allow_not_run_option
@options.annotations_option
def merge_command(paths: tuple[Path, ...], out: Path, allow_not_run: bool, annotations: bool) -> None:
    """Make one report of several: of the shards of a plan, or of columns that were run separately.

    PATHS are results files or their folders. Exit code: as that of `run`; 1 as well if
    parts contradict each other, then nothing is written, or if a shard is missing.
    """
    console = Console(stderr=True)
    known = expectations.load()
    try:
        found, complete = merge.merge(paths, [target.id for target in registry.load()])
    except merge.Disagreement as error:
        say(console, [*error.lines, f"{error}; nothing is written"])
        sys.exit(1)
    sys.exit(conclude(found, known, out, console, complete, allow_not_run, annotations))
