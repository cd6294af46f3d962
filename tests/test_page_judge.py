"""The page compares as Python does: the same functions side by side, on the same values."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from conformance import results
from conformance.judging import judge
from conformance.report import page as report
from conformance.report.data import page_data
from conformance.results import Cell, Fact, Observation, Results
from conformance.worker import values
from tests.page_samples import Made, sample, store_observation, store_value
from tests.test_published import PUBLISHED

JUDGING = ("dom.js", "data.js", "judge.js")
TOLERANCE = (values.RTOL, values.ATOL)
# On a machine that has other things to do, large arrays take long to be drawn; that is no failure.
DRAWN_IN_ANY_TIME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def judging(browser: Browser) -> Iterator[Page]:
    """A page with nothing but the functions that judge, as properties of the window."""
    script = (
        report.joined(JUDGING) + "Object.assign(window, {DATA, difference, wrongPositions, sameBehaviour, verdictOf})"
    )
    data = report.packed(page_data(Made().results))
    page = browser.new_page()
    page.set_content(f'<script id="data" type="text/plain">{data}</script><script type="module">{script}</script>')
    page.wait_for_function("Boolean(window.verdictOf)")
    yield page
    page.close()


# Few numbers, so that arrays often nearly agree; near the edges of the tolerance, and halves for rounding.
numbers = st.sampled_from([0.0, -0.0, 1.0, 1.00011, 1.0001, 1.00012, 2.125, 0.0375, 1e-5, 2e-5, 1e300, 1e-7])
floats = numbers | st.floats(width=32) | st.floats()
texts = st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cn", "Cs"]), max_size=5)
names = st.lists(st.sampled_from(["ValueError", "TypeError", "Exception"]), min_size=1, max_size=2, unique=True)


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    dtype = draw(st.sampled_from(["bool", "int32", "int64", "uint8", "float16", "float32", "float64"]))
    shape = draw(st.sampled_from([(), (1,), (2,), (2, 2), (1, 2, 2), (0, 2)]))
    kind = np.dtype(dtype).kind
    one = st.booleans() if kind == "b" else st.integers(0, 100) if kind in "iu" else floats
    size = int(np.prod(shape))
    with np.errstate(over="ignore"):
        return np.array(draw(st.lists(one, min_size=size, max_size=size))).astype(dtype).reshape(shape)


@st.composite
def raised(draw: st.DrawFn) -> Any:
    return values.Raised(*draw(names), phase=draw(st.sampled_from([None, "call", "build"])), message=draw(texts))


large = st.integers(1, 3).map(lambda n: np.full(5000, n, np.float32))
plain = st.none() | st.booleans() | st.integers(-100, 100) | texts | st.just({1})
anything = st.recursive(
    plain | arrays() | raised() | large, lambda inner: st.lists(inner, max_size=2), max_leaves=4
).map(lambda value: json.loads(json.dumps(values.encode(value))))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two values that often have the same form."""
    one = draw(anything)
    if not (isinstance(one, dict) and "data" in one) or draw(st.booleans()):
        return one, draw(st.just(one) | anything)
    moved = [draw(st.just(v) | numbers.map(values._encode_float)) for v in one["data"]]
    return one, ({**one, "data": moved} if one["dtype"].startswith("float") else one)


def holds_list_beside_other(one: Any, other: Any) -> bool:
    """Whether a list stands beside something else: Python spells the list, the page counts it."""
    if isinstance(one, list) and isinstance(other, list):
        return any(map(holds_list_beside_other, one, other))
    return isinstance(one, list) or isinstance(other, list)


@settings(DRAWN_IN_ANY_TIME, max_examples=400)
@given(pairs(), st.sampled_from([TOLERANCE, (0.0, 0.0), (1e-11, 1e-11), (0.05, 0.03)]))
@example((values.encode(2.125), values.encode(0.0)), TOLERANCE)  # half way between two numbers of three digits
@example((values.encode(2.135), values.encode(0.0)), TOLERANCE)
@example((values.encode(np.array([1.0, np.nan])), values.encode(np.array([2.0, 1.0]))), TOLERANCE)
@example((values.encode(np.array([np.nan, 1.0])), values.encode(np.array([1.0, 2.0]))), TOLERANCE)
def test_values_differ_alike(judging: Page, pair: tuple[Any, Any], tolerance: tuple[float, float]) -> None:
    given_ = [*pair, tolerance]
    why, wrong = judging.evaluate("(given) => [difference(...given), wrongPositions(...given)]", given_)
    expected = values.difference(*pair, *tolerance)
    assert (why is None) == (expected is None)
    assert wrong == values.wrong_elements(*pair, *tolerance)
    if not holds_list_beside_other(*pair):
        assert why == expected


def told(observation: Observation) -> Any:
    """An observation as the page has it, with keys of `Results.values` instead of positions."""
    facts = []
    for fact in observation.facts:
        as_told: dict[str, Any] = {"name": fact.name, "observed": fact.observed}
        if fact.expected is not None:
            as_told["expected"] = fact.expected
        if fact.rtol is not None or fact.atol is not None:
            rtol = values.RTOL if fact.rtol is None else fact.rtol
            as_told["tolerance"] = [rtol, values.ATOL if fact.atol is None else fact.atol]
        facts.append(as_told)
    raised = observation.exception and msgspec.to_builtins(observation.exception)
    heard = msgspec.to_builtins(observation.warnings)
    return {"status": observation.status, "facts": facts, "exception": raised, "warnings": heard}


def of_cases(found: Results) -> dict[str, set[str]]:
    """The observations of each case, as keys."""
    seen: dict[str, set[str]] = {}
    for cell in found.cells:
        if cell.observation is not None:
            seen.setdefault(cell.case, set()).add(cell.observation)
    return seen


def together(judging: Page, found: Results) -> tuple[Any, Any]:
    """(verdicts, same) of JavaScript and of Python: of all observations, and of all pairs of a case."""
    pairs = [(a, b) for keys in of_cases(found).values() for a in sorted(keys) for b in sorted(keys)]
    observations = {key: told(observation) for key, observation in found.observations.items()}
    script = """({observations, values, pairs}) => {
      DATA.values = values;
      const verdicts = Object.fromEntries(Object.entries(observations).map(([key, it]) => [key, verdictOf(it)]));
      return [verdicts, pairs.map(([a, b]) => sameBehaviour(observations[a], observations[b]))];
    }"""
    theirs = judging.evaluate(script, {"observations": observations, "values": found.values, "pairs": pairs})
    ours = (
        {key: judge.verdict(observation, found.values) for key, observation in found.observations.items()},
        [judge.same_behaviour(found.observations[a], found.observations[b], found.values) for a, b in pairs],
    )
    return tuple(theirs), ours


def test_all_published_observations_are_judged_alike(judging: Page) -> None:
    found = results.read(PUBLISHED)
    theirs, ours = together(judging, found)
    assert theirs == ours
    facts = [f for key, it in found.observations.items() for f in told(it)["facts"] if "expected" in f]
    given_ = [(found.values[f["observed"]], found.values[f["expected"]], f.get("tolerance", TOLERANCE)) for f in facts]
    why = judging.evaluate("(all) => all.map((given) => difference(...given))", given_)
    for theirs, (one, other, tolerance) in zip(why, given_, strict=True):
        ours = values.difference(one, other, *tolerance)
        assert (theirs is None) == (ours is None) and (theirs == ours or holds_list_beside_other(one, other))


def test_samples_are_judged_alike(judging: Page) -> None:
    theirs, ours = together(judging, sample())
    assert theirs == ours


statuses = st.sampled_from(["completed", "completed", "raised", "crashed", "timed-out", "unsupported", "error"])


@settings(DRAWN_IN_ANY_TIME, max_examples=100)
@given(st.lists(st.tuples(statuses, st.lists(pairs(), max_size=2), st.booleans()), min_size=1, max_size=3))
def test_observations_are_judged_alike(judging: Page, given_: list[Any]) -> None:
    made = Made()
    made.target("a", "Keras 3.1")
    made.case("some.case")
    found = made.results
    for status, facts, tight in given_:
        stored = [
            Fact(
                name=f"fact {i}",
                observed=store_value(found, observed),
                expected=store_value(found, expected),
                rtol=0.0 if tight else None,
            )
            for i, (observed, expected) in enumerate(facts)
        ]
        store_observation(found, Observation(status=status, facts=stored))
    keys = list(found.observations)
    found.cells = [Cell(case="some.case", target="a", mode="eager", verdict="", observation=key) for key in keys]
    theirs, ours = together(judging, found)
    assert theirs == ours
