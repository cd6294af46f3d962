"""Serves a target: starts workers until each of its cells is recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from conformance.local.bundle import Bundle
from conformance.local.errors import said
from conformance.local.launch import Environment, tail
from conformance.local.process_group import Cell, ProcessGroup
from conformance.local.worker_process import LIMITS, WorkerLimits, WorkerProcess

MAX_IDLE_DEATHS = 2  # a worker that dies so often without beginning a cell is not started again

Work = list[tuple[ProcessGroup, list[Cell]]]
"""Process groups of one target with those of their cells that are left to be observed.

Where none is left, the modes are tried and nothing else.
"""


class SupervisorListener(Protocol):
    """Hears what the workers of a target report; supervisors call it from several threads at once.

    In all methods `target` is the id of a target, and cells are pairs of a case id and a mode.
    """

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        """Note that workers for these modes have started, or have ended."""

    def has_tried(self, group: ProcessGroup) -> bool:
        """Return whether it is known that the modes of the group work as declared."""

    def check_versions(self, target: str, versions: dict[str, str], backend: str) -> str | None:
        """Return why the target must not be used, None if it is what it should be."""

    def modes_tried(self, group: ProcessGroup, versions: dict[str, str], backend: str) -> None:
        """Note that the modes of the group work as declared.

        Args:
            group: The process group.
            versions: Versions by module, as the imported modules report them.
            backend: Backend, as Keras reports it.
        """

    def cell_observed(
        self, target: str, case: str, mode: str, event: dict[str, Any], facts: list[dict[str, Any]]
    ) -> None:
        """Take the observation of a cell that was executed, or in which a worker died or timed out.

        Args:
            target: Id of the target.
            case: Id of the case.
            mode: The mode.
            event: What the worker sent at the end of the cell (`worker.protocol`), or the same fields made here:
                "status", "seconds", and where they apply "reason", "exception" and "warnings".
            facts: The facts that the worker sent before.
        """

    def cells_not_run(self, target: str, cells: list[Cell], reason: str) -> None:
        """Note that these cells cannot be executed, with the reason in one line."""

    def state_changed(self, target: str, case: str, mode: str, what: str) -> None:
        """Note that a cell changed global state and did not restore it; `what` says which, as "name old -> new"."""

    def group_served(self, group: ProcessGroup, peak_mb: int | None) -> None:
        """Note that a process has served the group; `peak_mb` is the most memory it had in MiB, if that is known."""

    def problem(self, text: str) -> None:
        """Report that something is wrong with the run itself, in one line."""


@dataclass(frozen=True)
class WorkerSettings:
    """What all workers of a run have in common.

    Attributes:
        bundle: What is copied into the target.
        files: Files of the cases by case id.
        scratch: Folder for what workers write.
        limits: What a worker must not exceed.
    """

    bundle: Bundle
    files: Mapping[str, str]
    scratch: Path
    limits: WorkerLimits = LIMITS


class WorkerSupervisor:
    """Serves process groups of a target, or a part of their cells, in a thread of its own.

    Args:
        work: What is to be observed.
        environment: Where the target is installed.
        settings: Of all workers.
        listener: Hears what workers report.
        stop: Once set, no worker is started any more.
    """

    def __init__(
        self,
        work: Work,
        environment: Environment,
        settings: WorkerSettings,
        listener: SupervisorListener,
        stop: threading.Event,
    ):
        self._groups = [group for group, _ in work]
        self._left = [cell for _, cells in work for cell in cells]
        self._target, self._environment = self._groups[0].target, environment
        self._settings, self._listener, self._stop = settings, listener, stop
        self._crashed: set[Cell] = set()  # cells in which a worker has died once
        self._tried = {mode for group in self._groups if listener.has_tried(group) for mode in group.modes}
        self._served: list[list[str]] = []  # modes of the groups that a process has got through
        self._reached = False  # whether the worker that runs has begun a cell
        self._worker: WorkerProcess | None = None

    def kill(self) -> None:
        """End the worker that runs, if one does."""
        if self._worker:
            self._worker.kill()

    def run(self) -> None:
        """Start workers until nothing is left or nothing more can be done."""
        listener, left = self._listener, self._left
        settings, idle_deaths, refusal = self._settings, 0, None
        modes = list(dict.fromkeys(mode for _, mode in left)) or self._groups[0].modes
        listener.modes_running(self._target.id, modes, True)
        while not self._stop.is_set() and (requests := self._requests()):
            before, self._reached = len(left), False
            try:
                worker = self._worker = WorkerProcess(
                    self._environment,
                    self._target,
                    requests,
                    settings.files,
                    settings.bundle,
                    settings.scratch / self._target.id,
                    settings.limits,
                    self._tried,
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
                break  # done; what it did not report is reported when the run ends
            idle_deaths = 0 if self._reached else idle_deaths + 1
            if idle_deaths == MAX_IDLE_DEATHS:
                refusal = f"the worker dies before the first case: {worker.ending.why}: {tail(worker.ending.log)}"
                break
        if refusal:
            listener.cells_not_run(self._target.id, left, refusal)
        listener.modes_running(self._target.id, modes, False)

    def _requests(self) -> list[tuple[list[str], list[Cell]]]:
        """Return what to request of the next worker: groups with cells left, and those whose modes were not tried."""
        groups = [(group.modes, [cell for cell in self._left if cell[1] in group.modes]) for group in self._groups]
        return [(modes, cells) for modes, cells in groups if cells or modes not in self._served]

    def _listen(self, worker: WorkerProcess) -> str | None:
        """Record what a worker reports; return why the target must be given up, None if it need not be."""
        listener, target = self._listener, self._target
        open_cell: Cell | None = None
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
                refusal = listener.check_versions(target.id, event["versions"], event["backend"])
                if refusal:
                    listener.problem(f"{target.id}: {refusal}")
                    return refusal
            elif kind == "problem":
                sound = False
                listener.problem(f"{target.id}: {event['what']}")
            elif kind == "mode":
                checked.add(event["mode"])
                group = next(group for group in self._groups if event["mode"] in group.modes)
                if not self._mode_is_as_declared(group, event):
                    untrue.add(event["mode"])
                # Where a check fails, it is made again by the next run, which then says the same.
                if sound and checked >= set(group.modes) and not untrue & set(group.modes):
                    listener.modes_tried(group, hello["versions"], hello["backend"])
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
                group = next(group for group in self._groups if group.modes == event["modes"])
                listener.group_served(group, event["peak_mb"])
            elif kind == "polluted":
                listener.state_changed(target.id, event["case"], event["mode"], event["what"])
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

    def _record(self, cell: Cell, event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        if cell in self._left:
            self._left.remove(cell)
            self._listener.cell_observed(self._target.id, *cell, event, facts)

    def _mode_is_as_declared(self, group: ProcessGroup, event: dict[str, Any]) -> bool:
        """Check that a mode works exactly if it is declared to, and report it otherwise."""
        mode, target = event["mode"], self._target
        if group.probe:
            if event["works"]:
                self._listener.problem(f"{target.id}: mode {mode} is declared unavailable, but it works")
            return not event["works"]
        if not event["works"]:
            mine = [cell for cell in self._left if cell[1] == mode]
            reason = f"mode {mode} does not work here: {event['reason']}"
            self._listener.problem(f"{target.id}: {reason}")
            self._listener.cells_not_run(target.id, mine, reason)
            self._left[:] = [cell for cell in self._left if cell[1] != mode]
        return bool(event["works"])
