"""Whether two values or observations differ, and how: the page's scripts and Python on every form of either.

The scripts compare only what Python cannot know: a results file that a reader adds to the page, and any two columns.
"""

import itertools
import math
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from conformance import results
from conformance.judging import difference, expectations, judge
from conformance.results import Exception_, Fact, Observation, Value, Warning_
from conformance.worker import values
from tests.support import page_forms
from tests.support.page_browser import Comparing, computed
from tests.support.page_forms import NUMBERS, TOLERANCES, VALUES
from tests.support.page_samples import Made
from tests.support.paths import PUBLISHED

# Not traced for coverage: that doubles the time of what compares everything, and covers no line that others do not.
pytestmark = pytest.mark.no_cover
Pair = tuple[int, int]

VALUES_COMPARED = """({values, pairs, tolerance}) => {
  DATA.values = values;
  const seen = values.map((_, i) => (
    { status: "completed", exception: null, warnings: [], facts: [{ name: "x", observed: i, tolerance }] }));
  return pairs.map(([i, j]) => {
    const told = describeChange(seen[i], seen[j]);
    return [agree(values[i], values[j], tolerance), wrongElements(values[i], values[j], tolerance) ?? null,
      sameBehaviour(seen[i], seen[j]), told.severity, told.text];
  });
}"""
OBSERVATIONS_COMPARED = """({values, observations, pairs}) => {
  DATA.values = values;
  return pairs.map(([i, j]) => {
    const told = describeChange(observations[i], observations[j]);
    return [sameBehaviour(observations[i], observations[j]), told.severity, told.text];
  });
}"""


@pytest.fixture(scope="module")
def judging(comparing: Comparing) -> Page:
    return comparing(Made().judged())


def all_pairs(number: int) -> list[Pair]:
    return list(itertools.product(range(number), repeat=2))


def wrong(one: Value, other: Value, tolerance: Sequence[float]) -> Any:
    """As the page marks it: None nowhere, True as a whole, positions of an array, or items of a list."""
    if values.difference(one, other, *tolerance) is None:
        return None
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {"items": [wrong(a, b, tolerance) for a, b in zip(one, other, strict=True)]}
    positions = values.wrong_elements(one, other, *tolerance)
    return True if positions is None else positions


def compared(one: Observation, other: Observation, stored: dict[str, Value]) -> list[Any]:
    return [
        judge.same_behaviour(one, other, stored),
        *difference.describe_change(one, other, stored)[::-1],
    ]


def assert_values_compare_alike(page: Page, forms: list[Value], tolerance: tuple[float, float]) -> None:
    pairs = all_pairs(len(forms))
    theirs = computed(page, VALUES_COMPARED, {"values": forms, "pairs": pairs, "tolerance": tolerance})
    stored = {str(i): value for i, value in enumerate(forms)}
    rtol, atol = tolerance
    facts = [Fact(name="x", observed=key, rtol=rtol, atol=atol) for key in stored]
    seen = [Observation(status="completed", facts=[fact]) for fact in facts]
    for (i, j), told in zip(pairs, theirs, strict=True):
        ours = [
            values.difference(forms[i], forms[j], *tolerance) is None,
            wrong(forms[i], forms[j], tolerance),
            *compared(seen[i], seen[j], stored),
        ]
        assert told == ours, (forms[i], forms[j])


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_every_form_of_value_beside_every_other(judging: Page, tolerance: tuple[float, float]) -> None:
    assert_values_compare_alike(judging, VALUES, tolerance)


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_every_number_beside_every_other(judging: Page, tolerance: tuple[float, float]) -> None:
    assert_values_compare_alike(judging, [page_forms.array("float64", [1], [n]) for n in NUMBERS], tolerance)


def test_numbers_are_spelled_alike(judging: Page) -> None:
    # Four digits from 1.000 to 9.995 in steps of 0.005, so that all halves are among them, at every power of ten.
    numbers = [float(f"{n}e{power}") for n in range(1000, 10000, 5) for power in range(-15, 20)]
    assert judging.evaluate("all => all.map(threeDigits)", numbers) == [f"{n:.3g}" for n in numbers]
    special = ["nan", "inf", "-inf", "-0.0"]
    assert judging.evaluate("() => [NaN, Infinity, -Infinity, -0].map(threeDigits)") == [
        f"{float(n):.3g}" for n in special
    ]


def test_numbers_are_rounded_alike(judging: Page) -> None:
    numbers = [float(f"{n}5e{power}") for n in range(100_000, 1_000_000, 997) for power in range(-15, 20)]
    numbers += [-n for n in numbers[:1000]]
    theirs = judging.evaluate("all => all.map(sixDigits)", numbers)
    assert [float(n) for n in theirs] == [float(f"{n:.6g}") for n in numbers]  # some whole ones come back as ints


def test_the_same_characters_are_spaces(judging: Page) -> None:
    script = """last => Array.from({length: last + 1}, (_, code) => code)
      .filter((code) => (code < 0xd800 || code > 0xdfff))
      .filter((code) => oneLine(`a${String.fromCodePoint(code)}b`) === "a b")"""
    ours = [code for code in range(sys.maxunicode + 1) if f"a{chr(code)}b".split() == ["a", "b"]]
    assert judging.evaluate(script, sys.maxunicode) == ours


def told(observation: Observation) -> Any:
    """An observation as the page has it, with keys of `Results.values` instead of positions."""
    facts = []
    for fact in observation.facts:
        as_told: dict[str, Any] = {"name": fact.name, "observed": fact.observed}
        if fact.rtol is not None or fact.atol is not None:
            rtol = values.RTOL if fact.rtol is None else fact.rtol
            as_told["tolerance"] = [rtol, values.ATOL if fact.atol is None else fact.atol]
        facts.append(as_told)
    raised = observation.exception and msgspec.to_builtins(observation.exception)
    heard = msgspec.to_builtins(observation.warnings)
    about = {"status": observation.status, "reason": observation.reason}
    return {**about, "facts": facts, "exception": raised, "warnings": heard}


def assert_observations_compare_alike(
    page: Page, seen: list[Observation], stored: dict[str, Value], pairs: list[Pair]
) -> None:
    observations = [told(observation) for observation in seen]
    given_ = {"values": stored, "observations": observations, "pairs": pairs}
    for (i, j), theirs in zip(pairs, computed(page, OBSERVATIONS_COMPARED, given_), strict=True):
        assert theirs == compared(seen[i], seen[j], stored), (seen[i], seen[j])


def test_every_form_of_observation_beside_every_other(judging: Page) -> None:
    seen, stored = page_forms.observations()
    assert_observations_compare_alike(judging, seen, stored, all_pairs(len(seen)))


PUBLISHED_COMPARED = """(ofCases) => ofCases.map(([cells, pairs]) => {
  const seen = cells.map(([item, target, mode]) => cellOf(CASES[item], TARGETS[target], mode).outcome);
  return pairs.map(([i, j]) => {
    const told = describeChange(seen[i], seen[j]);
    return [sameBehaviour(seen[i], seen[j]), told.severity, told.text];
  });
})"""


def test_all_that_the_published_page_can_tell(comparing: Comparing) -> None:
    """Every two observations that a case has in one mode; the page has their numbers with fewer digits."""
    found = results.read(PUBLISHED)
    case, target = ({item.id: i for i, item in enumerate(items)} for items in (found.cases, found.targets))
    modes: dict[str, dict[str, set[str]]] = {}  # by case, by observation
    cells: dict[tuple[str, str], list[Any]] = {}
    for cell in found.cells:
        assert cell.observation is not None
        modes.setdefault(cell.case, {}).setdefault(cell.observation, set()).add(cell.mode)
        cells[cell.case, cell.observation] = [case[cell.case], target[cell.target], cell.mode]
    asked, of_cases = [], []
    for id, seen in modes.items():
        pairs = [(i, j) for (i, a), (j, b) in itertools.product(enumerate(seen.values()), repeat=2) if a & b and i != j]
        asked.append(([cells[id, key] for key in seen], pairs))
        of_cases.append([found.observations[key] for key in seen])
    theirs = computed(comparing(found, expectations.load()), PUBLISHED_COMPARED, asked)
    for seen_, (_, pairs), answers in zip(of_cases, asked, theirs, strict=True):
        for (i, j), answer in zip(pairs, answers, strict=True):
            assert answer == compared(seen_[i], seen_[j], found.values), (seen_[i], seen_[j])


# Beyond the forms: combinations of them, drawn. `nox -s explore` draws others.
finite = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.sampled_from(NUMBERS) | finite.map(lambda n: "-0.0" if n == 0 and math.copysign(1, n) < 0 else n)
texts = st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cn", "Cs"]), max_size=5)
arrays = st.sampled_from([[], [1], [2], [2, 2]]).flatmap(
    lambda shape: st.lists(numbers, min_size=math.prod(shape), max_size=math.prod(shape)).map(
        lambda data: page_forms.array("float32", shape, data)
    )
)
anything = st.recursive(
    st.sampled_from(VALUES) | texts | arrays, lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
exceptions = st.builds(
    Exception_,
    raised=st.lists(st.sampled_from(["ValueError", "TypeError", "Exception"]), min_size=1, max_size=2, unique=True),
    phase=st.sampled_from([None, "call", "build"]),
    message=texts,
)
warnings = st.builds(
    Warning_, category=st.sampled_from(["UserWarning", "FutureWarning"]), message=texts, count=st.just(1)
)
observations = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["completed"] * 4 + ["raised", "crashed", "timed-out", "unsupported", "error"]),
        "facts": st.dictionaries(st.sampled_from(["mask", "output", "later"]), anything, max_size=3),
        "exception": st.none() | exceptions,
        "warnings": st.lists(warnings, max_size=3),
        "reason": st.none() | texts,
        "rtol": st.sampled_from([None, 0.0, 0.05]),
    }
)


@given(st.lists(observations, min_size=2, max_size=4))
def test_observations_compare_alike(judging: Page, given_: list[dict[str, Any]]) -> None:
    stored: dict[str, Value] = {}
    seen = []
    for i, about in enumerate(given_):
        kept = {f"{i} {name}": (name, value) for name, value in about["facts"].items()}
        stored |= {key: value for key, (_, value) in kept.items()}
        facts = [Fact(name=name, observed=key, rtol=about["rtol"]) for key, (name, _) in kept.items()]
        rest = {name: about[name] for name in ("status", "exception", "warnings", "reason")}
        seen.append(Observation(**rest, facts=facts))
    assert_observations_compare_alike(judging, seen, stored, all_pairs(len(seen)))
