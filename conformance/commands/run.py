"""`conformance run`: measures the cases on columns and writes the report."""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.console import Console

from conformance import results
from conformance.cache import cache_folder
from conformance.commands import options
from conformance.commands.finish import conclude, say
from conformance.distributed import cluster, merge, shards
from conformance.judging import expectations
from conformance.local import bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.repro.suite_scripts import parts_of
from conformance.run import api, plan
from conformance.run.reuse import ReusedResults
from conformance.suite import catalogue
from conformance.targets import existing, registry, requested
from conformance.vocabulary import FRONT_ENDS, MODES


@click.command("run")
@options.target_option
@options.tier_option("none", help="Which columns.  [default: core; none with --here]")
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
@click.option("--front-end", type=click.Choice([*FRONT_ENDS]), help="Which Keras of --with or --here.")
@click.option("--backend", metavar="NAME", help="What the Keras of --with or --here computes with.")
@options.case_option
@options.mode_option
@click.option("--shard", metavar="I/N", help="Only the columns of this shard (see `conformance plan`).")
@click.option("--executor", metavar="dask://HOST:PORT", help="Run each column on a machine of this Dask cluster.")
@click.option("--jobs", type=click.IntRange(1), help="Workers at a time.  [default: as cores and memory allow]")
@options.out_option(default=results.LATEST, show_default=True)
@click.option("--no-cache", is_flag=True, help="Measure again what earlier runs have observed.")
@click.option(
    "--no-speedups", is_flag=True, help="Run TensorFlow and JAX as they are, without `conformance.worker.speedups`."
)
@click.option("--only-failed", is_flag=True, help="Measure again what failed in the results in OUT; keep the rest.")
@click.option("--only-missing", is_flag=True, help="Measure what the results in OUT do not have; keep the rest.")
@options.allow_not_run_option
@options.annotations_option
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
    no_speedups: bool,
    only_failed: bool,
    only_missing: bool,
    allow_not_run: bool,
    annotations: bool,
) -> None:
    """Run the cases and write the report.

    Exit code: 0 every planned cell was measured and is as expected; 1 a cell is not as
    expected, a column did not run or the run itself went wrong; 2 usage; 3 nothing could run.
    """
    console = Console(stderr=True)
    if no_cache + only_failed + only_missing > 1:
        raise UsageError("--no-cache, --only-failed and --only-missing exclude each other")
    stored = ReusedResults(results.read(out), only_failed) if only_failed or only_missing else None
    cache = cache_folder()
    known = expectations.load()
    tier = tier or ("core" if interpreter is None else "none")
    chosen = registry.choose(registry.load(), list(target_ids), tier)
    the_bundle = bundle.make_bundle(cache)
    the_bundle = the_bundle.without_speedups() if no_speedups else the_bundle
    say(console, [f"resolving {', '.join(requirements)}"] if requirements else [])
    added = _undeclared(
        requested.TargetRequest(requirements, python, front_end, backend), interpreter, the_bundle, cache
    )
    columns = [*(api.declared(target, cache) for target in chosen), *added]
    cases = catalogue.choose(catalogue.collect(the_bundle), list(patterns))
    chosen_modes = list(modes or MODES)
    the_plan = plan.make_plan(cases, [column.target for column in columns], chosen_modes)
    # Only where every column is run can an expectation be found to match nothing.
    complete = tier == "history" and not (target_ids or patterns or modes)
    this_shard = None
    if shard:
        every = [column.target for column in columns]
        this_shard, kept = shards.choose(shard, the_plan, every, chosen_modes, complete)
        columns = [column for column in columns if column.target in kept]
    out.mkdir(parents=True, exist_ok=True)  # told now, not after an hour
    if executor:
        if shard or added or stored:
            raise UsageError("--executor takes neither --shard, --with, --here nor --only-...")
        given = {"tier": [tier], "target": target_ids, "case": patterns, "mode": modes}
        arguments = [f"--{option}={value}" for option, values in given.items() for value in values]
        arguments += ["--no-cache"] * no_cache + ["--no-speedups"] * no_speedups
        found, complete = _on_cluster(executor, arguments, len(columns), console)
    else:
        with ThreadPoolExecutor(1) as meanwhile:
            meanwhile.submit(parts_of, the_bundle)  # remembered for the report, where it would be waited for
            found = api.measure(cases, columns, chosen_modes, the_bundle, cache, console, jobs, no_cache, stored)
        found.shard = this_shard
    sys.exit(conclude(found, known, out, console, complete and not shard, allow_not_run, annotations))


def _on_cluster(executor: str, arguments: list[str], count: int, console: Console) -> tuple[results.Results, bool]:
    """The results of all columns, and whether that is the whole history."""
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        parts = cluster.run_shards(executor, arguments, count, Path(folder), lambda line: say(console, [line]))
        if not parts:
            raise Unavailable(f"no column could be run on {executor}")
        return merge.merge(parts, [t.id for t in registry.load()])


def _undeclared(
    asked: requested.TargetRequest, interpreter: str | None, the_bundle: bundle.Bundle, cache: Path
) -> list[requested.PreparedTarget]:
    """The columns of --with and --here."""
    if not asked.requirements and (asked.python or (interpreter is None and (asked.front_end or asked.backend))):
        raise UsageError("--python belongs to --with, --front-end and --backend belong to --with or --here")
    added = [requested.prepare(asked, registry.load(), cache)] if asked.requirements else []
    if interpreter is not None:
        added.append(existing.prepare(interpreter, asked, registry.load(), the_bundle))
    return added
