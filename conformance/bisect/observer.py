"""What one case does on columns: taken from stored results or memory where it is known there, else measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from conformance.judging.judge import same_behaviour
from conformance.local.bundle import Bundle
from conformance.local.errors import Unavailable
from conformance.results import Case, Cell, Observation, Results, Value
from conformance.run import plan, scheduler
from conformance.run.progress import PlainProgress
from conformance.run.result_cache import ResultCache
from conformance.run.reuse import ReusedResults
from conformance.targets import install
from conformance.targets.install import Environment
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget

Where = tuple[Target, str]
"""A column and a mode that it has, in which the case runs there."""


@dataclass(frozen=True)
class CaseObservation:
    """A case on a column. observation: None if there is none; then reason says why."""

    target: Target
    mode: str
    verdict: str
    observation: Observation | None
    reason: str | None


class CaseObserver:
    """Looks at one case; at each column and mode at most once.

    problems: what went wrong with the runs themselves. measured: columns on which a worker had to be started.
    """

    def __init__(self, case: Case, bundle: Bundle, cache: Path, stored: Results | None = None, fresh: bool = False):
        self.case = case
        self.values: dict[str, Value] = {}
        self.problems: list[str] = []
        self.measured: list[str] = []
        self._bundle, self._cache = bundle, cache
        self._memory = ResultCache(cache, bundle, fresh)
        self._previous = ReusedResults(stored, failed=False) if stored and not fresh else None
        self._seen: dict[tuple[str, str], CaseObservation] = {}

    def modes(self, target: Target) -> list[str]:
        """The modes in which the case runs on a column."""
        return [mode for mode in self.case.modes_on(target.modes) if mode in target.modes]

    def known(self, wanted: Sequence[Where]) -> list[CaseObservation | None]:
        """What is known without running anything; None where nothing is."""

        def environment(target: Target) -> NoReturn:
            raise Unavailable("it was not measured yet")

        self._run([where for where in wanted if not self._has(where)], environment, keep_refused=False)
        return [self._seen.get((target.id, mode)) for target, mode in wanted]

    def look(self, wanted: Sequence[Where], column: PreparedTarget | None = None) -> list[CaseObservation]:
        """Measure what is not known. column: gives the environment, where the column is no declared one."""

        def environment(target: Target) -> Environment:
            there = column.environment() if column else install.provision(target, self._cache)
            self.measured.append(target.id)
            return there

        self._run([where for where in wanted if not self._has(where)], environment, keep_refused=True)
        return [self._seen[target.id, mode] for target, mode in wanted]

    def same(self, one: CaseObservation, other: CaseObservation) -> bool:
        """Whether two sights that have observations are of the same behaviour."""
        assert one.observation and other.observation
        return same_behaviour(one.observation, other.observation, self.values)

    def _has(self, where: Where) -> bool:
        return (where[0].id, where[1]) in self._seen

    def _run(self, wanted: Sequence[Where], environment: Callable[[Target], Environment], keep_refused: bool) -> None:
        modes_of: dict[str, list[str]] = {}
        for target, mode in wanted:
            modes_of.setdefault(target.id, []).append(mode)
        targets = {target.id: target for target, _ in wanted}
        for modes in {tuple(modes) for modes in modes_of.values()}:
            chosen = [target for target in targets.values() if tuple(modes_of[target.id]) == modes]
            the_plan = plan.make_plan([self.case], chosen, list(modes))
            with PlainProgress(the_plan, Console(quiet=True)) as progress:
                found = scheduler.run(
                    *(the_plan, [self.case], chosen, self._bundle, self._memory, environment, progress),
                    previous=self._previous,
                )
            self.values |= found.values
            self.problems += [problem for problem in found.problems if problem not in self.problems]
            for cell in found.cells:
                sight = self._sight(cell, targets[cell.target], found)
                if cell.mode in modes_of[cell.target] and (sight.observation or keep_refused):
                    self._seen[cell.target, cell.mode] = sight

    def _sight(self, cell: Cell, target: Target, found: Results) -> CaseObservation:
        observation = found.observations[cell.observation] if cell.observation else None
        if cell.verdict == "not-run":  # also a case that is itself wrong: nothing is known of Keras
            observation = None
        return CaseObservation(target, cell.mode, cell.verdict, observation, cell.reason)
