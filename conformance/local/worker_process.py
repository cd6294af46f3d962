"""One worker process, seen from outside: start it, read its events, stop it in time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.local.bundle import Bundle
from conformance.local.launch import START_SECONDS, Environment, environment
from conformance.local.process_group import Cell, WorkerTarget
from conformance.local.sanitize import cleaned
from conformance.local.validation import is_event

try:
    import psutil
except ImportError:  # `run --here` beside a Keras: memory is not limited
    psutil = None  # type: ignore[assignment]

MEMORY_SECONDS = 0.3  # between two measurements of memory
LOG_LINES = 40


@dataclass(frozen=True)
class WorkerLimits:
    """What a worker must not exceed, else it is stopped.

    Attributes:
        start_seconds: Silence before its first event: the first import after an installation reads all from disk.
        case_seconds: Silence between two events of a running case.
        end_seconds: From the end of its output to the end of the process.
        memory_mb: Memory of the worker and all that it starts; the cases need a quarter of it.
        event_bytes: Length of an event; real ones are a thousandth of it.
        cell_bytes: Length of all events of a cell, likewise.
    """

    start_seconds: float = START_SECONDS
    case_seconds: float = 90.0
    end_seconds: float = 5.0
    memory_mb: int = 3000
    event_bytes: int = 2**24
    cell_bytes: int = 2**26


LIMITS = WorkerLimits()
"""The usual ones."""


@dataclass
class Ending:
    """How a process ended.

    Attributes:
        why: One line, None if the process said "done".
        timed_out: It was silent for too long.
        log: Its last lines.
    """

    why: str | None = None
    timed_out: bool = False
    log: list[str] = field(default_factory=list)


class WorkerProcess:
    """Executes cells of a target after one import of Keras; iterate over it for the events, then see `ending`.

    Args:
        where: Where the target is installed.
        target: The target.
        groups: Modes that share a process, and the cells to execute in each.
        files: Files of the cases by case id.
        bundle: What is copied into the target.
        scratch: Working folder of the process.
        limits: What it must not exceed.
        tried: Modes that are known to work as declared.
    """

    def __init__(
        self,
        where: Environment,
        target: WorkerTarget,
        groups: Sequence[tuple[list[str], list[Cell]]],
        files: Mapping[str, str],
        bundle: Bundle,
        scratch: Path,
        limits: WorkerLimits = LIMITS,
        tried: Collection[str] = (),
    ):
        self.ending = Ending()
        self._too_large: str | None = None
        self._killed = threading.Event()
        self._limits = limits
        scratch.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [where.python, "-m", "conformance.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=scratch,
            env=environment(where, target, bundle, scratch),
            start_new_session=True,  # so that whatever it starts dies with it
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._log: deque[bytes] = deque(maxlen=LOG_LINES)
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
            threading.Thread(target=self._watch_memory, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        request = {
            "front_end": target.front_end,
            "cases": str(bundle.cases),
            "speedups": bundle.speedups,
            "files": sorted({files[case] for _, cells in groups for case, _ in cells}),
            "groups": [
                {"modes": modes, "try": [mode for mode in modes if mode not in tried], "cells": cells}
                for modes, cells in groups
            ],
        }
        self._send(json.dumps(request).encode())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield events until the process says "done", ends, or is silent for too long."""
        allowed = self._limits.start_seconds
        done, said = False, 0
        while not done:
            try:
                line = self._lines.get(timeout=allowed)
            except queue.Empty:
                self.ending = Ending(f"timed out: no event for {allowed:.0f} s", timed_out=True)
                break
            if line is None:
                self.ending = Ending(self._how_it_ended())
                break
            try:
                event = cleaned(json.loads(line), line)
            except (ValueError, RecursionError):
                event = None
            if not is_event(event):
                self.ending = Ending(f"the worker wrote a line that is not an event: {line[:200]!r}")
                break
            said = len(line) + (0 if event["event"] == "start" else said)
            if said > self._limits.cell_bytes:
                self.ending = Ending(f"the worker wrote more than {self._limits.cell_bytes >> 20} MB about one cell")
                break
            done = event["event"] == "done"
            allowed = self._limits.case_seconds
            yield event
        self.kill()
        self.ending.log = [line.decode("utf-8", "replace").rstrip() for line in self._log]

    def kill(self) -> None:
        """End the process and all that it started; does nothing if it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of it is left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._killed.set()
        for reader in self._readers:
            reader.join(timeout=5)

    def _send(self, request: bytes) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:  # it died at start; reading says how
            pipe.write(request)

    def _read_events(self) -> None:
        assert self._process.stdout
        with self._process.stdout as pipe:
            while line := pipe.readline(self._limits.event_bytes):
                self._lines.put(line)  # what is longer is cut, and so no JSON
        self._lines.put(None)

    def _read_log(self) -> None:
        assert self._process.stderr
        # Read in pieces: a target may print megabytes without a line break.
        rest = b""
        with self._process.stderr as pipe:
            while piece := pipe.read1(65536):  # type: ignore[attr-defined]
                *lines, rest = (rest + piece).split(b"\n")
                self._log.extend(line[:1000] for line in lines)
                rest = rest[-1000:]
        if rest:
            self._log.append(rest)

    def _watch_memory(self) -> None:
        if psutil is None:
            return
        try:
            process = psutil.Process(self._process.pid)
            while self._process.poll() is None:
                used = sum(p.memory_info().rss for p in (process, *process.children(recursive=True))) / 2**20
                if used > self._limits.memory_mb:
                    self._too_large = f"killed: used {used:.0f} MB of memory, the limit is {self._limits.memory_mb} MB"
                    os.killpg(self._process.pid, signal.SIGKILL)
                if self._killed.wait(MEMORY_SECONDS):
                    return
        except (psutil.Error, ProcessLookupError):
            return  # it has ended

    def _how_it_ended(self) -> str:
        if self._too_large:
            return self._too_large
        try:
            code = self._process.wait(self._limits.end_seconds)
        except subprocess.TimeoutExpired:
            return "the worker closed its output and did not end"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"the process ended with exit code {code}"
