"""Serves a column: starts workers until each of its cells is recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.local.bundle import Bundle
from conformance.local.errors import said
from conformance.local.launch import Environment, tail
from conformance.local.worker_process import WorkerProcess

if TYPE_CHECKING:
    from conformance.run.collector import ResultCollector
    from conformance.run.plan import ProcessGroup

MAX_IDLE_DEATHS = 2  # a worker that dies so often without beginning a cell is not started again


class WorkerSupervisor:
    """The life of units of a column, or of a part of their cells, in a thread of its own. `stop` ends it, with `kill`.

    work: each unit with the cells of it that are left to be observed; files: those of the cases, by id;
    scratch: a folder for this session alone.
    """

    def __init__(
        self,
        work: list[tuple[ProcessGroup, list[tuple[str, str]]]],
        files: Mapping[str, str],
        environment: Environment,
        bundle: Bundle,
        ledger: ResultCollector,
        scratch: Path,
        stop: threading.Event,
        case_seconds: float | None = None,
    ):
        self._units = [unit for unit, _ in work]
        self._left = [cell for _, cells in work for cell in cells]
        self._target, self._environment = self._units[0].target, environment
        self._bundle, self._ledger, self._stop = bundle, ledger, stop
        self._folder = scratch / self._target.id
        self._limits = {} if case_seconds is None else {"case_seconds": case_seconds}
        self._files = files
        self._crashed: set[tuple[str, str]] = set()  # cells in which a worker has died once
        self._tried = {mode for unit in self._units if ledger.has_tried(unit) for mode in unit.modes}
        self._served: list[list[str]] = []  # modes of the units that a process has got through
        self._reached = False  # whether the worker that runs has begun a cell
        self._worker: WorkerProcess | None = None

    def kill(self) -> None:
        """End the worker that runs, if one does."""
        if self._worker:
            self._worker.kill()

    def run(self) -> None:
        ledger, left = self._ledger, self._left
        idle_deaths = 0
        refusal = None
        modes = list(dict.fromkeys(mode for _, mode in left)) or self._units[0].modes
        ledger.progress.running(self._target.id, modes, True)
        while not self._stop.is_set() and (groups := self._groups()):
            before, self._reached = len(left), False
            try:
                worker = self._worker = WorkerProcess(
                    self._environment,
                    self._target,
                    groups,
                    self._files,
                    self._bundle,
                    self._folder,
                    tried=self._tried,
                    **self._limits,
                )
            except OSError as error:  # no such interpreter, no space for its folder, too many processes
                refusal = f"no worker can be started: {said(error)}"
                break
            try:
                refusal = self._listen(worker)
            finally:
                worker.kill()
            if refusal:
                break
            if worker.ending.why is None and len(left) == before:
                break  # done; what it did not report is reported by the ledger
            idle_deaths = 0 if self._reached else idle_deaths + 1
            if idle_deaths == MAX_IDLE_DEATHS:
                refusal = f"the worker dies before the first case: {worker.ending.why}: {tail(worker.ending.log)}"
                break
        if refusal:
            ledger.cells_not_run(self._target.id, left, refusal)
        ledger.progress.running(self._target.id, modes, False)

    def _groups(self) -> list[tuple[list[str], list[tuple[str, str]]]]:
        """What there is to do: units with cells left, and those whose modes nobody has tried."""
        groups = [(u.modes, [cell for cell in self._left if cell[1] in u.modes]) for u in self._units]
        return [(modes, cells) for modes, cells in groups if cells or modes not in self._served]

    def _listen(self, worker: WorkerProcess) -> str | None:
        """Record what a worker says; returns why the unit must be given up, if it must."""
        ledger, target = self._ledger, self._target
        open_cell: tuple[str, str] | None = None
        facts: list[dict[str, Any]] = []
        hello: dict[str, Any] = {}
        untrue: set[str] = set()  # modes that are not as declared
        sound = True  # whether the worker has reported no problem of its own
        checked: set[str] = set()
        started = time.monotonic()
        for event in worker:
            if self._stop.is_set():
                return None
            kind = event["event"]
            if kind == "hello":
                hello = event
                refusal = ledger.check_versions(target, event["versions"], event["backend"])
                if refusal:
                    ledger.problem(f"{target.id}: {refusal}")
                    return refusal
            elif kind == "problem":
                sound = False
                ledger.problem(f"{target.id}: {event['what']}")
            elif kind == "mode":
                checked.add(event["mode"])
                unit = next(unit for unit in self._units if event["mode"] in unit.modes)
                if not self._mode_is_as_declared(unit, event):
                    untrue.add(event["mode"])
                # Where a check fails, it is made again by the next run, which then says the same.
                if sound and checked >= set(unit.modes) and not untrue & set(unit.modes):
                    ledger.keep_checks(unit, hello["versions"], hello["backend"])
            elif kind == "start":
                self._reached = True
                open_cell, facts, started = (event["case"], event["mode"]), [], time.monotonic()
            elif kind == "fact":
                facts.append(event["fact"])
            elif kind == "end":
                open_cell = None
                self._record((event["case"], event["mode"]), event, facts)
            elif kind == "served":
                self._served.append(event["modes"])
                ledger.ended(next(u for u in self._units if u.modes == event["modes"]), event["peak_mb"])
            elif kind == "polluted":
                ledger.left_changed(target, event["case"], event["mode"], event["what"])
        ending = worker.ending
        if open_cell is None or ending.why is None or self._stop.is_set():
            return None
        if not ending.timed_out and open_cell in self._left and open_cell not in self._crashed:
            # The reason may have been outside: a crash is believed, and remembered, if it happens twice.
            self._crashed.add(open_cell)
            self._left.remove(open_cell)
            self._left.append(open_cell)
        else:
            event = {
                "status": "timed-out" if ending.timed_out else "crashed",
                "reason": f"{ending.why}: {tail(ending.log)}",
                "seconds": round(time.monotonic() - started, 4),
            }
            self._record(open_cell, event, facts)
        return None

    def _record(self, cell: tuple[str, str], event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        if cell in self._left:
            self._left.remove(cell)
            self._ledger.record(self._target, *cell, event, facts)

    def _mode_is_as_declared(self, unit: ProcessGroup, event: dict[str, Any]) -> bool:
        """A mode must work exactly if the target is said to have it."""
        mode, target = event["mode"], self._target
        if unit.probe:
            if event["works"]:
                self._ledger.problem(f"{target.id}: is said to lack the mode {mode}, but it works")
            return not event["works"]
        if not event["works"]:
            mine = [cell for cell in self._left if cell[1] == mode]
            reason = f"mode {mode} does not work here: {event['reason']}"
            self._ledger.problem(f"{target.id}: {reason}")
            self._ledger.cells_not_run(target.id, mine, reason)
            self._left[:] = [cell for cell in self._left if cell[1] != mode]
        return bool(event["works"])
