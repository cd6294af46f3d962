"""`conformance run --here` without the host side: the cases on the Keras of this very environment.

Needs what the cases need, NumPy and pytest, and prints what was observed. What is known of Keras, the page and other
columns are the host side's: `conformance run --here PYTHON`, from an environment that has the extra `matrix`.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from conformance import __version__
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import Unavailable, UsageError, said
from conformance.local.launch import Environment, fixed, tail
from conformance.local.listing import listed
from conformance.local.machine import machine
from conformance.local.probe import describe
from conformance.local.sanitize import printable
from conformance.local.selection import choose, modes_on
from conformance.local.supervisor import WorkerSupervisor
from conformance.local.worker_process import WorkerProcess
from conformance.vocabulary import BAD, FRONT_ENDS, MODES, VERDICTS, verdict
from conformance.worker import values as worker_values
from conformance.worker.backends import SEED

PROCESSES = (("eager", "graph", "jit"), ("session",))  # v1 graphs need a process of their own
OBSERVATIONS = "observations.jsonl"
SHOWN = 40  # lines about single cells
NAME = "here"


class Column(NamedTuple):
    """What a worker needs to know of a `targets.Target`."""

    id: str
    front_end: str
    backend: str


class Unit(NamedTuple):
    """As `plan.Unit`."""

    target: Column
    modes: list[str]
    cells: list[tuple[str, str]]
    probe: bool = False


class Case(NamedTuple):
    """What has to be known of a `results.Case`."""

    id: str
    area: str
    file: str
    modes: list[str]


@dataclass
class Found:
    """Hears of a session as a `ledger.Ledger` does. cells: what was observed, with verdicts; problems: of the run."""

    cells: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    not_run: list[tuple[int, str]] = field(default_factory=list)

    @property
    def progress(self) -> Found:
        return self

    def running(self, target: str, modes: Sequence[str], now: bool) -> None:
        if now:
            _tell(f"running {', '.join(modes)}")

    def record(self, target: Column, case: str, mode: str, event: dict[str, Any], facts: list[dict[str, Any]]) -> None:
        outcome = {name: value for name, value in event.items() if name not in ("event", "case", "mode")}
        found = verdict(event["status"], (_mismatch(fact) for fact in facts if "expected" in fact))
        self.cells.append({"case": case, "mode": mode, "verdict": found, **outcome, "facts": facts})
        if event["status"] == "error":
            self.problem(f"{case} in {mode}: the case itself failed: {_first(event)}")

    def cells_not_run(self, target: str, cells: list[tuple[str, str]], reason: str) -> None:
        self.not_run.append((len(cells), reason))

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def left_changed(self, target: Column, case: str, mode: str, what: str) -> None:
        self.problem(f"{case} in {mode} left changed: {what}")

    def check_versions(self, target: Column, versions: dict[str, str], backend: str) -> None:
        """Whatever is here, is here."""

    def has_tried(self, *about: object) -> bool:
        """Nothing is remembered: what is here may change."""
        return False

    def keep_checks(self, *about: object) -> None:
        """As above."""

    def ended(self, *about: object) -> None:
        """The memory that a process had is of no interest here."""


def main(arguments: Sequence[str], lacks: str) -> int:
    """Run the cases and print what they did; returns the exit code: 0 every cell was measured, 1 not, 2, 3.

    lacks: why the host side is not used, for whoever asks for more than there is here.
    """
    options, others = _parser(lacks).parse_known_args(list(arguments))
    try:
        if others:
            raise UsageError(f"{others[0]} is not there: {lacks}")
        return _run(options)
    except UsageError as error:
        _tell(f"Error: {error}")
        return 2
    except Unavailable as error:
        _tell(f"Error: {error}")
        return 3
    except OSError as error:
        _tell(f"Error: {said(error)}")
        return 3


def _parser(lacks: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance run",
        description="Run the cases on the Keras of this environment, with NumPy and pytest alone.",
        epilog=f"More options: {lacks}.",
    )
    parser.add_argument("--here", action="store_true", required=True, help="the current environment")
    parser.add_argument("--case", action="append", default=[], metavar="GLOB", help="only these cases; repeatable")
    parser.add_argument("--mode", action="append", choices=MODES, default=[], help="only this mode; repeatable")
    parser.add_argument("--front-end", choices=FRONT_ENDS, default="", help="which Keras")
    parser.add_argument("--backend", default="", metavar="NAME", help="what Keras computes with")
    parser.add_argument("--out", type=Path, default=Path("reports/latest"), help=f"folder of {OBSERVATIONS}")
    return parser


def _run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="masks-") as temporary:
        folder = Path(temporary)
        where, bundle = Environment(Path(sys.executable)), make_bundle(folder)
        about = describe(where, options.front_end, options.backend, Column(NAME, "", ""), bundle)  # type: ignore[arg-type]
        column = Column(NAME, about["front_end"], about["backend"])
        known = [Case(*(about[field] for field in Case._fields)) for about in listed(bundle)]
        cases = choose(known, options.case)
        files = {case.id: case.file for case in cases}
        options.out.mkdir(parents=True, exist_ok=True)  # told now, not after an hour
        _tell(_title(about))
        lacking = _lacking(options.mode or MODES, where, column, bundle, folder)
        has = [mode for mode in MODES if lacking.get(mode, "") is None]
        found = Found()
        work = []
        for modes in PROCESSES:
            here = [mode for mode in modes if mode in has]
            cells = [(case.id, mode) for mode in here for case in cases if mode in modes_on(case.modes, has)]
            work += [(Unit(column, here, cells), cells)] if cells else []
        if work:
            WorkerSupervisor(work, files, where, bundle, found, folder, threading.Event()).run()  # type: ignore[arg-type]
        if not found.cells:
            raise Unavailable("; ".join(reason for _, reason in found.not_run) or "no case applies to the modes here")
        head = {
            "suite_version": __version__,
            "bundle": bundle.digest,
            "platform": machine(),
            "fixed": {**fixed(about["front_end"]), "seed": str(SEED)},
        }
        head.update(about, modes=lacking)
        _write(options.out / OBSERVATIONS, [head, *found.cells])
    _print(found, lacking, {case.id: case.area for case in cases}, options.out / OBSERVATIONS)
    return 1 if found.problems or found.not_run else 0


def _lacking(
    modes: Sequence[str], where: Environment, column: Column, bundle: Bundle, folder: Path
) -> dict[str, str | None]:
    """For each of these modes why it does not work here, None if it does."""
    found: dict[str, str | None] = {}
    groups: list[tuple[list[str], list[tuple[str, str]]]] = [([m for m in g if m in modes], []) for g in PROCESSES]
    worker = WorkerProcess(where, column, [g for g in groups if g[0]], {}, bundle, folder / "probe")  # type: ignore[arg-type]
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
    """What is to be said of a cell that does not conform, in one line."""
    if cell.get("exception"):
        return f"{cell['exception']['raised'][0]}: {cell['exception']['message']}"
    return cell.get("reason") or next((why for why in map(_mismatch, cell["facts"]) if why), "")


def _print(found: Found, lacking: dict[str, str | None], areas: dict[str, str], path: Path) -> None:
    for mode, reason in lacking.items():
        if reason:
            _tell(f"no mode {mode}: {reason}")
    shown = [name for name in VERDICTS if any(cell["verdict"] == name for cell in found.cells)]
    rows = [["area", *shown]]
    counts: dict[str, Counter[str]] = {}
    for cell in found.cells:
        counts.setdefault(areas[cell["case"]], Counter())[cell["verdict"]] += 1
    rows += [[area, *(str(count[v] or "") for v in shown)] for area, count in counts.items()]
    total = Counter(cell["verdict"] for cell in found.cells)
    rows.append(["", *(str(total[v]) for v in shown)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:]))]
        print("  ".join(cells).rstrip())
    bad = [cell for cell in found.cells if cell["verdict"] in BAD]
    for cell in bad[:SHOWN]:
        line = f"{cell['verdict']} {cell['case']} in {cell['mode']}: {_first(cell)}"
        print(printable(" ".join(line.split()))[:200])
    if len(bad) > SHOWN:
        print(f"and {len(bad) - SHOWN} more")
    for _, reason in found.not_run:
        _tell(f"not run: {reason}")
    for problem in found.problems:
        _tell(f"problem: {problem}")
    print(f"{len(found.cells)} cells; all that was observed: {path}")


def _tell(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines), encoding="utf-8")
    temporary.replace(path)
