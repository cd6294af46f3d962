"""One worker process, seen from the host: start it, read its events, stop it in time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.local.bundle import Bundle
from conformance.local.launch import START_SECONDS, Environment, environment
from conformance.local.sanitize import cleaned
from conformance.local.validation import is_event

if TYPE_CHECKING:
    from conformance.targets.registry import Target

try:
    import psutil
except ImportError:  # `conformance.local.run`: nobody watches the memory
    psutil = None  # type: ignore[assignment]

CASE_SECONDS = 90.0  # between two events of a running case
MEMORY_SECONDS = 0.3  # between two looks at the memory
MEMORY_MB = 3000  # for a worker and all that it starts; the cases need a quarter of it
LOG_LINES = 40
EVENT_BYTES, CELL_BYTES = 2**24, 2**26  # of a line, of all lines of a cell; real ones are a thousandth of it


@dataclass
class Ending:
    """How a process ended. why: None if it said "done", else one line; log: its last lines."""

    why: str | None = None
    timed_out: bool = False
    log: list[str] = field(default_factory=list)


class WorkerProcess:
    """Runs groups of cells of `target` after one import; iterate over it for the events, then see `ending`.

    groups: modes that can share a process, and their cells as (case id, mode); files: by case id;
    tried: modes that are known to be as declared.
    """

    def __init__(
        self,
        where: Environment,
        target: Target,
        groups: Sequence[tuple[list[str], list[tuple[str, str]]]],
        files: Mapping[str, str],
        bundle: Bundle,
        scratch: Path,
        case_seconds: float = CASE_SECONDS,
        tried: Collection[str] = (),
    ):
        self.ending = Ending()
        self._too_large: str | None = None
        self._killed = threading.Event()
        self._case_seconds = case_seconds
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
        """Events until the process says "done", ends, or is silent for too long."""
        allowed = START_SECONDS
        done, said = False, 0
        while not done:
            try:
                line = self._lines.get(timeout=allowed)
            except queue.Empty:
                self.ending = Ending(f"no sign of life for {allowed:.0f} s", timed_out=True)
                break
            if line is None:
                self.ending = Ending(self._how_it_ended())
                break
            try:
                event = cleaned(json.loads(line), line)
            except (ValueError, RecursionError):
                event = None
            if not is_event(event):
                self.ending = Ending(f"the worker wrote a line that is no event: {line[:200]!r}")
                break
            said = len(line) + (0 if event["event"] == "start" else said)
            if said > CELL_BYTES:
                self.ending = Ending(f"the worker wrote more than {CELL_BYTES >> 20} MB about one cell")
                break
            done = event["event"] == "done"
            allowed = self._case_seconds
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
        with contextlib.suppress(BrokenPipeError):  # it died at start; reading says how
            self._process.stdin.write(request)
            self._process.stdin.close()

    def _read_events(self) -> None:
        assert self._process.stdout
        while line := self._process.stdout.readline(EVENT_BYTES):
            self._lines.put(line)  # what is longer is cut, and so no JSON
        self._lines.put(None)

    def _read_log(self) -> None:
        assert self._process.stderr
        # Read in pieces: a target may print megabytes without a line break.
        rest = b""
        while piece := self._process.stderr.read1(65536):  # type: ignore[attr-defined]
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
                if used > MEMORY_MB:
                    self._too_large = f"killed: it used {used:.0f} MB of memory, {MEMORY_MB} are allowed"
                    os.killpg(self._process.pid, signal.SIGKILL)
                if self._killed.wait(MEMORY_SECONDS):
                    return
        except (psutil.Error, ProcessLookupError):
            return  # it has ended

    def _how_it_ended(self) -> str:
        if self._too_large:
            return self._too_large
        deadline = time.monotonic() + 5
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        code = self._process.poll()
        if code is None:
            return "the worker closed its output"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"the process ended with exit code {code}"
