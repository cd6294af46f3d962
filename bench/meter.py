"""The cost of commands: wall time, processor time including child processes, and what other processes used."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from bench.record import Sample


class Failed(Exception):
    """A measurement without a number; the message gives the reason in one line."""


class Meter:
    """Measure from construction until `read`. `run` may be called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cpu = 0.0
        self._started, self._busy = time.monotonic(), _busy()

    def run(
        self,
        command: Sequence[str | Path],
        cwd: Path,
        env: Mapping[str, str],
        stdin: str = "",
        accept: Sequence[int] = (0,),
        limit: float = 600.0,
        grace: float = 10.0,
    ) -> str:
        """Run a command and return its standard output.

        Args:
            command: The command and its arguments.
            cwd: Working directory.
            env: All environment variables.
            stdin: Text for standard input.
            accept: Exit codes that do not fail.
            limit: Seconds after which the command is ended with SIGTERM.
            grace: Seconds from then on, after which it is ended with SIGKILL.

        Raises:
            Failed: It could not be started, its exit code is not in `accept`, or it exceeded `limit`.
        """
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            try:
                process = subprocess.Popen(command, cwd=cwd, env=env, stdin=given, stdout=out, stderr=err)
            except OSError as error:
                raise Failed(f"{_name(command)} cannot be started: {error.strerror}") from error
            ended, late = threading.Event(), threading.Event()
            watch = threading.Thread(target=_end_in_time, args=(process.pid, limit, grace, ended, late), daemon=True)
            watch.start()
            try:
                # Unlike `Popen.wait`, this returns the usage of the process and of all children it waited for.
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                ended.set()
                if process.returncode is None:  # interrupted
                    process.terminate()
                    process.wait()
            with self._lock:
                self._cpu += usage.ru_utime + usage.ru_stime
            said = [_text(stream) for stream in (out, err)]
        if late.is_set():
            raise Failed(f"{_name(command)} did not end within {limit:.0f} s")
        if process.returncode not in accept:
            last = [line.strip() for text in said for line in text.splitlines() if line.strip()][-3:]
            raise Failed(f"{_name(command)} ended with exit code {process.returncode}: {' | '.join(last)}"[:600])
        return said[0]

    def read(self, cells: int) -> Sample:
        """Return the cost so far, of so many executed cells."""
        wall = time.monotonic() - self._started
        others = max(0.0, _busy() - self._busy - self._cpu)
        return Sample(wall=round(wall, 3), cpu=round(self._cpu, 3), others=round(others, 3), cells=cells)


def _busy() -> float:
    """Return the busy processor seconds of the whole machine since boot."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal")))


def _end_in_time(pid: int, limit: float, grace: float, ended: threading.Event, late: threading.Event) -> None:
    """Send SIGTERM to a process that takes too long, on which the suite ends its children; then SIGKILL."""
    if not ended.wait(limit):
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            if not ended.wait(grace):
                os.kill(pid, signal.SIGKILL)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")


def _name(command: Sequence[str | Path]) -> str:
    return " ".join(Path(word).name if isinstance(word, Path) else word for word in command)
