"""Collects the results of a run and holds them against the plan."""

import datetime
import threading
from collections.abc import Callable, Sequence
from typing import Any

from conformance import __version__, results
from conformance.judging.judge import Judge
from conformance.local.launch import FIXED, OF_FRONT_END
from conformance.local.machine import machine
from conformance.local.process_group import Cell as CellKey
from conformance.local.process_group import ProcessGroup
from conformance.results import SCHEMA_VERSION, Cell, Results, TargetResult
from conformance.run.plan import Key, Plan
from conformance.run.progress import Progress
from conformance.run.request import RunRequest
from conformance.run.result_cache import CachedCell, ResultCache, cached_cell
from conformance.targets.registry import Target
from conformance.targets.versions import same
from conformance.worker.backends import SEED


class ResultCollector:
    """Accepts each planned cell once, as a `SupervisorListener`; may be called from several threads.

    Args:
        plan: The cells to accept.
        request: The request of the run.
        cache: Where observed cells are kept.
        progress: Shows the cells that are recorded.
    """

    def __init__(self, plan: Plan, request: RunRequest, cache: ResultCache, progress: Progress):
        self.progress = progress
        self._cache, self._reuse = cache, request.reuse
        self._lock = threading.Lock()
        self._planned = plan.cells
        self._cases = {case.id: case for case in request.cases}
        self._declared = {prepared.target.id: prepared.target for prepared in request.targets}
        self._cells: dict[Key, Cell] = {}
        self._refusals: list[tuple[str, str]] = []
        self._crashes: dict[Key, str] = {}  # what is declared of them
        self._targets = {id: target_result(t, cache.target_digest(t)) for id, t in self._declared.items()}
        self._results = Results(
            schema_version=SCHEMA_VERSION,
            suite_version=__version__,
            bundle=request.bundle.digest,
            created=_now(),
            platform=machine(),
            fixed={**FIXED, "seed": str(SEED), "speedups": "all" if request.bundle.speedups else "none"},
            seconds=0.0,
            targets=list(self._targets.values()),
            cases=list(request.cases),
            cells=[],
            problems=[],
        )
        self._judge = Judge(self._results)
        for case, target, mode in plan.cells:
            lacks = self._targets[target].lacks
            if mode in lacks:
                event = {"status": "unsupported", "reason": lacks[mode], "seconds": 0.0}
                self._observe((case, target, mode), cached_cell(event, []))
            elif (reason := request.crashes.reason(case, self._declared[target], mode)) is not None:
                self._crashes[case, target, mode] = reason
                if not request.execute_crashes:
                    event = {"status": "crashed", "reason": reason, "seconds": 0.0}
                    self._observe((case, target, mode), cached_cell(event, []))

    def take_known(self, group: ProcessGroup) -> list[CellKey] | None:
        """Record the known cells of a group; returns those that are left, None if no process has to run."""
        target = self._declared[group.target.id]
        digest = self._targets[target.id].digest
        said = self._cache.get_process(target, group.modes)
        if said is None and self._reuse and (versions := self._reuse.versions(target.id, digest)):
            said = {"versions": versions, "backend": target.backend}
        if said is None or self.check_versions(target.id, said["versions"], said["backend"]):
            return [(name, mode) for name, mode in group.cells if (name, target.id, mode) not in self._cells]
        self._has_used(target.id, said.get("peak_mb"))
        left = []
        for name, mode in group.cells:
            key, case = (name, target.id, mode), self._cases[name]
            if key in self._crashes:
                if key not in self._cells:
                    left.append((name, mode))
                continue
            known = self._reuse.get(key, digest, case) if self._reuse else None
            if known is None and not (self._reuse and self._reuse.must_measure(key)):
                known = self._cache.get(target, case, mode)
            if known is None:
                left.append((name, mode))
            else:
                with self._lock:
                    self._observe(key, known)
        return left or None

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        self.progress.modes_running(target, modes, running)

    def has_tried(self, group: ProcessGroup) -> bool:
        return self._cache.get_process(self._declared[group.target.id], group.modes) is not None

    def modes_tried(self, group: ProcessGroup, versions: dict[str, str], backend: str) -> None:
        target = self._declared[group.target.id]
        said = self._cache.get_process(target, group.modes) or {}  # it knows the memory of earlier processes
        said = said | {"versions": versions, "backend": backend}
        self._write(lambda: self._cache.put_process(target, group.modes, said))

    def group_served(self, group: ProcessGroup, peak_mb: int | None) -> None:
        target = self._declared[group.target.id]
        said = self._cache.get_process(target, group.modes)
        if peak_mb is not None and said is not None and peak_mb > said.get("peak_mb", 0):
            self._write(lambda: self._cache.put_process(target, group.modes, said | {"peak_mb": peak_mb}))
        with self._lock:
            self._has_used(target.id, peak_mb)

    def _has_used(self, target: str, peak_mb: int | None) -> None:
        found = self._targets[target]
        if peak_mb is not None:
            found.peak_mb = max(found.peak_mb or 0, peak_mb)

    def cell_observed(
        self, target: str, case: str, mode: str, event: dict[str, Any], facts: list[dict[str, Any]]
    ) -> None:
        observed = cached_cell(event, facts, _now())
        self._write(lambda: self._cache.put(self._declared[target], self._cases[case], mode, observed))
        with self._lock:
            self._observe((case, target, mode), observed)
            if (case, target, mode) in self._crashes and event["status"] != "crashed":
                said = f"is declared in crashes.toml to end its process, but did not ({event['status']})"
                self._problem(f"{case} {target} {mode} {said}")

    def _write(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:  # a full disk costs what is cached, not what was observed
            self.problem(f"cannot write to the result cache {self._cache.folder}: {error.strerror}")

    def _observe(self, key: Key, observed: CachedCell) -> None:
        if key in self._cells:
            self._problem(f"{' '.join(key)} was recorded twice")
            return
        self._results.values.update(observed.values)
        self._results.observations[observed.digest] = observed.observation
        case, target, mode = key
        if observed.when:
            found = self._targets[target]
            moments = [*found.measured, observed.when]
            found.measured = [min(moments), max(moments)]
        cell = Cell(case=case, target=target, mode=mode, verdict="not-run", seconds=observed.seconds)
        cell.observation = observed.digest
        self._judge(cell)
        if observed.observation.status == "error":
            self._problem(f"{' '.join(key)}: {cell.reason}")
        self._cells[key] = cell
        self.progress.cell_recorded(target)

    def check_versions(self, target: str, versions: dict[str, str], backend: str) -> str | None:
        with self._lock:
            self._targets[target].versions = versions
        declared = self._declared[target]
        for name, version in {"keras": declared.keras, "tensorflow": declared.base.tensorflow}.items():
            if version and not same(versions.get(name, ""), version):
                return f"reports {name} {versions.get(name)}, but {version} is declared"
        return None if backend == declared.backend else f"uses backend {backend}, but {declared.backend} is declared"

    def problem(self, text: str) -> None:
        with self._lock:
            self._problem(text)

    def _problem(self, text: str) -> None:
        if text not in self._results.problems:  # a worker that is started again says it again
            self._results.problems.append(text)

    def state_changed(self, target: str, case: str, mode: str, what: str) -> None:
        # It is measured again next time, lest the problem be forgotten.
        self._write(lambda: self._cache.forget(self._declared[target], self._cases[case], mode))
        self.problem(f"{target}: {case} in {mode} changed global state: {what}")

    def cells_not_run(self, target: str, cells: list[CellKey], reason: str) -> None:
        # A problem of the run, unless it turns out that nothing of the target could be run.
        with self._lock:
            for case, mode in cells:
                self._not_run((case, target, mode), reason)
            self._refusals.append((target, reason))

    def target_not_run(self, target: str, reason: str) -> None:
        """Note that nothing more can be run on this target; `reason` becomes that of its cells without a record."""
        with self._lock:
            self._targets[target].reason = reason
            for key in self._planned:
                if key[1] == target and (key not in self._cells or key in self._crashes):
                    self._not_run(key, reason)
        self.progress.state(target, f"not run: {reason}")

    def _not_run(self, key: Key, reason: str) -> None:
        case, target, mode = key
        self._cells[key] = Cell(case=case, target=target, mode=mode, verdict="not-run", reason=reason)
        self.progress.cell_recorded(target)

    def close(self, seconds: float) -> Results:
        """Return the results; a planned cell that was not recorded is a problem, never a blank."""
        for key in self._planned:
            if key not in self._cells:
                self.problem(f"{' '.join(key)} was planned but not recorded")
                self._not_run(key, "the worker ended without recording this cell")
        unplanned = set(self._cells) - set(self._planned)
        self._results.problems += [f"{' '.join(key)} was recorded but not planned" for key in sorted(unplanned)]
        self._results.cells = [self._cells[key] for key in self._planned]
        self._results.cells = results.in_order(self._results)
        self._results.seconds = round(seconds, 1)
        self._write(self._cache.compact)
        executed = [
            cell
            for cell in self._results.cells
            if cell.mode not in self._targets[cell.target].lacks
            and (cell.case, cell.target, cell.mode) not in self._crashes
        ]
        observed = {cell.target for cell in executed if cell.observation is not None}
        for cell in executed:
            target = self._targets[cell.target]
            if cell.target not in observed and target.reason is None:
                target.reason = cell.reason
        for id, reason in self._refusals:
            if self._targets[id].reason is None:  # otherwise the target says it
                self._problem(f"{id}: {reason}")
        return self._results


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def target_result(target: Target, digest: str = "") -> TargetResult:
    """Return a target as it is declared, before anything is known of it; `digest` is that of `ResultCache`."""
    return TargetResult(
        id=target.id,
        title=target.title,
        front_end=target.front_end,
        backend=target.backend,
        python=target.base.python,
        base=target.base.title,
        generation=target.generation,
        pins=target.pins(),
        digest=digest,
        modes=target.modes,
        lacks=target.lacks,
        tier=target.tier,
        fixed=OF_FRONT_END.get(target.front_end, {}),
    )
