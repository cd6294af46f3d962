"""Observes one case on targets: from stored results or the result cache where it is known, else measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from conformance.judging.judge import same_behaviour
from conformance.local.errors import Unavailable
from conformance.local.launch import Environment
from conformance.project import Project
from conformance.results import Case, Cell, Observation, Results, Value
from conformance.run.api import RunRequest, run
from conformance.run.reuse import ReusedResults
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget

Where = tuple[Target, str]
"""A target, and one of its modes in which the case runs."""


@dataclass(frozen=True)
class CaseObservation:
    """What a case does on a target.

    Attributes:
        target: The target.
        mode: The mode.
        verdict: The verdict on the cell.
        observation: What was observed, None if nothing was.
        reason: Why nothing was observed.
    """

    target: Target
    mode: str
    verdict: str
    observation: Observation | None
    reason: str | None


class CaseObserver:
    """Observes one case, on each target and in each mode at most once.

    Args:
        case: The case.
        project: Has bundle and cache folder.
        stored: Results to take observations from.
        fresh: Ignore stored results and the result cache.

    Attributes:
        values: Values that observations refer to.
        problems: What went wrong with the runs themselves.
        measured: Ids of the targets on which a worker had to be started.
    """

    def __init__(self, case: Case, project: Project, stored: Results | None = None, fresh: bool = False):
        self.case = case
        self.values: dict[str, Value] = {}
        self.problems: list[str] = []
        self.measured: list[str] = []
        self._project, self._fresh = project, fresh
        self._reuse = ReusedResults(stored, failed=False) if stored and not fresh else None
        self._seen: dict[tuple[str, str], CaseObservation] = {}

    def modes(self, target: Target) -> list[str]:
        """Return the modes in which the case runs on a target."""
        return [mode for mode in self.case.modes_on(target.modes) if mode in target.modes]

    def known(self, wanted: Sequence[Where]) -> list[CaseObservation | None]:
        """Return what is known without starting a worker, None where nothing is."""

        def environment() -> NoReturn:
            raise Unavailable("not measured yet")

        self._run(wanted, lambda target: PreparedTarget(target, environment), keep_refused=False)
        return [self._seen.get((target.id, mode)) for target, mode in wanted]

    def observe(self, wanted: Sequence[Where], prepared: PreparedTarget | None = None) -> list[CaseObservation]:
        """Return observations; what is not known is measured.

        Args:
            wanted: Targets and modes.
            prepared: Has the environment of the target, if that is not declared.
        """

        def noting(target: Target) -> PreparedTarget:
            def environment() -> Environment:
                there = (prepared or self._project.prepare(target)).environment()
                self.measured.append(target.id)
                return there

            return PreparedTarget(target, environment)

        self._run(wanted, noting, keep_refused=True)
        return [self._seen[target.id, mode] for target, mode in wanted]

    def same(self, one: CaseObservation, other: CaseObservation) -> bool:
        """Return whether two observations are of the same behaviour; both must have been made."""
        assert one.observation and other.observation
        return same_behaviour(one.observation, other.observation, self.values)

    def _run(self, wanted: Sequence[Where], prepare: Callable[[Target], PreparedTarget], keep_refused: bool) -> None:
        modes_of: dict[str, list[str]] = {}
        for target, mode in wanted:
            if (target.id, mode) not in self._seen:
                modes_of.setdefault(target.id, []).append(mode)
        targets = {target.id: target for target, _ in wanted}
        for modes in {tuple(modes) for modes in modes_of.values()}:
            chosen = [targets[id] for id, its_modes in modes_of.items() if tuple(its_modes) == modes]
            found = run(
                RunRequest(
                    cases=[self.case],
                    targets=[prepare(target) for target in chosen],
                    bundle=self._project.bundle,
                    cache=self._project.cache,
                    crashes=self._project.crashes,
                    modes=modes,
                    fresh=self._fresh,
                    reuse=self._reuse,
                )
            )
            self.values |= found.values
            self.problems += [problem for problem in found.problems if problem not in self.problems]
            for cell in found.cells:
                seen = self._observation(cell, targets[cell.target], found)
                if cell.mode in modes_of[cell.target] and (seen.observation or keep_refused):
                    self._seen[cell.target, cell.mode] = seen

    def _observation(self, cell: Cell, target: Target, found: Results) -> CaseObservation:
        observation = found.observations[cell.observation] if cell.observation else None
        if cell.verdict == "not-run":  # also a case that is itself wrong: nothing is known of Keras
            observation = None
        return CaseObservation(target, cell.mode, cell.verdict, observation, cell.reason)
