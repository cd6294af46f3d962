"""Compares results with the reviewed expectations; whatever differs is an `Unexpected`."""

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


class Unexpected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cell that differs from its expectation, or an expectation without effect; as a string, one line.

    Attributes:
        kind: Of a cell: unexplained (no expectation applies), other-outcome, unexpected-pass, contradiction (several
            apply). Of an expectation: matches-nothing (no cell), helps-nowhere (its workaround, which is `case`).
        case: Id of the case.
        target: Id of the target, None for an expectation.
        mode: Mode of the cell, None for an expectation.
        outcome: What the cell did, in the words of `judge.outcome`.
        expected: The expected outcome.
        expectations: Ids of the expectations that apply.
        why: The line without the cell.
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


def is_complete(results: Results, cases: Iterable[str], targets: Iterable[str]) -> bool:
    """Return whether the results cover all of these cases and targets, by id, in every mode."""
    modes_of = {target.id: target.modes for target in results.targets}
    planned = sum(len(rows(results.cases, modes, list(MODES))) for modes in modes_of.values())
    return (
        {*cases} <= {case.id for case in results.cases} and {*targets} <= {*modes_of} and planned == len(results.cells)
    )


def overdue(expectations: Iterable[Expectation], today: date) -> dict[str, date]:
    """Return the review dates of expectations that were last reviewed more than a year ago, by id."""
    return {one.id: one.reviewed for one in expectations if today - one.reviewed > REVIEWED_EVERY}


def find_unexpected(results: Results, expectations: Sequence[Expectation], complete: bool = False) -> list[Unexpected]:
    """Find the cells that differ from their expectations and, in complete results, expectations without effect.

    Args:
        results: The results to check.
        expectations: What is expected of them.
        complete: Whether the results cover every case on every target of a tier, so that an expectation that matches
            no cell, or a workaround that helps nowhere, is unexpected as well.
    """
    index = ExpectationIndex(expectations, results)
    found = [one for cell in results.cells if (one := check_cell(cell, index))]
    return [*found, *(check_expectations(results, expectations) if complete else ())]


def check_cell(cell: Cell, index: ExpectationIndex) -> Unexpected | None:
    """Return how a cell differs from its expectation, None if it does not."""
    entries = index.matching(cell)
    bad = cell.verdict in BAD
    if not entries and not bad:
        return None
    outcome = index.outcome(cell) if bad else cell.verdict
    ids = tuple(expectation.id for expectation, _ in entries)
    expected = None
    if len(entries) > 1:
        kind: Kind = "contradiction"
        why = f"several expectations apply: {', '.join(ids)}"
    elif not entries:
        kind = "unexplained"
        target = index.target(cell)
        ad_hoc = f"no expectation covers {target.title}, an ad-hoc target"
        why = f"{outcome}; {ad_hoc if target.tier == AD_HOC else 'no expectation explains it'}"
    else:
        expected = entries[0][1].outcome
        if outcome == expected or (entries[0][1].varies and not bad):
            return None
        kind = "other-outcome" if bad else "unexpected-pass"
        why = (
            f"{outcome}; '{ids[0]}' expects {expected}" if bad else f"{outcome}, although '{ids[0]}' expects {expected}"
        )
    return Unexpected(
        kind=kind,
        case=cell.case,
        target=cell.target,
        mode=cell.mode,
        outcome=outcome,
        expected=expected,
        expectations=ids,
        why=why,
    )


def check_expectations(results: Results, expectations: Sequence[Expectation]) -> Iterator[Unexpected]:
    """Find expectations that match no cell, and workarounds that help nowhere."""
    index = ExpectationIndex(expectations, results)
    used: set[int] = set()
    explained: dict[str, set[str]] = {}  # expectation -> targets
    for cell in results.cells:
        for expectation, cells in index.matching(cell):
            used.add(id(cells))
            explained.setdefault(expectation.id, set()).add(cell.target)
    works = {(cell.case, cell.target) for cell in results.cells if cell.verdict == "conforms"}
    for one in expectations:
        for cells in one.cells:
            if id(cells) not in used:
                why = f"'{one.id}' matches no cell of {cells.case} on {', '.join(cells.on)}"
                yield Unexpected(
                    kind="matches-nothing", case=cells.case, expected=cells.outcome, expectations=(one.id,), why=why
                )
    for one in expectations:
        helped = one.workaround and works & {(one.workaround.case, target) for target in explained.get(one.id, ())}
        if one.workaround and not helped:
            why = f"the workaround of '{one.id}', {one.workaround.case}, conforms on none of the affected targets"
            yield Unexpected(kind="helps-nowhere", case=one.workaround.case, expectations=(one.id,), why=why)
