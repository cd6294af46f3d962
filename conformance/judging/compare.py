"""What differs between two columns: the steps from one to the other.

The rules, which the page follows as well:

*Modes.* A case is compared mode by mode, in the modes in which it was run on both columns. If there is none it is
compared across, the first mode of the one with the first of the other: "session -> eager". If only one column has any
of the case's modes, nothing is known: "eager -> none". If neither has, there is nothing to compare.

*What is a step.* Two cells differ if their behaviours have other numbers (`judge.behaviours`), or if the API is missing
on one side only, or if one of them is not known (not run, not planned). Two cells that are not known are a step, too:
whether they differ is not known. Modes of a case with the same step are one step.

*The promise on a side*, the first that applies: `unknown` (not run), `absent` (the API is missing), `unspecified` (the
case promises nothing, or nothing was expected), `kept` (conforms), `intended` or `undefined` (an expectation of that
kind explains why it does not conform), `broken`.

*The kind*, the first that applies: `unknown` if a side is; `appeared`, `vanished`: the API; `intended`: the later side
is; `regressed`: kept, now broken; `fixed`: broken, now kept; `changed`: anything else.

*Severity and text* are those of `difference`. What is unknown has no severity, and the text says why: "no mode in
common", or "not run on" with the titles of the columns.

*Since.* The columns between the two that share front end and backend with one of them are walked from the first to the
second. `since` is the first in which the behaviour is no longer that of the first, in the mode of the first if it was
run there, else in that of the second; `last` is the last one before it that was seen to behave as the first. Columns
in which it was not measured are passed over. Both are None if nothing in between was measured.

*Order.* By severity, then kind, then as the cases are.
"""

from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec

from conformance.judging.difference import described
from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.judge import behaviours
from conformance.results import Case, Cell, Results, TargetResult
from conformance.targets.registry import Target
from conformance.vocabulary import BAD, MODES, SEVERITIES, VERDICT_OF_STATUS, Severity

Promise = Literal["kept", "broken", "intended", "undefined", "unspecified", "absent", "unknown"]
Kind = Literal["regressed", "intended", "changed", "vanished", "fixed", "appeared", "unknown"]
KINDS: tuple[Kind, ...] = ("regressed", "intended", "changed", "vanished", "fixed", "appeared", "unknown")

AnyTarget = TypeVar("AnyTarget", bound=Target | TargetResult)

Pair = tuple[str | None, str | None]
"""A mode on either side; None: the case was not run there in any."""


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case on one of the columns. verdict: None where no cell was planned; expectation: id of what explains it."""

    promise: Promise
    verdict: str | None
    expectation: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A behaviour that differs. modes: "eager", or "session -> eager" where no mode is common."""

    case: str
    modes: tuple[str, ...]
    kind: Kind
    severity: Severity | None
    text: str
    before: Side
    after: Side
    since: str | None
    last: str | None


def default_pair(results: Results) -> tuple[str, str] | None:
    """The newest tf.keras and the newest Keras on TensorFlow after it, else the first and the last column.

    Of the columns that ran, "newest" being the last; None if there are not two.
    """
    ran = [target for target in results.targets if target.reason is None]
    old = [i for i, target in enumerate(ran) if target.front_end == "tf.keras"]
    new = [i for i, target in enumerate(ran) if target.front_end == "keras" and target.backend == "tensorflow"]
    if old and new and old[-1] < new[-1]:
        return ran[old[-1]].id, ran[new[-1]].id
    return (ran[0].id, ran[-1].id) if len(ran) > 1 else None


def steps(results: Results, expectations: Sequence[Expectation], from_id: str, to_id: str) -> list[Step]:
    """Every case that differs between two columns of `results`, the most harmful first."""
    return Comparer(results, expectations).steps(from_id, to_id)


class Comparer:
    """Compares columns of `results`; for more than one pair it is faster than `steps`."""

    def __init__(self, results: Results, expectations: Sequence[Expectation]):
        self._results = results
        self._book = ExpectationIndex(expectations, results)
        self._numbers = behaviours(results)
        self._targets = {target.id: target for target in results.targets}
        self._cells = {(cell.case, cell.target, cell.mode): cell for cell in results.cells}

    def steps(self, from_id: str, to_id: str) -> list[Step]:
        """As the function `steps`."""
        found = [step for case in self._results.cases for step in self._of_case(case, from_id, to_id)]
        severities = (*SEVERITIES, None)
        return sorted(found, key=lambda step: (severities.index(step.severity), KINDS.index(step.kind)))

    def side(self, case: Case, cell: Cell | None) -> Side:
        """What became of the promise of a case in one of its cells."""
        if cell is None:
            return Side(promise="unknown", verdict=None)
        known = self._book.explanation(cell)
        promise: Promise = "broken"
        if cell.verdict == "not-run":
            promise = "unknown"
        elif cell.verdict == "unsupported":
            promise = "absent"
        elif case.basis == "unspecified" or cell.verdict == "observed":
            promise = "unspecified"
        elif cell.verdict not in BAD:
            promise = "kept"
        elif known and known.kind != "bug":
            promise = known.kind
        return Side(promise=promise, verdict=cell.verdict, expectation=known.id if known else None)

    def modes(self, case: Case, target: str) -> list[str]:
        """The modes in which a case has a cell on a column that has the mode."""
        lacks = self._targets[target].lacks
        return [mode for mode in MODES if mode not in lacks and (case.id, target, mode) in self._cells]

    def compared(self, from_id: str, to_id: str, modes: Sequence[str] = ()) -> set[str]:
        """The cases that are compared, in one of `modes` if any is named."""
        return {case.id for case in self._results.cases if self._pairs_in(case, from_id, to_id, modes)}

    def on_neither(self, from_id: str, to_id: str, modes: Sequence[str] = ()) -> set[str]:
        """Of the cases that are compared those of which neither column has the API: there is nothing to be the same."""

        def is_on_neither(case: Case) -> bool:
            states = {
                self.state(self._cells[case.id, column, mode]) if mode else None
                for pair in self._pairs_in(case, from_id, to_id, modes)
                for column, mode in zip((from_id, to_id), pair, strict=True)
            }
            return states == {"absent"}

        return {case.id for case in self._results.cases if is_on_neither(case)}

    def _pairs_in(self, case: Case, from_id: str, to_id: str, modes: Sequence[str]) -> list[Pair]:
        pairs = self.pairs(case, from_id, to_id)
        return [pair for pair in pairs if not modes or {*modes} & {*pair}]

    def pairs(self, case: Case, from_id: str, to_id: str) -> list[Pair]:
        """The modes in which a case is compared; none if neither column has one of them."""
        first, second = self.modes(case, from_id), self.modes(case, to_id)
        common = [mode for mode in first if mode in second]
        if common:
            return [(mode, mode) for mode in common]
        if not first and not second:
            return []
        return [(first[0] if first else None, second[0] if second else None)]

    def state(self, cell: Cell | None) -> int | str | None:
        """Equal for cells of a case that behave the same; None if nothing is known of it."""
        if cell is None:
            return None
        verdict = cell.verdict  # of a cell without an observation
        if cell.observation is not None:
            verdict = VERDICT_OF_STATUS.get(self._results.observations[cell.observation].status, "completed")
        if verdict == "not-run":
            return None
        return "absent" if verdict == "unsupported" else self._numbers[cell.case, cell.observation]

    def _of_case(self, case: Case, from_id: str, to_id: str) -> list[Step]:
        groups: dict[Step, list[str]] = {}
        for pair in self.pairs(case, from_id, to_id):
            step = self._step(case, from_id, to_id, pair)
            if step:
                one, other = (mode or "none" for mode in pair)
                groups.setdefault(step, []).append(one if one == other else f"{one} -> {other}")
        return [msgspec.structs.replace(step, modes=tuple(modes)) for step, modes in groups.items()]

    def _step(self, case: Case, from_id: str, to_id: str, pair: Pair) -> Step | None:
        one, other = (
            self._cells[case.id, column, mode] if mode else None
            for column, mode in zip((from_id, to_id), pair, strict=True)
        )
        state, now = self.state(one), self.state(other)
        if state is not None and state == now:
            return None
        before, after = self.side(case, one), self.side(case, other)
        if one is None or other is None or state is None or now is None:
            text = self._unknown(from_id if state is None else None, to_id if now is None else None, pair)
            level = since = last = None
        else:
            earlier, later = (self._results.observations[str(cell.observation)] for cell in (one, other))
            text, level = described(earlier, later, self._results.values)
            since, last = self._since(case, from_id, to_id, pair, state)
        return Step(
            case=case.id,
            modes=(),
            kind=_kind(before.promise, after.promise),
            severity=level,
            text=text,
            before=before,
            after=after,
            since=since,
            last=last,
        )

    def _unknown(self, first: str | None, second: str | None, pair: Pair) -> str:
        if None in pair:
            return "no mode in common"
        return " and ".join(f"not run on {self._targets[column].title}" for column in (first, second) if column)

    def _since(
        self, case: Case, from_id: str, to_id: str, pair: Pair, state: int | str
    ) -> tuple[str | None, str | None]:
        last, measured = from_id, False
        for target in [*between(self._results, from_id, to_id), self._targets[to_id]]:
            modes = self.modes(case, target.id)
            mode = next((mode for mode in pair if mode in modes), None)
            there = self.state(self._cells[case.id, target.id, mode]) if mode else None
            if there is not None and there != state:
                return (target.id, last) if measured or target.id != to_id else (None, None)
            if there is not None:
                last, measured = target.id, True
        raise AssertionError("the last column differs")


def between(results: Results, from_id: str, to_id: str) -> list[TargetResult]:
    """The columns from the one to the other that share front end and backend with one of them, in that direction."""
    return way(results.targets, from_id, to_id)[1:-1]


def way(columns: Sequence[AnyTarget], from_id: str, to_id: str) -> list[AnyTarget]:
    """Both columns, and between them those that share front end and backend with one of them, in that direction."""
    ids = [target.id for target in columns]
    first, last = ids.index(from_id), ids.index(to_id)
    ends = [(columns[i].front_end, columns[i].backend) for i in (first, last)]
    row = list(columns[first : last + 1] if first < last else columns[last : first + 1][::-1])
    return [row[0], *(one for one in row[1:-1] if (one.front_end, one.backend) in ends), row[-1]]


def _kind(before: Promise, after: Promise) -> Kind:
    if "unknown" in (before, after):
        return "unknown"
    if before == "absent":
        return "appeared"
    if after == "absent":
        return "vanished"
    if after == "intended":
        return "intended"
    if before == "kept" and after == "broken":
        return "regressed"
    return "fixed" if before == "broken" and after == "kept" else "changed"


def joined(one: Results, from_id: str, other: Results, to_id: str) -> tuple[Results, list[str]]:
    """Results with a column of `one` and then one of `other`, and the cases that they cannot have.

    Those are cases that only one has, and those of which the source differs: they are left out. Columns of the same
    id become "before" and "after", and those of the same title say so.
    """
    ids = ("before", "after") if from_id == to_id else (from_id, to_id)
    ends = [_target(one, from_id), _target(other, to_id)]
    alike = ends[0].title == ends[1].title
    known = {case.id: case for case in one.cases}
    cases = [case for case in other.cases if case.id in known and known[case.id].digest == case.digest]
    kept = {case.id for case in cases}
    columns, cells = [], []
    for part, target, id, when in zip((one, other), ends, ids, ("before", "after"), strict=True):
        title = f"{target.title} ({when})" if alike else target.title
        columns.append(msgspec.structs.replace(target, id=id, title=title))
        of_column = (cell for cell in part.cells if cell.target == target.id and cell.case in kept)
        cells += [msgspec.structs.replace(cell, target=id) for cell in of_column]
    together = msgspec.structs.replace(
        other,
        targets=columns,
        cases=cases,
        cells=cells,
        observations=one.observations | other.observations,
        values=one.values | other.values,
        shard=None,
    )
    return together, sorted((known.keys() | {case.id for case in other.cases}) - kept)


def narrowed(results: Results, from_id: str, to_id: str) -> Results:
    """The results with no more cells than the comparison of two targets looks at.

    Those are the cells of the two, and of the cases in which these saw something else all cells: they number the
    behaviours, and tell since when it is so.
    """
    ends: dict[str, dict[tuple[str, str], str | None]] = {from_id: {}, to_id: {}}
    for cell in results.cells:
        if cell.target in ends:
            ends[cell.target][cell.case, cell.mode] = cell.observation
    differ = {case for (case, _), _ in ends[from_id].items() ^ ends[to_id].items()}
    cells = [cell for cell in results.cells if cell.target in ends or cell.case in differ]
    return msgspec.structs.replace(results, cells=cells)


def _target(results: Results, id: str) -> TargetResult:
    return next(target for target in results.targets if target.id == id)
