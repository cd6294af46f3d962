"""Runs a plan: environments are built two at a time while workers run beside them.

Whatever happens to a worker, every planned cell is recorded exactly once.
"""

import datetime
import os
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import msgspec

from conformance import __version__
from conformance.bundle import Bundle
from conformance.errors import Unavailable
from conformance.judge import judge_cell
from conformance.plan import Key, Plan, Unit
from conformance.process import Worker, tail
from conformance.progress import Progress
from conformance.provision import Environment
from conformance.results import SCHEMA_VERSION, Case, Cell, Fact, Observation, Results, TargetResult
from conformance.targets import Target

INSTALLATIONS = 2
MAX_IDLE_DEATHS = 2  # a worker that dies so often without finishing a cell is not started again

Provision = Callable[[Target], Environment]


def run(
    plan: Plan,
    cases: list[Case],
    targets: list[Target],
    bundle: Bundle,
    provision: Provision,
    progress: Progress,
    jobs: int = 2,
    case_seconds: float | None = None,
) -> Results:
    """Execute `plan` and return its results; `problems` says what went wrong with the run itself."""
    started = time.monotonic()
    ledger = Ledger(plan, cases, targets, bundle, progress)
    scratch = Path(tempfile.mkdtemp(prefix="masks-"))
    stop = threading.Event()
    installers = ThreadPoolExecutor(INSTALLATIONS)
    workers = ThreadPoolExecutor(jobs)
    sessions: list[_Session] = []
    try:
        units_of = {t.id: [u for u in plan.units if u.target is t] for t in targets}
        installing = {installers.submit(_install, t, provision, ledger): t for t in targets}
        running: list[Future[None]] = []
        for future in as_completed(installing):
            target, environment = installing[future], future.result()
            if environment is not None:
                for unit in units_of[target.id]:
                    sessions.append(_Session(unit, environment, bundle, ledger, scratch, stop, case_seconds))
                    running.append(workers.submit(sessions[-1].run))
        for done in as_completed(running):
            done.result()
    finally:
        # After an interrupt: no new process, and an end to those that run.
        stop.set()
        for session in sessions:
            session.kill()
        installers.shutdown(cancel_futures=True)
        workers.shutdown(cancel_futures=True)
        shutil.rmtree(scratch, ignore_errors=True)
    return ledger.close(time.monotonic() - started)


def _install(target: Target, provision: Provision, ledger: "Ledger") -> Environment | None:
    ledger.progress.state(target.id, "installing")
    try:
        environment = provision(target)
    except Unavailable as why:
        ledger.target_not_run(target.id, str(why))
        return None
    except Exception as error:  # a fault of ours in one column must not cost the others
        reason = f"could not be installed: {type(error).__name__}: {error}"
        ledger.problem(f"{target.id}: {reason}")
        ledger.target_not_run(target.id, reason)
        return None
    ledger.progress.state(target.id, "waiting")
    return environment


class _Session:
    """Serves one unit: starts workers until each of its cells is recorded."""

    def __init__(
        self,
        unit: Unit,
        environment: Environment,
        bundle: Bundle,
        ledger: "Ledger",
        scratch: Path,
        stop: threading.Event,
        case_seconds: float | None,
    ):
        self.unit, self.environment, self.bundle, self.ledger = unit, environment, bundle, ledger
        self.folder = scratch / f"{unit.target.id}-{unit.modes[0]}"
        self.stop = stop
        self.limits = {} if case_seconds is None else {"case_seconds": case_seconds}
        self.worker: Worker | None = None

    def kill(self) -> None:
        """End the worker that runs, if one does."""
        if self.worker:
            self.worker.kill()

    def run(self) -> None:
        target, ledger = self.unit.target, self.ledger
        left = list(self.unit.cells)
        idle_deaths = 0
        while not self.stop.is_set():
            ledger.progress.state(target.id, "running " + ", ".join(self.unit.modes))
            before = len(left)
            worker = self.worker = Worker(
                self.environment.python, target, self.unit.modes, left, self.bundle, self.folder, **self.limits
            )
            try:
                refusal = self._listen(worker, left)
            finally:
                worker.kill()
            if refusal or not left:
                break
            if worker.ending.why is None and len(left) == before:
                break  # done; what it did not report is reported by the ledger
            idle_deaths = idle_deaths + 1 if len(left) == before else 0
            if idle_deaths == MAX_IDLE_DEATHS:
                refusal = f"the worker dies before the first case: {worker.ending.why}: {tail(worker.ending.log)}"
                break
        else:
            return
        if refusal:
            ledger.cells_not_run(target.id, left, refusal)
        ledger.progress.state(target.id, "done with " + ", ".join(self.unit.modes))

    def _listen(self, worker: Worker, left: list[tuple[str, str]]) -> str | None:
        """Record what a worker says, removing from `left`; returns why the unit must be given up."""
        ledger, target = self.ledger, self.unit.target
        open_cell: tuple[str, str] | None = None
        facts: list[dict[str, Any]] = []
        started = time.monotonic()
        for event in worker:
            kind = event["event"]
            if self.stop.is_set():
                return None
            if kind == "hello":
                refusal = ledger.check_versions(target, event["versions"], event["backend"])
                if refusal:
                    return refusal
            elif kind == "mode":
                self._mode(event, left)
            elif kind == "start":
                open_cell, facts, started = (event["case"], event["mode"]), [], time.monotonic()
            elif kind == "fact":
                facts.append(event["fact"])
            elif kind == "end":
                open_cell = None
                cell = (event["case"], event["mode"])
                if cell in left:
                    left.remove(cell)
                    ledger.record((cell[0], target.id, cell[1]), event, facts)
            elif kind == "polluted":
                ledger.problem(f"{target.id}: {event['case']} in {event['mode']} left changed: {event['what']}")
        if open_cell in left and not self.stop.is_set():
            assert open_cell is not None
            left.remove(open_cell)
            ending = worker.ending
            event = {
                "status": "timed-out" if ending.timed_out else "crashed",
                "reason": f"{ending.why}: {tail(ending.log)}",
                "seconds": round(time.monotonic() - started, 4),
            }
            ledger.record((open_cell[0], target.id, open_cell[1]), event, facts)
        return None

    def _mode(self, event: dict[str, Any], left: list[tuple[str, str]]) -> None:
        """A mode must work exactly if the target is said to have it."""
        mode, target = event["mode"], self.unit.target
        if self.unit.probe:
            if event["works"]:
                self.ledger.problem(f"{target.id}: is said to lack the mode {mode}, but it works")
        elif not event["works"]:
            reason = f"mode {mode} does not work here: {event['reason']}"
            mine = [cell for cell in left if cell[1] == mode]
            self.ledger.cells_not_run(target.id, mine, reason)
            left[:] = [cell for cell in left if cell[1] != mode]


class Ledger:
    """Receives what is observed, from several threads, and holds it against the plan."""

    def __init__(self, plan: Plan, cases: list[Case], targets: list[Target], bundle: Bundle, progress: Progress):
        self.progress = progress
        self._lock = threading.Lock()
        self._planned = plan.cells
        self._cells: dict[Key, Cell] = {}
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
                observation = Observation(status="unsupported", reason=lacks[mode])
                self._add((case, target, mode), observation, 0.0)

    def record(self, key: Key, event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        """A cell that was executed; `event` and `facts` are as the worker sent them."""
        with self._lock:
            stored = [self._fact(f) for f in facts]
            about = {k: event[k] for k in ("status", "exception", "warnings", "reason") if event.get(k) is not None}
            observation = msgspec.convert(about, Observation)
            observation.facts = stored
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
        wanted = {"keras": target.keras} | ({"tensorflow": target.tensorflow} if target.tensorflow else {})
        for name, version in wanted.items():
            if versions.get(name) != version:
                return f"reports {name} {versions.get(name)}, not {version} as declared"
        return None if backend == target.backend else f"runs on {backend}, not on {target.backend}"

    def problem(self, text: str) -> None:
        with self._lock:
            self._problem(text)

    def _problem(self, text: str) -> None:
        if text not in self._results.problems:  # a worker that is started again says it again
            self._results.problems.append(text)

    def cells_not_run(self, target: str, cells: list[tuple[str, str]], reason: str) -> None:
        """These cells, (case id, mode), of an environment that is there cannot be run."""
        with self._lock:
            for case, mode in cells:
                self._not_run((case, target, mode), reason)
            self._problem(f"{target}: {reason}")

    def target_not_run(self, target: str, reason: str) -> None:
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
            mine = [c for c in self._results.cells if c.target == target.id]
            if target.reason is None and mine and all(c.observation is None for c in mine):
                target.reason = mine[0].reason
        return self._results


def _target_result(target: Target) -> TargetResult:
    return TargetResult(
        id=target.id,
        title=target.title,
        front_end=target.front_end,
        backend=target.backend,
        python=target.python,
        pins=target.pins() if target.lock.is_file() else [],
        modes=target.modes,
        lacks=target.lacks,
        tier=target.tier,
    )
