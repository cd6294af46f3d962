"""The ledger of a run: receives what is observed and holds it against the plan."""

import datetime
import threading
from collections.abc import Callable
from typing import Any

from conformance import __version__, results
from conformance.judging.judge import Judge
from conformance.local.bundle import Bundle
from conformance.local.launch import FIXED, OF_FRONT_END
from conformance.local.machine import machine
from conformance.results import SCHEMA_VERSION, Case, Cell, Results, TargetResult
from conformance.run.plan import Key, Plan, ProcessGroup
from conformance.run.progress import Progress
from conformance.run.result_cache import CachedCell, ResultCache, cached_cell
from conformance.run.reuse import ReusedResults
from conformance.targets.registry import Target
from conformance.targets.versions import same
from conformance.worker.backends import SEED


class ResultCollector:
    """Accepts each planned cell once; may be told of them from several threads."""

    def __init__(
        self,
        plan: Plan,
        cases: list[Case],
        targets: list[Target],
        bundle: Bundle,
        progress: Progress,
        memory: ResultCache,
        previous: ReusedResults | None = None,
    ):
        self.progress = progress
        self._memory, self._previous = memory, previous
        self._lock = threading.Lock()
        self._planned = plan.cells
        self._cases = {case.id: case for case in cases}
        self._cells: dict[Key, Cell] = {}
        self._refusals: list[tuple[str, str]] = []
        self._targets = {t.id: target_result(t, memory.column_digest(t)) for t in targets}
        self._results = Results(
            schema_version=SCHEMA_VERSION,
            suite_version=__version__,
            bundle=bundle.digest,
            created=_now(),
            platform=machine(),
            fixed={**FIXED, "seed": str(SEED)},
            seconds=0.0,
            targets=list(self._targets.values()),
            cases=cases,
            cells=[],
            problems=[],
        )
        self._judge = Judge(self._results)
        for case, target, mode in plan.cells:
            lacks = self._targets[target].lacks
            if mode in lacks:
                event = {"status": "unsupported", "reason": lacks[mode], "seconds": 0.0}
                self._observe((case, target, mode), cached_cell(event, []))

    def recall(self, unit: ProcessGroup) -> list[tuple[str, str]] | None:
        """Record what is known of a unit; returns the cells that are left, None if nothing has to run."""
        target = unit.target
        column = self._targets[target.id].digest
        said = self._memory.recall_checks(target, column, unit.modes)
        if said is None and self._previous and (versions := self._previous.versions(target.id, column)):
            said = {"versions": versions, "backend": target.backend}
        if said is None or self.check_versions(target, said["versions"], said["backend"]):
            return unit.cells
        self._has_used(target, said.get("peak_mb"))
        left = []
        for name, mode in unit.cells:
            key, case = (name, target.id, mode), self._cases[name]
            kept = self._previous.recall(key, column, case) if self._previous else None
            if kept is None and not (self._previous and self._previous.must_measure(key)):
                kept = self._memory.recall(target, column, case, mode)
            if kept is None:
                left.append((name, mode))
            else:
                with self._lock:
                    self._observe(key, kept)
        return left or None

    def has_tried(self, unit: ProcessGroup) -> bool:
        """Whether the modes of a unit were as declared when an earlier run tried them."""
        return self._memory.recall_checks(unit.target, self._targets[unit.target.id].digest, unit.modes) is not None

    def keep_checks(self, unit: ProcessGroup, versions: dict[str, str], backend: str) -> None:
        """The process of a unit said what it should before its first case."""
        column = self._targets[unit.target.id].digest
        said = self._memory.recall_checks(unit.target, column, unit.modes) or {}  # it knows of the memory of others
        said = said | {"versions": versions, "backend": backend}
        self._remember(lambda: self._memory.keep_checks(unit.target, column, unit.modes, said))

    def ended(self, unit: ProcessGroup, peak_mb: int | None) -> None:
        """A process of a unit is done; it never had more memory than this."""
        column = self._targets[unit.target.id].digest
        said = self._memory.recall_checks(unit.target, column, unit.modes)
        if peak_mb is not None and said is not None and peak_mb > said.get("peak_mb", 0):
            self._remember(
                lambda: self._memory.keep_checks(unit.target, column, unit.modes, said | {"peak_mb": peak_mb})
            )
        with self._lock:
            self._has_used(unit.target, peak_mb)

    def _has_used(self, target: Target, peak_mb: int | None) -> None:
        found = self._targets[target.id]
        if peak_mb is not None:
            found.peak_mb = max(found.peak_mb or 0, peak_mb)

    def record(self, target: Target, case: str, mode: str, event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        """A cell that was executed; `event` and `facts` are as the worker sent them."""
        kept = cached_cell(event, facts, _now())
        column = self._targets[target.id].digest
        self._remember(lambda: self._memory.keep(target, column, self._cases[case], mode, kept))
        with self._lock:
            self._observe((case, target.id, mode), kept)

    def _remember(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:  # a full disk costs the memory, not the observation
            self.problem(f"cannot remember what was observed in {self._memory.folder}: {error.strerror}")

    def _observe(self, key: Key, kept: CachedCell) -> None:
        if key in self._cells:
            self._problem(f"{' '.join(key)} was recorded twice")
            return
        self._results.values.update(kept.values)
        self._results.observations[kept.digest] = kept.observation
        case, target, mode = key
        if kept.when:
            column = self._targets[target]
            moments = [*column.measured, kept.when]
            column.measured = [min(moments), max(moments)]
        cell = Cell(case=case, target=target, mode=mode, verdict="not-run", seconds=kept.seconds)
        cell.observation = kept.digest
        self._judge(cell)
        if kept.observation.status == "error":
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

    def left_changed(self, target: Target, case: str, mode: str, what: str) -> None:
        """A cell left global state changed. It is measured again next time, lest the problem be forgotten."""
        column = self._targets[target.id].digest
        self._remember(lambda: self._memory.forget(target, column, self._cases[case], mode))
        self.problem(f"{target.id}: {case} in {mode} left changed: {what}")

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
        self._results.cells = results.in_order(self._results)
        self._results.seconds = round(seconds, 1)
        self._remember(self._memory.tidy)
        executed = [cell for cell in self._results.cells if cell.mode not in self._targets[cell.target].lacks]
        observed = {cell.target for cell in executed if cell.observation is not None}
        for cell in executed:
            target = self._targets[cell.target]
            if cell.target not in observed and target.reason is None:
                target.reason = cell.reason
        for id, reason in self._refusals:
            if self._targets[id].reason is None:  # otherwise the column says it
                self._problem(f"{id}: {reason}")
        return self._results


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def target_result(target: Target, column: str = "") -> TargetResult:
    """A column as it is declared, before anything is known of it; `column` is its digest."""
    return TargetResult(
        id=target.id,
        title=target.title,
        front_end=target.front_end,
        backend=target.backend,
        python=target.base.python,
        base=target.base.title,
        generation=target.generation,
        pins=target.pins(),
        digest=column,
        modes=target.modes,
        lacks=target.lacks,
        tier=target.tier,
        fixed=OF_FRONT_END.get(target.front_end, {}),
    )
