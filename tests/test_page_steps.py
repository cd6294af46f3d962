"""What changes between two columns: the page's scripts and `compare.py`, side by side."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from conformance import results
from conformance.judging import compare, difference, expectations
from conformance.judging.expectations import Expectation
from conformance.report import page as report
from conformance.report.data import page_data
from conformance.results import Exception_, Fact, Observation, Results, Warning_
from tests.page_samples import Made, hostile, sample, store_value
from tests.test_page_judge import pairs, told
from tests.test_published import PUBLISHED

COMPARING = ("dom.js", "data.js", "judge.js", "difference.js", "steps.js")
EXPORTED = "DATA, TARGETS, differenceOf, stepsBetween, defaultPair"
STEPS = """(pairs) => pairs.map(([from, to]) => {
  const [one, other] = [from, to].map((id) => TARGETS.find((target) => target.id === id));
  return stepsBetween(one, other).map(({item, modes, kind, severity, text, before, after, since, last}) =>
    ({case: item.id, modes, kind, severity, text, before, after, since, last}));
})"""

Comparing = Callable[..., Page]


@pytest.fixture(scope="module")
def comparing(browser: Browser) -> Iterator[Comparing]:
    """Function: a page with nothing but the functions that compare, as properties of the window."""
    pages = []

    def open_page(found: Results, known: Sequence[Expectation] = ()) -> Page:
        data = report.packed(page_data(found, known))
        script = f"{report.joined(COMPARING)}Object.assign(window, {{{EXPORTED}}})"
        page = browser.new_page()
        pages.append(page)
        page.set_content(f'<script id="data" type="text/plain">{data}</script><script type="module">{script}</script>')
        page.wait_for_function("Boolean(window.stepsBetween)")
        return page

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def without_results(comparing: Comparing) -> Page:
    return comparing(Made().judged())


def assert_same_steps(page: Page, found: Results, known: Sequence[Expectation], asked: list[tuple[str, str]]) -> None:
    comparer = compare.Comparer(found, known)
    for pair, theirs in zip(asked, page.evaluate(STEPS, asked), strict=True):
        ours = json.loads(msgspec.json.encode(comparer.steps(*pair)))
        for one, other in zip(theirs, ours, strict=False):
            assert one == other, pair
        assert len(theirs) == len(ours), pair


@pytest.mark.parametrize("make", [sample, hostile, lambda: Made().judged()], ids=["sample", "hostile", "nothing"])
def test_all_pairs_of_samples(comparing: Comparing, make: Callable[[], Results]) -> None:
    found = make()
    ids = [target.id for target in found.targets]
    page = comparing(found)
    assert_same_steps(page, found, [], [(a, b) for a in ids for b in ids])
    pair = page.evaluate("defaultPair()?.map((target) => target.id) ?? null")
    assert (tuple(pair) if pair else None) == compare.default_pair(found)


def test_published_columns(comparing: Comparing) -> None:
    found, known = results.read(PUBLISHED), expectations.load()
    ids = [target.id for target in found.targets]
    page = comparing(found, known)
    neighbours = list(itertools.pairwise(ids))
    ends = [("tf-2.15", "keras-3.15"), (ids[0], ids[-1]), (ids[-1], ids[0]), (ids[3], ids[1]), (ids[2], ids[2])]
    assert_same_steps(page, found, known, neighbours + ends)
    assert tuple(page.evaluate("defaultPair().map((target) => target.id)")) == compare.default_pair(found)


names = st.sampled_from(["mask", "output", "later"])
exceptions = st.builds(
    Exception_,
    raised=st.sampled_from([["ValueError"], ["TypeError", "Exception"]]),
    phase=st.sampled_from([None, "call"]),
    message=st.just("no"),
)
heard = st.lists(st.sampled_from(["UserWarning", "FutureWarning"]), max_size=2).map(
    lambda all_: [Warning_(category=category, message="", count=1) for category in all_]
)


@st.composite
def observations(draw: st.DrawFn) -> tuple[Any, Results]:
    """Two observations, of facts that often have the same form; and where their values are."""
    found = Made().results
    sides: list[list[Fact]] = [[], []]
    for name in draw(st.lists(names, max_size=3, unique=True)):
        rtol = draw(st.sampled_from([None, 0.0]))
        for facts, value in zip(sides, draw(pairs()), strict=True):
            if draw(st.integers(0, 9)):
                facts.append(Fact(name=name, observed=store_value(found, value), rtol=rtol))
    both = []
    for facts in sides:
        status = draw(st.sampled_from(["completed"] * 4 + ["raised", "crashed", "timed-out", "unsupported"]))
        exception = draw(exceptions) if status == "raised" else None
        reason = draw(st.sampled_from([None, "no such  API", "x" * 90]))
        both.append(Observation(status=status, facts=facts, exception=exception, warnings=draw(heard), reason=reason))
    return both, found


@settings(max_examples=300, deadline=None)
@given(observations())
def test_differences(without_results: Page, given_: tuple[Any, Results]) -> None:
    (one, other), found = given_
    asked = [{**told(side), "reason": side.reason} for side in (one, other)]
    script = "({values, asked}) => { DATA.values = values; return differenceOf(...asked); }"
    assert without_results.evaluate(script, {"values": found.values, "asked": asked}) == {
        "severity": difference.severity(one, other, found.values),
        "text": difference.change(one, other, found.values),
    }
