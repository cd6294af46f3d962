"""The performance page: its template, filled with the tables of a record."""

from pathlib import Path
from string import Template

from bench.budgets import cpu_ratio, percent, rows, seconds, wall_ratio
from bench.record import Entry, Record, Sample
from conformance.report.text import plural

TEXT = Path(__file__).with_name("performance.md")
MUCH = 0.05  # of the machine used by other processes, beyond which the page warns


def page(record: Record) -> str:
    """Render docs/performance.md; it names what failed or was not measured."""
    machine = record.machine
    return Template(TEXT.read_text()).substitute(
        budgets=_budgets(record),
        notes=_notes(record),
        overhead=_pairs(record, ["floor", "overhead", "changed"], "floor"),
        plain=_pairs(record, ["plain"], "plain pytest"),
        runs=_runs(record),
        machine=f"{machine.cores} cores of {machine.processor}, {machine.memory_gb:.0f} GB of memory, "
        f"{machine.system}, Python {machine.python}",
    )


def _table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def _budgets(record: Record) -> str:
    lines = []
    for row in rows(record):
        share = "" if row.share is None else percent(row.share)
        lines.append([row.label, row.budget, row.measured, share, row.state])
    return _table(["measurement", "budget", "measured", "share of the budget", ""], lines)


def _notes(record: Record) -> str:
    """List what a reader must know before the numbers."""
    notes = []
    if record.patterns:
        chosen = ", ".join(f"`{p}`" for p in record.patterns)
        notes.append(f"**Only a part of the suite was measured**: {chosen}. The budgets are for all of it.")
    cores = record.machine.cores
    busy = [(_most(e, cores), e) for e in record.entries if e.suite_runs and _most(e, cores) > MUCH]
    if busy:
        worst, entry = max(busy, key=lambda one: one[0])
        notes.append(
            f"**The machine was not idle**: other processes used more than "
            f"{percent(MUCH)} of it during {plural(len(busy), 'measurement')}, up to {percent(worst)} ({entry.what}, "
            f"{entry.of}). Those wall times are too long."
        )
    suites = sorted({entry.suite for entry in record.entries})
    if len(suites) > 1:
        notes.append(f"The measurements were made with {len(suites)} states of the suite: {', '.join(suites)}.")
    notes += [f"Could not be measured: {e.what}, {e.of}: {e.failure}" for e in record.entries if e.failure is not None]
    return "\n\n".join(notes)


def _most(entry: Entry, cores: int) -> float:
    return max(sample.share_of_others(cores) for sample in [*entry.suite_runs, *entry.other])


def _pairs(record: Record, whats: list[str], name: str) -> str:
    lines = []
    entries = (record.get(what, of) for what in whats for of in record.subjects(what))
    for entry in (e for e in entries if e and e.suite_runs):
        of = f"{entry.of}: {entry.detail}" if entry.detail else entry.of
        wall = wall_ratio(entry)
        for number, (suite, other) in enumerate(zip(entry.suite_runs, entry.other, strict=True)):
            # The ratios summarise all pairs.
            ratios = [f"{wall:.2f}", f"{cpu_ratio(entry):.2f}"] if number == 0 else ["", ""]
            lines.append([of, *_times(suite), str(suite.cells), *_times(other), str(other.cells), *ratios])
    if not lines:
        return "Not measured."
    headings = [f"{side}: {figure}" for side in ("suite", name) for figure in ("wall", "processor", "cells")]
    return _table(["target", *headings, f"suite / {name}, wall", f"suite / {name}, processor"], lines)


def _times(sample: Sample) -> list[str]:
    return [seconds(sample.wall), seconds(sample.cpu)]


def _runs(record: Record) -> str:
    """List every run of the suite in the record."""
    lines = []
    for entry in record.entries:
        for sample in entry.suite_runs:
            others = percent(sample.share_of_others(record.machine.cores))
            lines.append(
                [entry.what, entry.of, *_times(sample), str(sample.cells), others, str(entry.load), entry.created]
            )
    head = ["measurement", "target", "wall", "processor", "cells executed", "used by others", "load before", "measured"]
    return _table(head, lines) if lines else "Not measured."
