"""What changes between two targets.

The scripts of the page follow the same rules (`report/web/changes.js`):

*Modes.* A case is compared mode by mode, in the modes in which both targets ran it. If they have none in common, the
first mode of the one is compared with the first mode of the other: "session -> eager". If only one target has any of
the case's modes, whether the case changes is unknown: "eager -> none". If neither has, there is nothing to compare.

*Change.* Two cells differ if their behaviours have different numbers (`judge.behaviours`), if only one of the two has
the API, or if at least one is unknown (not run, or not tested). Modes of a case that change alike are one change.

*Promise*: the state of the contract on one side, the first that applies of `unknown` (not run), `absent` (the API is
not available), `unspecified` (the behaviour is undocumented, or the cell has no expected value), `kept` (conforms),
`intended` or `undefined` (an expectation of that kind explains why it does not conform), `broken`.

*Kind*, the first that applies of `unknown` (one of the sides is), `appeared` and `vanished` (only one of the targets
has the API), `intended` (the later side is), `regressed` (kept, now broken), `fixed` (broken, now kept), `changed`.

*Severity and text* are those of `difference`. An unknown change has no severity, and its text says why: "no common
mode", or "not run on" with the titles of the targets.

*Since.* The targets between the two that share front end and backend with one of them are visited in order. `since` is
the first of them that no longer behaves as the earlier target, in the mode of the earlier target if it was run there,
else in that of the later one; `last` is the last one before it that still behaves as the earlier target. Targets that
were not measured are skipped. Both are None if none in between was measured.

*Order.* By severity, then by kind, then by the order of the cases.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

import msgspec

from conformance.judging.difference import describe_change
from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.judge import behaviours_of_case, cells_by_case, kinds, verdict
from conformance.results import Case, Cell, Results, TargetResult
from conformance.targets.registry import Target
from conformance.targets.versions import is_prerelease
from conformance.vocabulary import BAD, MODES, SEVERITIES, VERDICT_OF_STATUS, Severity

Promise = Literal["kept", "broken", "intended", "undefined", "unspecified", "absent", "unknown"]
Kind = Literal["regressed", "intended", "changed", "vanished", "fixed", "appeared", "unknown"]
KINDS: tuple[Kind, ...] = ("regressed", "intended", "changed", "vanished", "fixed", "appeared", "unknown")

AnyTarget = TypeVar("AnyTarget", bound=Target | TargetResult)

Pair = tuple[str | None, str | None]
"""A mode of the earlier and one of the later target; None where the case was run in no mode."""


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case on one of the two targets.

    Attributes:
        promise: State of the contract.
        verdict: Verdict on the cell, None if the target was not tested in this mode.
        expectation: Id of the expectation that explains the verdict, if there is one.
    """

    promise: Promise
    verdict: str | None
    expectation: str | None = None


class BehaviourChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A behaviour that differs between two targets.

    Attributes:
        case: Id of the case.
        modes: "eager", or "session -> eager" where the targets have no mode in common.
        kind: What becomes of the contract.
        severity: How a user would notice, None if the change is unknown.
        text: What differs, on one line.
        before: The case on the earlier target.
        after: The case on the later target.
        since: Id of the first target that no longer behaves as the earlier one, None if none between was measured.
        last: Id of the last target before it that was measured.
    """

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
    """Return the ids of the targets to compare by default, None if fewer than two ran.

    These are the last `tf.keras` and the last Keras on TensorFlow after it; without them, the first and last target.
    A nightly or a release candidate is nothing that a reader has or upgrades to: it is taken only if there is no other.
    """
    all_that_ran = [target for target in results.targets if target.reason is None]
    released = [target for target in all_that_ran if not any(map(is_prerelease, target.versions.values()))]
    ran = released if len(released) > 1 else all_that_ran
    old = [i for i, target in enumerate(ran) if target.front_end == "tf.keras"]
    new = [i for i, target in enumerate(ran) if target.front_end == "keras" and target.backend == "tensorflow"]
    if old and new and old[-1] < new[-1]:
        return ran[old[-1]].id, ran[new[-1]].id
    return (ran[0].id, ran[-1].id) if len(ran) > 1 else None


def changes_between(
    results: Results, expectations: Sequence[Expectation], from_id: str, to_id: str
) -> list[BehaviourChange]:
    """Return all changes between two targets, the most severe first.

    Args:
        results: Results of both.
        expectations: What explains deviations.
        from_id: Id of the earlier target.
        to_id: Id of the later target.
    """
    return Comparer(results, expectations).changes(from_id, to_id)


class Comparer:
    """Compares targets of `results`; faster than `changes_between` for more than one pair.

    Verdicts are computed again, and behaviours are numbered, only where cells of the two targets differ.
    """

    def __init__(self, results: Results, expectations: Sequence[Expectation]):
        self._results = results
        self._index = ExpectationIndex(expectations, results)
        self._targets = {target.id: target for target in results.targets}
        self._rows = cells_by_case(results)
        self._numbering: dict[str, Iterator[tuple[str, int]]] = {}  # by case: the behaviours without a number yet
        self._numbers: dict[tuple[str, str], int] = {}  # by case and observation
        self._verdicts: dict[str, str] = {}  # by observation

    def changes(self, from_id: str, to_id: str, cases: Sequence[Case] | None = None) -> list[BehaviourChange]:
        """Return all changes between two targets, of these cases or else of all, the most severe first."""
        route = path(self._results.targets, from_id, to_id)
        chosen = self._results.cases if cases is None else cases
        found = [change for case in chosen for change in self._of_case(case, route)]
        severities = (*SEVERITIES, None)
        return sorted(found, key=lambda change: (severities.index(change.severity), KINDS.index(change.kind)))

    def side(self, case: Case, cell: Cell | None) -> Side:
        """Return the state of a case's contract in one of its cells."""
        if cell is None:
            return Side(promise="unknown", verdict=None)
        self._judge(cell)
        expectation = self._index.explanation(cell)
        promise: Promise = "broken"
        if cell.verdict == "not-run":
            promise = "unknown"
        elif cell.verdict == "unsupported":
            promise = "absent"
        elif case.basis == "unspecified" or cell.verdict == "observed":
            promise = "unspecified"
        elif cell.verdict not in BAD:
            promise = "kept"
        elif expectation and expectation.kind != "bug":
            promise = expectation.kind
        return Side(promise=promise, verdict=cell.verdict, expectation=expectation.id if expectation else None)

    def modes(self, case: Case, target: str) -> list[str]:
        """Return the modes in which a case was planned on a target that has the mode."""
        lacks, row = self._targets[target].lacks, self._rows.get(case.id, {})
        return [mode for mode in MODES if mode not in lacks and (target, mode) in row]

    def compared(self, from_id: str, to_id: str, modes: Sequence[str] = ()) -> set[str]:
        """Return the ids of the cases that are compared, in one of `modes` if any is given."""
        return {case.id for case in self._results.cases if self._pairs_in(case, from_id, to_id, modes)}

    def on_neither(self, from_id: str, to_id: str, modes: Sequence[str] = ()) -> set[str]:
        """Return the ids of the compared cases whose API neither target has."""

        def is_on_neither(case: Case) -> bool:
            cells = [
                cell
                for pair in self._pairs_in(case, from_id, to_id, modes)
                for cell in self._cells(case, from_id, to_id, pair)
            ]
            return bool(cells) and all(self._ending(cell) == "unsupported" for cell in cells)

        return {case.id for case in self._results.cases if is_on_neither(case)}

    def _pairs_in(self, case: Case, from_id: str, to_id: str, modes: Sequence[str]) -> list[Pair]:
        pairs = self.pairs(case, from_id, to_id)
        return [pair for pair in pairs if not modes or {*modes} & {*pair}]

    def pairs(self, case: Case, from_id: str, to_id: str) -> list[Pair]:
        """Return the modes in which a case is compared, none if neither target has one of them."""
        first, second = self.modes(case, from_id), self.modes(case, to_id)
        common = [mode for mode in first if mode in second]
        if common:
            return [(mode, mode) for mode in common]
        if not first and not second:
            return []
        return [(first[0] if first else None, second[0] if second else None)]

    def alike(self, one: Cell | None, other: Cell | None) -> bool | None:
        """Return whether two cells of a case behave the same, None if that is unknown."""
        ending, other_ending = self._ending(one), self._ending(other)
        if one is None or other is None or "not-run" in (ending, other_ending):
            return None
        if ending != other_ending or ending == "unsupported" or one.observation == other.observation:
            return ending == other_ending
        first, second = (self._results.observations[str(cell.observation)] for cell in (one, other))
        return kinds(first) == kinds(second) and self._number(one) == self._number(other)

    def _ending(self, cell: Cell | None) -> str:
        """Return the verdict on a cell that did not complete, "completed" for others."""
        if cell is None:
            return "not-run"
        if cell.observation is None:
            return cell.verdict
        return VERDICT_OF_STATUS.get(self._results.observations[cell.observation].status, "completed")

    def _number(self, cell: Cell) -> int:
        """Return the number of the behaviour of a cell; those of its case are numbered up to it."""
        key = (cell.case, str(cell.observation))
        if cell.case not in self._numbering:
            self._numbering[cell.case] = behaviours_of_case(self._rows[cell.case], self._results)
        while key not in self._numbers:
            id, number = next(self._numbering[cell.case])
            self._numbers[cell.case, id] = number
        return self._numbers[key]

    def _judge(self, cell: Cell) -> None:
        """Set the verdict on a cell that has an observation, whatever the results say."""
        id = cell.observation
        if id is not None:
            if id not in self._verdicts:
                self._verdicts[id] = verdict(self._results.observations[id], self._results.values)
            cell.verdict = self._verdicts[id]

    def _cells(self, case: Case, from_id: str, to_id: str, pair: Pair) -> tuple[Cell | None, Cell | None]:
        row, (one, other) = self._rows.get(case.id, {}), pair
        return row[from_id, one] if one else None, row[to_id, other] if other else None

    def _of_case(self, case: Case, route: Sequence[TargetResult]) -> list[BehaviourChange]:
        groups: dict[BehaviourChange, list[str]] = {}
        for pair in self.pairs(case, route[0].id, route[-1].id):
            change = self._change(case, route, pair)
            if change:
                one, other = (mode or "none" for mode in pair)
                groups.setdefault(change, []).append(one if one == other else f"{one} -> {other}")
        return [msgspec.structs.replace(change, modes=tuple(modes)) for change, modes in groups.items()]

    def _change(self, case: Case, route: Sequence[TargetResult], pair: Pair) -> BehaviourChange | None:
        one, other = self._cells(case, route[0].id, route[-1].id, pair)
        alike = self.alike(one, other)
        if alike:
            return None
        before, after = self.side(case, one), self.side(case, other)
        if one is None or other is None:
            text, level, since, last = "no common mode", None, None, None
        elif alike is None:
            not_run = [self._targets[cell.target] for cell in (one, other) if self._ending(cell) == "not-run"]
            text = " and ".join(f"not run on {target.title}" for target in not_run)
            level = since = last = None
        else:
            earlier, later = (self._results.observations[str(cell.observation)] for cell in (one, other))
            text, level = describe_change(earlier, later, self._results.values)
            since, last = self._since(case, route, pair, one)
        return BehaviourChange(
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

    def _since(
        self, case: Case, route: Sequence[TargetResult], pair: Pair, earlier: Cell
    ) -> tuple[str | None, str | None]:
        last, is_measured = earlier.target, False
        for target in route[1:]:
            modes = self.modes(case, target.id)
            mode = next((mode for mode in pair if mode in modes), None)
            alike = self.alike(earlier, self._rows[case.id][target.id, mode]) if mode else None
            if alike:
                last, is_measured = target.id, True
            elif alike is not None:
                return (target.id, last) if is_measured or target is not route[-1] else (None, None)
        raise AssertionError("the last target differs")


def between(results: Results, from_id: str, to_id: str) -> list[TargetResult]:
    """Return the targets between two that share front end and backend with one of them, in that direction."""
    return path(results.targets, from_id, to_id)[1:-1]


def path(targets: Sequence[AnyTarget], from_id: str, to_id: str) -> list[AnyTarget]:
    """Return two targets and, between them, those that share front end and backend with one of them, in order."""
    ids = [target.id for target in targets]
    first, last = ids.index(from_id), ids.index(to_id)
    ends = [(targets[i].front_end, targets[i].backend) for i in (first, last)]
    row = list(targets[first : last + 1] if first < last else targets[last : first + 1][::-1])
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
    """Combine a target of `one` and a target of `other` into one set of results.

    Targets with the same id become "before" and "after"; targets with the same title get these words added.

    Args:
        one: Results with the first target.
        from_id: Id of the first target.
        other: Results with the second target.
        to_id: Id of the second target.

    Returns:
        The results, and the ids of the cases that were left out: only one side has them, or their source differs.
    """
    ids = ("before", "after") if from_id == to_id else (from_id, to_id)
    ends = [_target(one, from_id), _target(other, to_id)]
    same_title = ends[0].title == ends[1].title
    known = {case.id: case for case in one.cases}
    cases = [case for case in other.cases if case.id in known and known[case.id].digest == case.digest]
    kept = {case.id for case in cases}
    targets, cells = [], []
    for part, target, id, when in zip((one, other), ends, ids, ("before", "after"), strict=True):
        title = f"{target.title} ({when})" if same_title else target.title
        targets.append(msgspec.structs.replace(target, id=id, title=title))
        of_target = (cell for cell in part.cells if cell.target == target.id and cell.case in kept)
        cells += [msgspec.structs.replace(cell, target=id) for cell in of_target]
    together = msgspec.structs.replace(
        other,
        targets=targets,
        cases=cases,
        cells=cells,
        observations=one.observations | other.observations,
        values=one.values | other.values,
        shard=None,
    )
    return together, sorted((known.keys() | {case.id for case in other.cases}) - kept)


def _target(results: Results, id: str) -> TargetResult:
    return next(target for target in results.targets if target.id == id)
