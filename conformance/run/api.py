"""Measures cases on columns, declared or not: what is remembered is not measured again, progress is shown."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from conformance.local.bundle import Bundle
from conformance.results import Case, Results
from conformance.run import plan, scheduler
from conformance.run.progress import make_progress
from conformance.run.result_cache import ResultCache
from conformance.run.reuse import ReusedResults
from conformance.targets import install
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget


def declared(target: Target, cache: Path) -> PreparedTarget:
    """A column of `targets.toml`."""
    return PreparedTarget(target, lambda: install.provision(target, cache))


def measure(
    cases: list[Case],
    columns: Sequence[PreparedTarget],
    modes: Sequence[str],
    bundle: Bundle,
    cache: Path,
    console: Console,
    jobs: int | None = None,
    fresh: bool = False,
    previous: ReusedResults | None = None,
) -> Results:
    """Every case on every column in every of these modes that it has there.

    jobs: workers at a time, by default as many as `runner` thinks fit; fresh: nothing is taken from memory;
    previous: takes cells over from stored results.

    Raises:
        UsageError: no cell is left.
    """
    targets = [column.target for column in columns]
    environments = {column.target.id: column.environment for column in columns}
    the_plan = plan.make_plan(cases, targets, list(modes))
    with make_progress(the_plan, console) as progress:
        return scheduler.run(
            the_plan,
            cases,
            targets,
            bundle,
            ResultCache(cache, bundle, fresh),
            lambda target: environments[target.id](),
            progress,
            jobs,
            previous=previous,
        )
