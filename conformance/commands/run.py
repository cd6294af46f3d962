"""`conformance run`: measures the cases on targets and writes the report."""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from conformance import results
from conformance.commands import options
from conformance.commands.context import pass_project
from conformance.commands.finish import FinishOptions, finish, say
from conformance.distributed import cluster, merge, shards
from conformance.local.errors import Unavailable, UsageError
from conformance.project import Project
from conformance.repro.suite_scripts import parts_of
from conformance.results import Case, Results, Shard
from conformance.run.api import RunRequest, run
from conformance.run.plan import make_plan
from conformance.run.progress import progress_on
from conformance.run.reuse import ReusedResults
from conformance.targets.requested import PreparedTarget, TargetRequest
from conformance.vocabulary import FRONT_ENDS, MODES


@dataclass(frozen=True)
class RunOptions:
    """The options of `conformance run`, as `--help` describes them."""

    target_ids: tuple[str, ...]
    tier: str | None
    requirements: tuple[str, ...]
    interpreter: str | None
    python: str | None
    front_end: str | None
    backend: str | None
    patterns: tuple[str, ...]
    modes: tuple[str, ...]
    shard: str | None
    executor: str | None
    jobs: int | None
    out: Path
    no_cache: bool
    no_speedups: bool
    execute_crashes: bool
    unthinned: bool
    only_failed: bool
    only_missing: bool
    allow_not_run: bool
    annotations: bool

    def __post_init__(self) -> None:
        """Check that the options fit together.

        Raises:
            UsageError: Options exclude each other, or one is missing.
        """
        if self.no_cache + self.only_failed + self.only_missing > 1:
            raise UsageError("--no-cache, --only-failed and --only-missing exclude each other")
        if not self.requirements:
            if self.python:
                raise UsageError("--python requires --with")
            if self.interpreter is None and (self.front_end or self.backend):
                raise UsageError("--front-end and --backend require --with or --here")
        added = self.requirements or self.interpreter is not None
        if self.executor and (self.shard or added or self.only_failed or self.only_missing):
            raise UsageError("--executor excludes --shard, --with, --here, --only-failed and --only-missing")

    @property
    def chosen_tier(self) -> str:
        """The tier that is run: by default the core, or none beside an existing environment."""
        return self.tier or ("core" if self.interpreter is None else "none")

    @property
    def is_complete(self) -> bool:
        """Whether every cell of the history is run: only then can an expectation be found to match nothing."""
        return self.chosen_tier == "history" and not (self.target_ids or self.patterns or self.modes)


@click.command("run")
@options.target_option
@options.tier_option("none", help="Run all targets of this tier.  [default: core; none with --here]")
@click.option(
    "--with",
    "requirements",
    multiple=True,
    metavar="REQUIREMENT",
    help="Also run on a target with this requirement: a version, a range, a wheel, a source tree. Repeatable.",
)
@click.option(
    "--here",
    "interpreter",
    is_flag=False,
    flag_value="",
    metavar="[PYTHON]",
    help="Also run in an existing environment (default: the active one). Nothing is installed.",
)
@click.option("--python", metavar="X.Y", help="Python version to use with --with.")
@click.option("--front-end", type=click.Choice([*FRONT_ENDS]), help="Front end to use with --with or --here.")
@click.option("--backend", metavar="NAME", help="Keras backend to use with --with or --here.")
@options.case_option
@options.mode_option
@click.option("--shard", metavar="I/N", help="Run only the targets of this shard (see `conformance plan`).")
@click.option("--executor", metavar="dask://HOST:PORT", help="Run each target on a machine of this Dask cluster.")
@click.option("--jobs", type=click.IntRange(1), help="Workers at a time.  [default: as cores and memory allow]")
@options.out_option(default=results.LATEST, show_default=True)
@click.option("--no-cache", is_flag=True, help="Ignore the result cache: measure everything again.")
@click.option(
    "--no-speedups", is_flag=True, help="Run TensorFlow and JAX as they are, without `conformance.worker.speedups`."
)
@click.option(
    "--execute-crashes",
    is_flag=True,
    help="Execute also the cells that are known to end their process; one that does not is a problem.",
)
@click.option("--unthinned", is_flag=True, help="Run also in modes that were seen to agree with another one.")
@click.option("--only-failed", is_flag=True, help="Take results over from OUT; measure failed and missing cells.")
@click.option("--only-missing", is_flag=True, help="Take results over from OUT; measure missing cells.")
@options.allow_not_run_option
@options.annotations_option
@pass_project
def run_command(project: Project, /, **given: Any) -> None:
    """Run the cases on targets and write the report.

    Exit code: 0 every planned cell was measured and is as expected; 1 a cell is not as expected, a target did not run
    or the run itself had problems; 2 usage; 3 nothing could run.
    """
    asked, console = RunOptions(**given), Console(stderr=True)
    known = project.expectations()
    reuse = (
        ReusedResults(results.read(asked.out), asked.only_failed) if asked.only_failed or asked.only_missing else None
    )
    cases = project.cases(asked.patterns)
    if asked.unthinned:
        cases = [msgspec.structs.replace(case, thinned=[]) for case in cases]
    targets, shard = _targets(project, asked, cases, console)
    asked.out.mkdir(parents=True, exist_ok=True)  # an error is better now than after an hour
    if asked.executor:
        found, complete = _run_on_cluster(project, asked, len(targets), console)
    else:
        complete = asked.is_complete and not shard
        request = RunRequest(
            cases=cases,
            targets=targets,
            bundle=project.bundle.without_speedups() if asked.no_speedups else project.bundle,
            cache=project.cache,
            modes=asked.modes or MODES,
            jobs=asked.jobs,
            fresh=asked.no_cache,
            reuse=reuse,
            crashes=project.crashes,
            execute_crashes=asked.execute_crashes,
            progress=progress_on(console),
        )
        with ThreadPoolExecutor(1) as meanwhile:
            meanwhile.submit(parts_of, project.bundle)  # cached for the report, which would have to wait for it
            found = run(request)
        found.shard = shard
    ending = FinishOptions(asked.out, asked.allow_not_run, asked.annotations)
    sys.exit(finish(project, found, known, ending, console, complete))


def _targets(
    project: Project, asked: RunOptions, cases: list[Case], console: Console
) -> tuple[list[PreparedTarget], Shard | None]:
    """Prepare the targets that are asked for, or those of the shard."""
    prepared = [project.prepare(target) for target in project.choose(asked.target_ids, asked.chosen_tier)]
    request = TargetRequest(asked.requirements, asked.python, asked.front_end, asked.backend)
    if asked.requirements:
        say(console, [f"resolving {', '.join(asked.requirements)}"])
        prepared.append(project.prepare_requested(request))
    if asked.interpreter is not None:
        prepared.append(project.prepare_existing(asked.interpreter, request))
    every, modes = [one.target for one in prepared], list(asked.modes or MODES)
    plan = make_plan(cases, every, modes)  # also without shards: it refuses an empty plan before anything is written
    if not asked.shard:
        return prepared, None
    shard, kept = shards.choose(asked.shard, plan, every, modes, asked.is_complete)
    return [one for one in prepared if one.target in kept], shard


def _run_on_cluster(project: Project, asked: RunOptions, count: int, console: Console) -> tuple[Results, bool]:
    """Return the results of all targets, and whether that is the whole history."""
    given = {"tier": [asked.chosen_tier], "target": asked.target_ids, "case": asked.patterns, "mode": asked.modes}
    arguments = [f"--{option}={value}" for option, values in given.items() for value in values]
    arguments += ["--no-cache"] * asked.no_cache + ["--no-speedups"] * asked.no_speedups
    arguments += ["--execute-crashes"] * asked.execute_crashes + ["--unthinned"] * asked.unthinned
    assert asked.executor
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        parts = cluster.run_shards(asked.executor, arguments, count, Path(folder), lambda line: say(console, [line]))
        if not parts:
            raise Unavailable(f"no target could be run on {asked.executor}")
        return merge.merge(parts, [target.id for target in project.targets])
