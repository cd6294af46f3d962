"""`conformance run --here` without the host side: runs the cases on the Keras of the current environment.

Needs what the cases need, NumPy and pytest, and prints what was observed. Expectations, the page and other targets need
the host side: `conformance run --here PYTHON` from an environment that has the extra `matrix`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from conformance import __version__
from conformance.local.bundle import make_bundle
from conformance.local.errors import Unavailable, UsageError, said
from conformance.local.launch import Environment, fixed, tail
from conformance.local.listing import listed
from conformance.local.machine import machine
from conformance.local.probe import describe
from conformance.local.process_group import Cell, ProcessGroup, WorkerTarget
from conformance.local.sanitize import printable
from conformance.local.selection import choose, rows
from conformance.local.supervisor import WorkerSettings, WorkerSupervisor
from conformance.local.worker_process import WorkerProcess
from conformance.vocabulary import BAD, FRONT_ENDS, MODES, VERDICTS, verdict
from conformance.worker import values as worker_values
from conformance.worker.backends import SEED

PROCESSES = (["eager", "graph", "jit"], ["session"])  # TensorFlow 1 graphs need a process of their own
OBSERVATIONS = "observations.jsonl"
SHOWN = 40  # cells that are printed one by one
ANYTHING = WorkerTarget("here", "", "")

Unsupported = dict[str, Optional[str]]
"""For each mode why it does not work here, None if it does."""


class ListedCase(NamedTuple):
    """What a case declares, as far as it matters here."""

    id: str
    area: str
    file: str
    modes: list[str]


class Observations:
    """Keeps what workers report, as a `SupervisorListener`.

    Attributes:
        cells: Observed cells with verdicts.
        not_run: Reasons why cells could not be executed.
        problems: What is wrong with the run itself.
    """

    def __init__(self) -> None:
        self.cells: list[dict[str, Any]] = []
        self.not_run: list[str] = []
        self.problems: list[str] = []

    def modes_running(self, target: str, modes: Sequence[str], running: bool) -> None:
        if running:
            _print_error(f"running {', '.join(modes)}")

    def has_tried(self, group: ProcessGroup) -> bool:
        return False  # the environment may have changed since any earlier run

    def check_versions(self, target: str, versions: dict[str, str], backend: str) -> str | None:
        return None  # whatever is installed is what is asked about

    def modes_tried(self, group: ProcessGroup, versions: dict[str, str], backend: str) -> None:
        """Ignore it: nothing is declared of this environment."""

    def cell_observed(
        self, target: str, case: str, mode: str, event: dict[str, Any], facts: list[dict[str, Any]]
    ) -> None:
        outcome = {name: value for name, value in event.items() if name not in ("event", "case", "mode")}
        found = verdict(event["status"], (_mismatch(fact) for fact in facts if "expected" in fact))
        self.cells.append({"case": case, "mode": mode, "verdict": found, **outcome, "facts": facts})
        if event["status"] == "error":
            self.problem(f"{case} in {mode}: the case itself failed: {_first(event)}")

    def cells_not_run(self, target: str, cells: list[Cell], reason: str) -> None:
        self.not_run.append(f"{len(cells)} cells: {reason}")

    def state_changed(self, target: str, case: str, mode: str, what: str) -> None:
        self.problem(f"{case} in {mode} changed global state: {what}")

    def group_served(self, group: ProcessGroup, peak_mb: int | None) -> None:
        """Ignore it: memory is not reported."""

    def problem(self, text: str) -> None:
        self.problems.append(text)


def main(arguments: Sequence[str], missing: str) -> int:
    """Run the cases and print what they did.

    Args:
        arguments: Those of `conformance run`.
        missing: Why the host side is not available; printed where more is asked for than there is.

    Returns:
        The exit code: 0 every cell was measured, 1 some were not, 2 usage, 3 nothing could run.
    """
    options, others = _parser(missing).parse_known_args(list(arguments))
    try:
        if others:
            raise UsageError(f"{others[0]} is not available: {missing}")
        return _run(options)
    except UsageError as error:
        _print_error(f"Error: {error}")
        return 2
    except Unavailable as error:
        _print_error(f"Error: {error}")
        return 3
    except OSError as error:
        _print_error(f"Error: {said(error)}")
        return 3


def _parser(missing: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance run",
        description="Run the mask cases on the Keras of the current environment; needs NumPy and pytest only.",
        epilog=f"Other options are not available: {missing}.",
    )
    parser.add_argument("--here", action="store_true", required=True, help="run in the current environment")
    parser.add_argument("--case", action="append", default=[], metavar="GLOB", help="run only these cases; repeatable")
    parser.add_argument("--mode", action="append", choices=MODES, default=[], help="run only this mode; repeatable")
    parser.add_argument("--front-end", choices=FRONT_ENDS, default="", help="front end to use (default: detected)")
    parser.add_argument("--backend", default="", metavar="NAME", help="Keras backend to use (default: detected)")
    parser.add_argument(
        "--no-speedups", action="store_true", help="do not speed up TensorFlow and JAX for many small cases"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("reports/latest"), help=f"folder for {OBSERVATIONS} (default: %(default)s)"
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="masks-") as temporary:
        folder = Path(temporary)
        where, bundle = Environment(Path(sys.executable)), make_bundle(folder)
        bundle = bundle.without_speedups() if options.no_speedups else bundle
        about = describe(where, options.front_end, options.backend, ANYTHING, bundle)
        target = ANYTHING._replace(front_end=about["front_end"], backend=about["backend"])
        known = [ListedCase(*(one[field] for field in ListedCase._fields)) for one in listed(bundle)]
        cases = choose(known, options.case)
        files = {case.id: case.file for case in cases}
        options.out.mkdir(parents=True, exist_ok=True)  # an error is better now than after the run
        _print_error(_title(about))
        settings = WorkerSettings(bundle, files, folder)
        unsupported = _try_modes(options.mode or MODES, where, target, settings)
        found = Observations()
        work = [(group, group.cells) for group in _groups(target, cases, unsupported)]
        if work:
            WorkerSupervisor(work, where, settings, found, threading.Event()).run()
        if not found.cells:
            raise Unavailable("; ".join(found.not_run) or "no case applies to the modes that work here")
        head = {
            "suite_version": __version__,
            "bundle": bundle.digest,
            "platform": machine(),
            "fixed": {
                **fixed(about["front_end"]),
                "seed": str(SEED),
                "speedups": "all" if bundle.speedups else "none",
            },
        }
        head.update(about, modes=unsupported)
        _write(options.out / OBSERVATIONS, [head, *found.cells])
    _print(found, unsupported, {case.id: case.area for case in cases}, options.out / OBSERVATIONS)
    return 1 if found.problems or found.not_run else 0


def _groups(target: WorkerTarget, cases: Sequence[ListedCase], unsupported: Unsupported) -> list[ProcessGroup]:
    """Plan the cells of the modes that work here, by process."""
    works = [mode for mode in MODES if unsupported.get(mode, "") is None]
    cells = rows(cases, works, works)
    found = []
    for process in PROCESSES:
        modes = [mode for mode in process if mode in works]
        # Mode by mode: what a mode makes the process load is loaded once.
        mine = [cell for mode in modes for cell in cells if cell[1] == mode]
        found += [ProcessGroup(target, modes, mine)] if mine else []
    return found


def _try_modes(modes: Sequence[str], where: Environment, target: WorkerTarget, settings: WorkerSettings) -> Unsupported:
    """Try each of these modes on a trivial function."""
    found: Unsupported = {}
    processes: list[tuple[list[str], list[Cell]]] = [([m for m in process if m in modes], []) for process in PROCESSES]
    requests = [request for request in processes if request[0]]
    worker = WorkerProcess(where, target, requests, {}, settings.bundle, settings.scratch / "probe")
    for event in worker:
        if event["event"] == "mode":
            found[event["mode"]] = None if event["works"] else event["reason"]
    if worker.ending.why:
        raise Unavailable(f"Keras does not start: {worker.ending.why}: {tail(worker.ending.log)}")
    return found


def _title(about: dict[str, Any]) -> str:
    versions = dict(about["versions"])
    keras, python = versions.pop("keras"), versions.pop("python")
    others = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{about['front_end']} {keras} on {about['backend']} ({others}), Python {python}"


def _mismatch(fact: dict[str, Any]) -> str | None:
    if "expected" not in fact:
        return None
    tolerance = fact.get("rtol", worker_values.RTOL), fact.get("atol", worker_values.ATOL)
    why = worker_values.difference(fact["observed"], fact["expected"], *tolerance)
    return f"{fact['name']}: {why}" if why else None


def _first(cell: dict[str, Any]) -> str:
    """Return why a cell does not conform, in one line."""
    if cell.get("exception"):
        return f"{cell['exception']['raised'][0]}: {cell['exception']['message']}"
    return cell.get("reason") or next((why for why in map(_mismatch, cell["facts"]) if why), "")


def _print(found: Observations, unsupported: Unsupported, areas: dict[str, str], path: Path) -> None:
    for mode, reason in unsupported.items():
        if reason:
            _print_error(f"mode {mode} is not available: {reason}")
    shown = [name for name in VERDICTS if any(cell["verdict"] == name for cell in found.cells)]
    table = [["area", *shown]]
    counts: dict[str, Counter[str]] = {}
    for cell in found.cells:
        counts.setdefault(areas[cell["case"]], Counter())[cell["verdict"]] += 1
    table += [[area, *(str(count[v] or "") for v in shown)] for area, count in counts.items()]
    total = Counter(cell["verdict"] for cell in found.cells)
    table.append(["", *(str(total[v]) for v in shown)])
    widths = [max(map(len, texts)) for texts in zip(*table)]
    for row in table:
        cells = [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells).rstrip())
    bad = [cell for cell in found.cells if cell["verdict"] in BAD]
    for cell in bad[:SHOWN]:
        line = f"{cell['verdict']} {cell['case']} in {cell['mode']}: {_first(cell)}"
        print(printable(" ".join(line.split()))[:200])
    if len(bad) > SHOWN:
        print(f"and {len(bad) - SHOWN} more")
    for reason in found.not_run:
        _print_error(f"not run: {reason}")
    for problem in found.problems:
        _print_error(f"problem: {problem}")
    print(f"{len(found.cells)} cells observed; details in {path}")


def _print_error(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines), encoding="utf-8")
    temporary.replace(path)
