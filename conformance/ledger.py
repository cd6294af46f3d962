"""The ledger of a run: receives what is observed and holds it against the plan."""

import datetime
import os
import platform
import threading
from typing import Any

import msgspec

from conformance import __version__
from conformance.bundle import Bundle
from conformance.judge import judge_cell
from conformance.memory import Memory
from conformance.plan import Key, Plan, Unit
from conformance.progress import Progress
from conformance.results import SCHEMA_VERSION, Case, Cell, Fact, Observation, Results, TargetResult
from conformance.targets import Target
from conformance.versions import same

_OBSERVED = ("status", "exception", "warnings", "reason")


class Ledger:
    """Accepts each planned cell once; may be told of them from several threads."""

    def __init__(
        self, plan: Plan, cases: list[Case], targets: list[Target], bundle: Bundle, progress: Progress, memory: Memory
    ):
        self.progress = progress
        self._memory = memory
        self._lock = threading.Lock()
        self._planned = plan.cells
        self._keys = self._memory_keys(plan, cases)
        self._cells: dict[Key, Cell] = {}
        self._refusals: list[tuple[str, str]] = []
        self._targets = {t.id: _target_result(t) for t in targets}
        self._results = Results(
            schema_version=SCHEMA_VERSION,
            suite_version=__version__,
            bundle=bundle.digest,
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            platform={"system": platform.system(), "machine": platform.machine(), "cores": str(os.cpu_count())},
            seconds=0.0,
            targets=list(self._targets.values()),
            cases=cases,
            cells=[],
            problems=[],
        )
        for case, target, mode in plan.cells:
            lacks = self._targets[target].lacks
            if mode in lacks:
                self._add((case, target, mode), Observation(status="unsupported", reason=lacks[mode]), 0.0)

    def _memory_keys(self, plan: Plan, cases: list[Case]) -> dict[Key, str]:
        by_id = {case.id: case for case in cases}
        return {
            (case, unit.target.id, mode): self._memory.cell(unit.target, by_id[case], mode)
            for unit in plan.units
            for case, mode in unit.cells
        }

    def recall(self, unit: Unit) -> list[tuple[str, str]] | None:
        """Record what is remembered of a unit; returns the cells that are left, None if nothing has to run."""
        checks = self._memory.recall(self._memory.unit(unit.target, unit.modes))
        if checks is None or self.check_versions(unit.target, checks["versions"], checks["backend"]):
            return unit.cells
        left = []
        for case, mode in unit.cells:
            key = (case, unit.target.id, mode)
            kept = self._memory.recall(self._keys[key])
            if kept is None:
                left.append((case, mode))
            else:
                self._observe(key, kept, kept["facts"])
        return left or None

    def keep_checks(self, unit: Unit, versions: dict[str, str], backend: str) -> None:
        """The process of a unit said what it should before its first case."""
        self._keep(self._memory.unit(unit.target, unit.modes), {"versions": versions, "backend": backend})

    def record(self, key: Key, event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        """A cell that was executed; `event` and `facts` are as the worker sent them."""
        kept = {k: event[k] for k in (*_OBSERVED, "seconds") if event.get(k) is not None}
        self._keep(self._keys[key], kept | {"facts": facts})
        self._observe(key, event, facts)

    def _keep(self, key: str, content: dict[str, Any]) -> None:
        try:
            self._memory.keep(key, content)
        except OSError as error:  # a full disk costs the memory, not the observation
            self.problem(f"cannot remember what was observed in {self._memory.folder}: {error.strerror}")

    def _observe(self, key: Key, event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        with self._lock:
            about = {k: event[k] for k in _OBSERVED if event.get(k) is not None}
            observation = msgspec.convert(about, Observation)
            observation.facts = [self._fact(f) for f in facts]
            self._add(key, observation, event["seconds"])

    def _fact(self, fact: dict[str, Any]) -> Fact:
        expected = self._results.store_value(fact["expected"]) if "expected" in fact else None
        return Fact(
            name=fact["name"],
            observed=self._results.store_value(fact["observed"]),
            expected=expected,
            rtol=fact.get("rtol"),
            atol=fact.get("atol"),
        )

    def _add(self, key: Key, observation: Observation, seconds: float) -> None:
        if key in self._cells:
            self._problem(f"{' '.join(key)} was recorded twice")
            return
        case, target, mode = key
        cell = Cell(case=case, target=target, mode=mode, verdict="not-run", seconds=seconds)
        cell.observation = self._results.store_observation(observation)
        judge_cell(cell, self._results)
        if observation.status == "error":
            self._problem(f"{' '.join(key)}: {cell.reason}")
        self._cells[key] = cell
        self.progress.recorded(target, cell.verdict)

    def check_versions(self, target: Target, versions: dict[str, str], backend: str) -> str | None:
        """Keep what the target reports of itself; returns a reason if it is not what was declared."""
        with self._lock:
            self._targets[target.id].versions = versions
        for name, version in {"keras": target.keras, "tensorflow": target.base.tensorflow}.items():
            if version and not same(versions.get(name, ""), version):
                return f"reports {name} {versions.get(name)}, not {version} as declared"
        return None if backend == target.backend else f"runs on {backend}, not on {target.backend}"

    def problem(self, text: str) -> None:
        """Something is wrong with the run itself."""
        with self._lock:
            self._problem(text)

    def _problem(self, text: str) -> None:
        if text not in self._results.problems:  # a worker that is started again says it again
            self._results.problems.append(text)

    def left_changed(self, key: Key, what: str) -> None:
        """A cell left global state changed. It is measured again next time, lest the problem be forgotten."""
        self._memory.forget(self._keys[key])
        case, target, mode = key
        self.problem(f"{target}: {case} in {mode} left changed: {what}")

    def cells_not_run(self, target: str, cells: list[tuple[str, str]], reason: str) -> None:
        """These cells, (case id, mode), of an environment that is there cannot be run.

        A problem of the run, unless it turns out that the whole column could not.
        """
        with self._lock:
            for case, mode in cells:
                self._not_run((case, target, mode), reason)
            self._refusals.append((target, reason))

    def target_not_run(self, target: str, reason: str) -> None:
        """Nothing more can be run in this column."""
        with self._lock:
            self._targets[target].reason = reason
            for key in self._planned:
                if key[1] == target and key not in self._cells:
                    self._not_run(key, reason)
        self.progress.state(target, f"not run: {reason}")

    def _not_run(self, key: Key, reason: str) -> None:
        case, target, mode = key
        self._cells[key] = Cell(case=case, target=target, mode=mode, verdict="not-run", reason=reason)
        self.progress.recorded(target, "not-run")

    def close(self, seconds: float) -> Results:
        """The results, complete: a planned cell that nobody recorded is a problem, never a blank."""
        for key in self._planned:
            if key not in self._cells:
                self.problem(f"{' '.join(key)} was planned but not recorded")
                self._not_run(key, "the worker ended without recording this cell")
        unplanned = set(self._cells) - set(self._planned)
        self._results.problems += [f"{' '.join(key)} was recorded but not planned" for key in sorted(unplanned)]
        self._results.cells = [self._cells[key] for key in self._planned]
        self._results.seconds = round(seconds, 1)
        for target in self._targets.values():
            mine = [c for c in self._results.cells if c.target == target.id and c.mode not in target.lacks]
            if target.reason is None and mine and all(c.observation is None for c in mine):
                target.reason = mine[0].reason
        for id, reason in self._refusals:
            if self._targets[id].reason is None:  # otherwise the column says it
                self._problem(f"{id}: {reason}")
        return self._results


def _target_result(target: Target) -> TargetResult:
    return TargetResult(
        id=target.id,
        title=target.title,
        front_end=target.front_end,
        backend=target.backend,
        python=target.base.python,
        base=target.base.title,
        generation=target.generation,
        pins=target.pins(),
        modes=target.modes,
        lacks=target.lacks,
        tier=target.tier,
    )
