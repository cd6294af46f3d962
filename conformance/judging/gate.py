"""Results held against what is expected of them: whatever differs is a `Surprise`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.local.selection import rows
from conformance.results import Cell, Results
from conformance.targets.registry import AD_HOC
from conformance.vocabulary import BAD, MODES

REVIEWED_EVERY = timedelta(days=365)

Kind = Literal["unexplained", "other-outcome", "unexpected-pass", "contradiction", "matches-nothing", "helps-nowhere"]


class Surprise(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is not as expected; as a string, a line that says so.

    kind: of a cell: unexplained (no entry), other-outcome, unexpected-pass, contradiction (several entries);
        of an entry: matches-nothing (no cell), helps-nowhere (its workaround, which is `case`).
    target, mode: None for a surprise about an entry; outcome: what the cell did, as entries spell it;
    expected: the outcome that the entry names; expectations: ids of the entries' expectations;
    why: the line without its cell.
    """

    kind: Kind
    case: str
    target: str | None = None
    mode: str | None = None
    outcome: str | None = None
    expected: str | None = None
    expectations: tuple[str, ...] = ()
    why: str

    def __str__(self) -> str:
        return f"{self.case} on {self.target} in {self.mode}: {self.why}" if self.target else self.why


def is_complete(results: Results, cases: Iterable[str], columns: Iterable[str]) -> bool:
    """Whether these are results of every case on all of these columns, in every mode."""
    there = {target.id: target.modes for target in results.targets}
    planned = sum(len(rows(results.cases, modes, list(MODES))) for modes in there.values())
    return {*cases} <= {case.id for case in results.cases} and {*columns} <= {*there} and planned == len(results.cells)


def overdue(expectations: Iterable[Expectation], today: date) -> dict[str, date]:
    """When each entry was reviewed of which that is more than a year ago; no mistake, but somebody should look."""
    return {one.id: one.reviewed for one in expectations if today - one.reviewed > REVIEWED_EVERY}


def surprises(results: Results, expectations: Sequence[Expectation], complete: bool = False) -> list[Surprise]:
    """What is not as expected, cell by cell, then entry by entry.

    complete: the results hold every case on every column of a tier, so that an entry that
        matches no cell of them is a surprise as well, and so is a workaround that helps nowhere.
    """
    book = ExpectationIndex(expectations, results)
    found = [one for cell in results.cells if (one := surprise(cell, book))]
    return [*found, *(of_entries(results, expectations) if complete else ())]


def surprise(cell: Cell, book: ExpectationIndex) -> Surprise | None:
    """What is not as expected of a cell; None if it is."""
    entries = book.matching(cell)
    bad = cell.verdict in BAD
    if not entries and not bad:
        return None
    outcome = book.outcome(cell) if bad else cell.verdict
    ids = tuple(expectation.id for expectation, _ in entries)
    expected = None
    if len(entries) > 1:
        kind: Kind = "contradiction"
        why = f"more than one expectation applies: {', '.join(ids)}"
    elif not entries:
        kind = "unexplained"
        column = book.column(cell)
        # Of an ad-hoc column that may be no more than to be expected.
        ad_hoc = f"nothing is known of it on {column.title}, an ad-hoc column"
        why = f"{outcome}; {ad_hoc if column.tier == AD_HOC else 'no expectation explains it'}"
    else:
        expected = entries[0][1].outcome
        if outcome == expected or (entries[0][1].varies and not bad):
            return None
        kind = "other-outcome" if bad else "unexpected-pass"
        why = (
            f"{outcome}; '{ids[0]}' expects {expected}" if bad else f"{outcome}, although '{ids[0]}' expects {expected}"
        )
    return Surprise(
        kind=kind,
        case=cell.case,
        target=cell.target,
        mode=cell.mode,
        outcome=outcome,
        expected=expected,
        expectations=ids,
        why=why,
    )


def of_entries(results: Results, expectations: Sequence[Expectation]) -> Iterator[Surprise]:
    """Entries that match no cell, and workarounds that help nowhere."""
    book = ExpectationIndex(expectations, results)
    used: set[int] = set()
    explained: dict[str, set[str]] = {}  # expectation -> columns
    for cell in results.cells:
        for expectation, known in book.matching(cell):
            used.add(id(known))
            explained.setdefault(expectation.id, set()).add(cell.target)
    works = {(cell.case, cell.target) for cell in results.cells if cell.verdict == "conforms"}
    for one in expectations:
        for known in one.cells:
            if id(known) not in used:
                why = f"'{one.id}' expects something of {known.case} on {', '.join(known.on)} that no cell matches"
                yield Surprise(
                    kind="matches-nothing", case=known.case, expected=known.outcome, expectations=(one.id,), why=why
                )
    for one in expectations:
        helped = one.workaround and works & {(one.workaround.case, target) for target in explained.get(one.id, ())}
        if one.workaround and not helped:
            why = f"the workaround of '{one.id}', {one.workaround.case}, conforms on no column that it is for"
            yield Surprise(kind="helps-nowhere", case=one.workaround.case, expectations=(one.id,), why=why)
