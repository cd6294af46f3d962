"""What the audit draws, and when a script agrees with its cell."""

import pytest

from conformance.results import Cell, Fact, Observation
from tests.audit.compare import draw, other_values

ARRAY = {"dtype": "float32", "shape": [2], "data": [1.0, 2.0]}
KEY_ERROR = {"raised": ["KeyError"], "phase": None, "message": ""}
CELLS = [
    Cell(case=f"c{number}", target=target, mode=mode, verdict="conforms")
    for number in range(20)
    for target, mode in (("a", "eager"), ("a", "graph"), ("b", "eager"))
    if (number, target) != (0, "b")
]


def test_as_many_cells_of_each_target_and_mode_and_of_other_cases() -> None:
    drawn = draw(CELLS, 6, seed=1)
    assert [(cell.target, cell.mode) for cell in drawn] == [("a", "eager")] * 6 + [("a", "graph")] * 6 + [
        ("b", "eager")
    ] * 6
    assert len({cell.case for cell in drawn}) == 18
    assert draw(CELLS, 6, seed=1) == drawn != draw(CELLS, 6, seed=2)
    assert len(draw(CELLS, 100, seed=1)) == len(CELLS)


@pytest.mark.parametrize(
    ("stored", "recorded", "why"),
    [
        (ARRAY, {**ARRAY, "data": [1.0, 2.00001]}, None),
        (ARRAY, {**ARRAY, "data": [1.0, 2.1]}, "x: 1 of 2 elements differ, by up to 0.1"),
        (ARRAY, [1.0, 2.0], "x: [1.0, 2.0], expected float32 array of shape (2,)"),
        (None, None, None),
        (None, ARRAY, "x: float32 array of shape (2,), expected None"),
        ({"raised": ["KeyError", "LookupError"], "phase": "call", "message": "m"}, "raised KeyError('m')", None),
        (
            {"raised": ["KeyError"], "phase": "call", "message": "m"},
            "raised TypeError('m')",
            "x: raised TypeError, expected KeyError",
        ),
        (
            [{"raised": ["KeyError"], "phase": "save", "message": ""}],
            [{"raised": ["KeyError"], "phase": None, "message": ""}],
            None,
        ),
    ],
)
def test_values_are_held_against_the_cell(stored: object, recorded: object, why: str | None) -> None:
    observation = Observation(status="completed", facts=[Fact(name="x", observed="key")])
    assert other_values([("x", recorded)], observation, {"key": stored}) == why  # type: ignore[dict-item, list-item]


def test_facts_are_the_same_ones() -> None:
    observation = Observation(status="completed", facts=[Fact(name="x", observed="key")])
    assert other_values([], observation, {"key": 1}) == "recorded [], the cell ['x']"


def test_a_tolerance_is_that_of_the_fact() -> None:
    observation = Observation(status="completed", facts=[Fact(name="x", observed="key", rtol=0.1)])
    assert other_values([("x", {**ARRAY, "data": [1.0, 2.1]})], observation, {"key": ARRAY}) is None
