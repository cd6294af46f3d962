"""`changes.json`: ranges of targets in which each case behaves the same.

The file has no dates, durations, versions or messages: runs with equal verdicts and behaviours give equal bytes.
"""

from typing import Any

import msgspec

from conformance.judging.judge import behaviours, outcome
from conformance.results import Cell, Results, schema_of
from conformance.vocabulary import BAD, MODES

SCHEMA_VERSION = 1


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Targets from `first` to `last` on which a case behaves the same; those without the mode are skipped.

    Attributes:
        first: Id of the first target.
        last: Id of the last target.
        verdict: The verdict on its cells.
        behaviour: Number of the behaviour, from 1 in the order of the targets; None if the case was not executed.
        outcome: How the case violates its contract, as in `expectations.toml`.
    """

    first: str
    last: str
    verdict: str
    behaviour: int | None = None
    outcome: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case in modes in which it behaves the same on every target."""

    case: str
    modes: tuple[str, ...]
    ranges: tuple[Range, ...]


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target and its modes."""

    id: str
    modes: tuple[str, ...]


class Changes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Targets in their order, and cases in the order of their ids, then of the modes."""

    schema_version: int
    columns: list[Column]
    cases: list[Row]


def changes(results: Results) -> Changes:
    """Compute the ranges of all cases."""
    numbers = behaviours(results)
    order = {target.id: i for i, target in enumerate(results.targets)}
    lacks = {target.id: target.lacks for target in results.targets}
    cells: dict[tuple[str, str], list[Cell]] = {}
    for cell in results.cells:
        if cell.mode not in lacks[cell.target]:
            cells.setdefault((cell.case, cell.mode), []).append(cell)
    modes_of: dict[tuple[str, tuple[Range, ...]], list[str]] = {}
    for case, mode in sorted(cells, key=lambda key: (key[0], MODES.index(key[1]))):
        row = sorted(cells[case, mode], key=lambda cell: order[cell.target])
        modes_of.setdefault((case, _ranges(row, numbers, results)), []).append(mode)
    rows = [Row(case=case, modes=tuple(modes), ranges=ranges) for (case, ranges), modes in modes_of.items()]
    columns = [Column(id=t.id, modes=tuple(m for m in MODES if m not in t.lacks)) for t in results.targets]
    return Changes(schema_version=SCHEMA_VERSION, columns=columns, cases=rows)


def _ranges(row: list[Cell], numbers: dict[tuple[str, str | None], int], results: Results) -> tuple[Range, ...]:
    ranges: list[Range] = []
    for cell in row:
        number = numbers.get((cell.case, cell.observation)) if cell.verdict != "not-run" else None
        bad = outcome(results.observations[str(cell.observation)], results.values) if cell.verdict in BAD else None
        here = Range(
            first=ranges[-1].first if ranges else cell.target,
            last=cell.target,
            verdict=cell.verdict,
            behaviour=None if number is None else number + 1,
            outcome=bad,
        )
        if ranges and here == msgspec.structs.replace(ranges[-1], last=cell.target):
            ranges[-1] = here
        else:
            ranges.append(msgspec.structs.replace(here, first=cell.target))
    return tuple(ranges)


def as_json(found: Changes) -> str:
    """Return JSON with one line per row, for readable diffs."""
    columns, rows = (",\n".join(_line(item) for item in items) for items in (found.columns, found.cases))
    head = f'{{"schema_version": {found.schema_version},'
    return f'{head}\n"columns": [\n{columns}\n],\n"cases": [\n{rows}\n]}}\n'


def _line(item: msgspec.Struct) -> str:
    return msgspec.json.encode(item).decode()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, of which `schemas/changes.schema.json` is a copy."""
    described = schema_of(Changes)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "conformance changes", **described}
