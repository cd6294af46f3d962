"""What differs between two observations and between two columns: words by example, rules as laws."""

import copy
import datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import results
from conformance.judging import expectations
from conformance.judging.compare import BehaviourChange, Comparer, between, changes_between, default_pair
from conformance.judging.difference import describe_change
from conformance.judging.expectations import Expectation, ExpectedCells
from conformance.judging.judge import behaviours, judge_all
from conformance.results import Cell, Exception_, Results, Warning_
from conformance.vocabulary import SEVERITIES
from conformance.worker import values
from tests.support.page_samples import MASK, MODES, Made, sample

OPPOSITE = {"regressed": "fixed", "fixed": "regressed", "vanished": "appeared", "appeared": "vanished"}
RIGHT = np.array([[0.5, -0.25], [1.0, 2.0]], np.float32)


def raised(name: str, phase: str = "call") -> dict[str, Any]:
    error = Exception_(raised=[name, "Exception"], phase=phase, message="no")
    return {"status": "raised", "exception": error}


def warned(*categories: str) -> dict[str, Any]:
    return {"warnings": [Warning_(category=category, message="m", count=1) for category in categories]}


def pair(one: Any, other: Any) -> tuple[str, str]:
    """Severity and text; a side is a value, several by name, or fields of an observation."""
    made = Made()
    made.target("a", "A")
    made.case("c")
    for side in (one, other):
        if not isinstance(side, dict):
            side = {"facts": {"x": side}}
        made.cell("c", "a", "eager", **side)
    first, second = (made.results.observations[str(cell.observation)] for cell in made.results.cells)
    text, severity = describe_change(first, second, made.results.values)
    return severity, text


@pytest.mark.parametrize(
    "one, other, expected",
    [
        (MASK, ~MASK, ("silent", "x: [11100 10110] -> [00011 01001]")),
        (MASK, None, ("silent", "x: [11100 10110] -> none")),
        (MASK, MASK.astype(int), ("cosmetic", "x: dtype bool -> int64")),
        (MASK, MASK[None], ("silent", "x: bool array of shape (2, 5) -> bool array of shape (1, 2, 5)")),
        (np.zeros(100, bool), np.ones(100, bool), ("silent", "x differs everywhere")),
        (RIGHT, RIGHT.astype(float), ("cosmetic", "x: dtype float32 -> float64")),
        (RIGHT, np.add(RIGHT, [[0, 0], [0, 0.5]]), ("silent", "x differs in 1 of 4 elements (max. difference 0.5)")),
        (RIGHT, RIGHT * np.nan, ("silent", "x differs everywhere (now contains NaN)")),
        (RIGHT * np.inf, RIGHT, ("silent", "x differs everywhere")),
        (RIGHT, RIGHT[:1], ("silent", "x: float32 array of shape (2, 2) -> float32 array of shape (1, 2)")),
        (0.5, 0.75, ("silent", "x: 0.5 -> 0.75")),
        (0.5, 0.5002, ("silent", "x differs (max. difference 0.0002)")),
        ([None, 3], [None, 4], ("silent", "x[1]: 3 -> 4")),
        ([None, 3], [None], ("silent", "x: [none, 3] -> [none]")),
        ([RIGHT, None], [RIGHT, MASK], ("silent", "x[1]: none -> [11100 10110]")),
        ("passes", "drops\nit", ("silent", "x: passes -> drops it")),
        ("a" * 81, "b", ("silent", f"x: {'a' * 77}... -> b")),
        (MASK, values.Raised("ValueError", phase="call"), ("raises", "x: [11100 10110] -> raises ValueError in call")),
        (values.Raised("ValueError"), MASK, ("cosmetic", "x: raises ValueError -> [11100 10110]")),
        (values.Raised("KeyError"), values.Raised("TypeError"), ("cosmetic", "x: raises KeyError -> raises TypeError")),
        ({"facts": {"a": 1}}, {"facts": {"b": RIGHT}}, ("silent", "a: 1 -> not recorded; b: not recorded -> recorded")),
        (
            {"facts": {"a": 1, "b": 1, "c": 1, "d": RIGHT}},
            {"facts": {"a": 2, "b": 2, "c": 2, "d": RIGHT.astype(float)}},
            ("silent", "a: 1 -> 2; b: 1 -> 2; and 2 more"),
        ),
        (
            {"facts": {"a": RIGHT, "b": 1}},
            {"facts": {"a": RIGHT.astype(float), "b": values.Raised("ValueError")}},
            ("raises", "b: 1 -> raises ValueError; a: dtype float32 -> float64"),
        ),
        ({}, raised("ValueError"), ("raises", "works -> raises ValueError in call")),
        (raised("ValueError"), {}, ("cosmetic", "raises ValueError in call -> works")),
        (raised("E"), raised("TypeError", "build"), ("cosmetic", "raises E in call -> raises TypeError in build")),
        (raised("ValueError"), {"status": "crashed"}, ("raises", "raises ValueError in call -> crashes")),
        ({}, {"status": "timed-out"}, ("raises", "works -> times out")),
        ({}, {"status": "unsupported", "reason": "no X"}, ("raises", "works -> not available (no X)")),
        ({"status": "unsupported", "reason": "X"}, raised("E"), ("cosmetic", "not available (X) -> raises E in call")),
        ({}, warned("UserWarning"), ("warns", "now emits UserWarning")),
        (warned("UserWarning"), {}, ("cosmetic", "no longer emits UserWarning")),
        (
            {"facts": {"x": MASK}},
            {"facts": {"x": None}, **warned("UserWarning")},
            ("warns", "x: [11100 10110] -> none; now emits UserWarning"),
        ),
        (RIGHT, RIGHT, ("cosmetic", "values differ at the edge of the tolerance")),
    ],
)  # fmt: skip
def test_a_change_in_words(one: Any, other: Any, expected: tuple[str, str]) -> None:
    assert pair(one, other) == expected


WAYS: list[dict[str, Any]] = [
    {"facts": {"mask": (MASK, MASK)}},
    {"facts": {"mask": (~MASK, MASK)}},
    {"facts": {"mask": (None, MASK)}, **warned("UserWarning")},
    {"facts": {"mask": (values.Raised("ValueError", phase="call"), MASK)}},
    {"facts": {"output": (RIGHT, RIGHT)}},
    {"facts": {"output": RIGHT.astype(float)}},
    raised("ValueError"),
    {"status": "crashed"},
    {"status": "unsupported", "reason": "there is no such API"},
    {"status": "error", "reason": "the case is wrong"},
]


@st.composite
def some_results(draw: st.DrawFn) -> Results:
    made = Made()
    columns = draw(st.integers(2, 4))
    for i in range(columns):
        lacks = dict.fromkeys(draw(st.sets(st.sampled_from(MODES), max_size=3)), "not here")
        front_end = draw(st.sampled_from(["keras", "tf.keras"]))
        reason = draw(st.sampled_from([None, None, None, "no wheel"]))
        made.target(f"t{i}", f"T {i}", front_end, lacks=lacks, reason=reason)
    for i in range(draw(st.integers(1, 3))):
        made.case(f"c{i}", basis=draw(st.sampled_from(["documented", "unspecified"])))
        for target in made.results.targets:
            if target.reason:
                made.not_run(f"c{i}", target.id, target.reason)
                continue
            for mode in MODES:
                way = draw(st.sampled_from(WAYS))
                if mode in target.lacks:
                    way = {"status": "unsupported", "reason": "not here"}
                made.cell(f"c{i}", target.id, mode, **way)
    return made.judged()


def known(results: Results, kind: str, outcome: str) -> Expectation:
    for target in results.targets:
        target.versions = {"keras": "3.1", "tensorflow": "2.1"}
    cells = [ExpectedCells(case=case.id, on=("keras", "tf.keras"), outcome=outcome) for case in results.cases]
    return Expectation(
        id="known",
        kind=kind,
        reason="r",
        sources=["s"],
        reviewed=datetime.date(2026, 1, 1),
        cells=cells,  # type: ignore[arg-type]
    )


@given(some_results(), st.sampled_from(["bug", "intended", "undefined"]))
def test_laws(results: Results, kind: str) -> None:
    expectations = [known(results, kind, "deviates: mask is 00011 01001")]
    comparer = Comparer(results, expectations)
    ids = [target.id for target in results.targets]
    order = (*SEVERITIES, None)
    numbers = behaviours(results)
    cell = {(c.case, c.target, c.mode): c for c in results.cells}
    for one in ids:
        assert all(change.kind == "unknown" for change in comparer.changes(one, one))
        for other in ids:
            found, back = comparer.changes(one, other), comparer.changes(other, one)
            assert [order.index(s.severity) for s in found] == sorted(order.index(s.severity) for s in found)
            assert where(found, one, other) == {
                (case, modes): OPPOSITE.get(kind, kind)
                for (case, modes), kind in where(back, other, one, back=True).items()
            }
            for change in found:
                check_since(change, results, comparer, one, other)
            neither = comparer.on_neither(one, other)
            assert neither == comparer.on_neither(other, one) and neither <= comparer.compared(one, other)
            assert not neither & {change.case for change in found}
            differ = []
            for case in results.cases:
                for mode in set(comparer.modes(case, one)) & set(comparer.modes(case, other)):
                    a, b = cell[case.id, one, mode], cell[case.id, other, mode]
                    same_number = numbers.get((case.id, a.observation), a.verdict) == numbers.get(
                        (case.id, b.observation), b.verdict
                    )
                    if "not-run" in (a.verdict, b.verdict) or not same_number:
                        differ.append((case.id, mode))
            in_changes = [(s.case, mode) for s in found for mode in s.modes if " -> " not in mode]
            assert sorted(in_changes) == sorted(differ)


def where(found: list[BehaviourChange], one: str, other: str, back: bool = False) -> dict[tuple[str, str], str]:
    """Kind of each case and mode; what is intended on one side only has no counterpart, and counts as changed."""
    return {
        (change.case, " -> ".join(mode.split(" -> ")[::-1]) if back else mode): (
            "changed"
            if "intended" in (change.before.promise, change.after.promise) and change.kind == "intended"
            else change.kind
        )
        for change in found
        for mode in change.modes
    }


def check_since(change: BehaviourChange, results: Results, comparer: Comparer, one: str, other: str) -> None:
    walk = [one, *(t.id for t in between(results, one, other)), other]
    assert (change.since is None) == (change.last is None)
    if change.since is None or change.last is None:
        return
    assert walk.index(change.last) < walk.index(change.since)
    case = next(case for case in results.cases if case.id == change.case)
    pair = change.modes[0].split(" -> ")

    def cell(target: str) -> Cell | None:
        mode = next((mode for mode in pair if mode in comparer.modes(case, target)), None)
        cells = {(c.case, c.target, c.mode): c for c in results.cells}
        return cells[case.id, target, mode] if mode else None

    def as_before(target: str) -> bool | None:
        return comparer.alike(cell(one), cell(target))

    assert (as_before(change.last), as_before(change.since)) == (True, False)
    assert all(as_before(t) is None for t in walk[walk.index(change.last) + 1 : walk.index(change.since)])


def test_modes_that_no_column_shares_are_compared_across() -> None:
    made = Made()
    made.target("old", "Old", lacks={"eager": "none", "graph": "none"})
    made.target("new", "New")
    made.target("other", "Other", lacks={"session": "none"})
    made.case("c", modes=["eager | session"])
    made.cell("c", "old", "session", {"mask": (MASK, MASK)})
    made.cell("c", "new", "eager", {"mask": (None, MASK)})
    made.cell("c", "other", "graph", {"mask": (None, MASK)})
    results = made.judged()
    (change,) = changes_between(results, [], "old", "new")
    assert change.modes == ("session -> eager",)
    assert (change.kind, change.severity, change.text) == ("regressed", "silent", "mask: [11100 10110] -> none")
    assert (change.since, change.last) == (None, None)
    made.target("bare", "Bare", lacks=dict.fromkeys(MODES, "none"))
    (change,) = changes_between(results, [], "old", "bare")
    assert (change.kind, change.severity, change.text) == ("unknown", None, "no common mode")


def test_changes_of_the_sample() -> None:
    results = sample()
    found = {(change.case, change.modes): change for change in changes_between(results, [], "tf-2.15", "keras-3.3")}
    lost = found["masking.lost", tuple(MODES)]
    assert (lost.kind, lost.severity, lost.text) == ("regressed", "silent", "mask: [11100 10110] -> [11110 10110]")
    assert (lost.before.promise, lost.after.promise) == ("kept", "broken")
    assert found["lstm.numbers", ("jit",)].text == "output differs in 1 of 4 elements (now contains NaN)"
    assert found["merge.dies", ("session",)].kind == "fixed"
    not_run = changes_between(results, [], "keras-3.3", "keras-3.8")
    assert {change.text for change in not_run} == {"not run on Keras 3.8"}
    assert {change.case for change in not_run} == {case.id for case in results.cases}
    assert {change.severity for change in not_run} == {None}


def test_the_columns_that_are_compared_unless_others_are_named() -> None:
    assert default_pair(sample()) == ("tf-2.15", "keras-3.3")
    made = Made()
    assert default_pair(made.results) is None
    made.target("a", "A", reason="no wheel")
    made.target("b", "B")
    assert default_pair(made.results) is None
    made.target("c", "C", "tf_keras")
    assert default_pair(made.results) == ("b", "c")
    made.target("d", "D", "tf.keras")
    assert default_pair(made.results) == ("b", "d")
    made.target("e", "E", backend="jax")
    assert default_pair(made.results) == ("b", "e")
    made.target("f", "F")
    assert default_pair(made.results) == ("d", "f")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tf-2.15", "keras-3.15"),
        ("tf-1.14", "tf-2.0"),
        ("keras-3.15+jax", "keras-2.2.4+tf-1.13"),
        ("keras-3.2", "keras-3.3"),
    ],
)
def test_what_is_judged_in_part_compares_as_the_whole(before: str, after: str) -> None:
    """Verdicts of the file are not used, and behaviours that are numbered in part are those of the whole."""
    whole, known = results.read(results.PUBLISHED), expectations.load()
    part = msgspec.structs.replace(whole, cells=[copy.copy(cell) for cell in whole.cells])
    for cell in part.cells:
        if cell.observation is not None:
            cell.verdict = "observed"
    judge_all(whole)
    some, all_ = (Comparer(found, known) for found in (part, whole))
    assert some.changes(before, after) == all_.changes(before, after) != []
    assert some.compared(before, after) == all_.compared(before, after)
    assert some.on_neither(before, after) == all_.on_neither(before, after)
    numbers = behaviours(whole)
    one, other = ({(c.case, c.mode): c for c in part.cells if c.target == id} for id in (before, after))
    for key in one.keys() & other.keys():
        first, second = (numbers.get((side[key].case, side[key].observation)) for side in (one, other))
        if first is not None and second is not None:
            assert some.alike(one[key], other[key]) in (first == second, None), key
