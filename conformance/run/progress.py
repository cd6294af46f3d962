"""Shows the progress of a run: a live table on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from conformance.run.plan import Plan


class Progress(Protocol):
    """Shows the progress of one run, as a context manager; methods may be called from several threads."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def state(self, target: str, text: str) -> None:
        """Show the state of a target as a whole: "installing", "waiting", "not run: ..."."""

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        """Show that workers for these modes of `target` have started, or have ended."""

    def cell_recorded(self, target: str) -> None:
        """Count one more recorded cell of `target`."""


class SilentProgress:
    """Shows nothing."""

    def __init__(self, plan: Plan):
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...

    def state(self, target: str, text: str) -> None: ...

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None: ...

    def cell_recorded(self, target: str) -> None: ...


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class _Counts:
    def __init__(self, plan: Plan):
        self.total: dict[str, int] = {}
        for _, target, _ in plan.cells:
            self.total[target] = self.total.get(target, 0) + 1
        self.done = dict.fromkeys(self.total, 0)
        self.started = time.monotonic()

    def add(self, target: str) -> None:
        self.done[target] += 1

    def summary(self) -> str:
        done, total = sum(self.done.values()), sum(self.total.values())
        spent = time.monotonic() - self.started
        left = f", about {_minutes(spent / done * (total - done))} left" if done and done < total else ""
        return f"{done} of {total} cells, {_minutes(spent)}{left}"


class PlainProgress:
    """A line when a target changes its state, and the totals every ten seconds."""

    def __init__(self, plan: Plan, console: Console):
        self._counts, self._console, self._lock = _Counts(plan), console, threading.Lock()
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._print(self._counts.summary())

    def state(self, target: str, text: str) -> None:
        with self._lock:
            self._print(f"{target}: {text}")

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        self.state(target, f"{'running' if running else 'finished'} {', '.join(modes)}")

    def cell_recorded(self, target: str) -> None:
        with self._lock:
            self._counts.add(target)
            if time.monotonic() - self._last > 10:
                self._last = time.monotonic()
                self._print(self._counts.summary())

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveProgress:
    """A table with a bar for each target, redrawn four times a second."""

    def __init__(self, plan: Plan, console: Console):
        self._counts, self._lock = _Counts(plan), threading.Lock()
        self._states = dict.fromkeys(self._counts.total, "waiting")
        self._running: dict[str, list[str]] = {target: [] for target in self._counts.total}
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def state(self, target: str, text: str) -> None:
        with self._lock:
            self._states[target] = text

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        with self._lock:
            for mode in modes:  # several workers may be at it
                (self._running[target].append if running else self._running[target].remove)(mode)
            done = self._counts.done[target] == self._counts.total[target]
            self._states[target] = ", ".join(dict.fromkeys(self._running[target])) or ("done" if done else "waiting")

    def cell_recorded(self, target: str) -> None:
        with self._lock:
            self._counts.add(target)

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            for target, total in self._counts.total.items():
                done = self._counts.done[target]
                bar = ProgressBar(total=total, completed=done, width=24)
                table.add_row(
                    target, bar, f"{done}/{total}", Text(self._states[target], overflow="ellipsis", no_wrap=True)
                )
            return Group(table, Text(self._counts.summary(), style="bold"))


def progress_on(console: Console) -> Callable[[Plan], Progress]:
    """Return what makes the progress of a plan, as it suits this console."""
    return lambda plan: (LiveProgress if console.is_terminal else PlainProgress)(plan, console)
