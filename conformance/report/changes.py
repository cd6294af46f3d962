"""`changes.json`: where each behaviour changes over the columns; a file that stays the same while nothing changes.

It holds no dates, durations, versions or messages: two runs with equal verdicts and behaviours give the same bytes.
"""

from typing import Any

import msgspec

from conformance.judging.judge import behaviours, outcome
from conformance.results import Cell, Results, schema_of
from conformance.vocabulary import BAD, MODES

SCHEMA_VERSION = 1


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Columns from `first` to `last` in which a case does the same; those without such a mode are passed over.

    behaviour: 1 for what the first column does that has the case, and so on; none for what was not executed.
    outcome: what is not as it should be, as in `expectations.toml`.
    """

    first: str
    last: str
    verdict: str
    behaviour: int | None = None
    outcome: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case in modes in which it does the same in every column."""

    case: str
    modes: tuple[str, ...]
    ranges: tuple[Range, ...]


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column, and the modes that it has."""

    id: str
    modes: tuple[str, ...]


class Changes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """columns: in their order; cases: in the order of their ids, then of the modes."""

    schema_version: int
    columns: list[Column]
    cases: list[Row]


def changes(results: Results) -> Changes:
    """The rows of the matrix as ranges."""
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
    """A line for each row, so that changes can be read."""
    columns, rows = (",\n".join(_line(item) for item in items) for items in (found.columns, found.cases))
    head = f'{{"schema_version": {found.schema_version},'
    return f'{head}\n"columns": [\n{columns}\n],\n"cases": [\n{rows}\n]}}\n'


def _line(item: msgspec.Struct) -> str:
    return msgspec.json.encode(item).decode()


def schema() -> dict[str, Any]:
    """JSON Schema of the file; a copy is `schemas/changes.schema.json`."""
    described = schema_of(Changes)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "conformance changes", **described}
