"""Measures cases on columns, declared or not: what is remembered is not measured again, progress is shown."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from conformance.columns import provision
from conformance.columns.adhoc import Column
from conformance.columns.targets import Target
from conformance.results import Case, Results
from conformance.running import plan, runner
from conformance.running.memory import Memory
from conformance.running.previous import Previous
from conformance.running.progress import make_progress
from conformance.suite.bundle import Bundle


def declared(target: Target, cache: Path) -> Column:
    """A column of `targets.toml`."""
    return Column(target, lambda: provision.provision(target, cache))


def measure(
    cases: list[Case],
    columns: Sequence[Column],
    modes: Sequence[str],
    bundle: Bundle,
    cache: Path,
    console: Console,
    jobs: int | None = None,
    fresh: bool = False,
    previous: Previous | None = None,
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
        return runner.run(
            the_plan,
            cases,
            targets,
            bundle,
            Memory(cache, bundle, fresh),
            lambda target: environments[target.id](),
            progress,
            jobs,
            previous=previous,
        )
