"""What changes between two columns: the page's scripts and Python on every state of a cell and row of columns."""

import datetime
import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from conformance import cli, results
from conformance.judging import compare, counting, expectations
from conformance.judging.expectations import Expectation, ExpectedCells
from conformance.report import changes_table, summary
from conformance.report import page as report
from conformance.results import Cell, Exception_, Results
from conformance.vocabulary import BASES
from tests.support.page_browser import Comparing, Opened, computed
from tests.support.page_samples import MODES, Made, hostile, sample
from tests.support.paths import PUBLISHED

pytestmark = pytest.mark.no_cover  # as in test_difference.py

CHANGES = """(pairs) => pairs.map(([from, to]) => {
  const [one, other] = [from, to].map((id) => TARGETS.find((target) => target.id === id));
  return changesBetween(one, other).map((change) => {
    const {item, modes, kind, severity, text, before, after, since, last} = change;
    return {case: item.id, modes, kind, severity, text, before, after, since, last, status: statusOf(change)};
  });
})"""
COUNTS = """(pairs) => pairs.map(([from, to]) => {
  const [one, other] = [from, to].map((id) => TARGETS.find((target) => target.id === id));
  return countChanges(changesBetween(one, other), one, other);
})"""
DEFAULT_PAIRS = """(rows) => rows.map((row) => {
  TARGETS.splice(0, Infinity, ...row);
  index();
  return defaultPair()?.map((target) => target.id) ?? null;
})"""


def assert_same_changes(page: Page, found: Results, known: Sequence[Expectation], asked: list[tuple[str, str]]) -> None:
    comparer = compare.Comparer(found, known)
    for pair, theirs in zip(asked, computed(page, CHANGES, asked), strict=True):
        changes = comparer.changes(*pair)
        ours = [json.loads(msgspec.json.encode(one)) | {"status": changes_table.status(one)} for one in changes]
        for one, other in zip(theirs, ours, strict=False):
            assert one == other, pair
        assert len(theirs) == len(ours), pair
    for pair, theirs in zip(asked, computed(page, COUNTS, asked), strict=True):
        counts = counting.count_between(comparer, *pair)
        assert theirs == msgspec.to_builtins(counts) | {"total": counts.total}, pair


def assert_same_changes_everywhere(comparing: Comparing, found: Results, known: Sequence[Expectation] = ()) -> None:
    ids = [target.id for target in found.targets]
    assert_same_changes(comparing(found, known), found, known, list(itertools.product(ids, repeat=2)))


@pytest.mark.parametrize("make", [sample, hostile, lambda: Made().judged()], ids=["sample", "hostile", "nothing"])
def test_all_pairs_of_samples(comparing: Comparing, make: Callable[[], Results]) -> None:
    assert_same_changes_everywhere(comparing, make())


def test_published_columns(comparing: Comparing) -> None:
    found, known = results.read(PUBLISHED), expectations.load()
    ids = [target.id for target in found.targets]
    page = comparing(found, known)
    neighbours = list(itertools.pairwise(ids))
    ends = [("tf-2.15", "keras-3.15"), (ids[0], ids[-1]), (ids[-1], ids[0]), (ids[3], ids[1]), (ids[2], ids[2])]
    assert_same_changes(page, found, known, neighbours + ends)
    assert tuple(page.evaluate("defaultPair().map((target) => target.id)")) == compare.default_pair(found)


@pytest.mark.parametrize(
    ("one", "other"), [("tf-2.15", "keras-3.15"), ("tf-2.10", "tf-2.15"), ("keras-3.3", "keras-3.15+jax")]
)
def test_page_terminal_and_summary_give_the_same_numbers(opened: Opened, one: str, other: str) -> None:
    """They once gave 231, 232, 229 and 235 changes of behaviour for one pair."""
    found, known = results.read(PUBLISHED), expectations.load()
    found = msgspec.structs.replace(
        found,
        targets=[target for target in found.targets if target.id in (one, other)],
        cells=[cell for cell in found.cells if cell.target in (one, other)],
    )
    ended = CliRunner().invoke(cli.main, ["compare", one, other])
    assert ended.exit_code == 0, ended.output
    (said,) = re.findall(r"^(\d+) behaviours change from .*?: (.*?)[;.] ", ended.output, re.MULTILINE)
    total, by_severity = said[0], re.findall(r"\d+", said[1].partition(";")[0])
    assert int(total) == sum(map(int, by_severity))
    assert summary.summary(found, known).count(f"\n{total} behaviours change from") == 1
    page = opened(html=report.render(found, known), fragment=f"#from={one}&to={other}".replace("+", "%2B"))
    expect(page.locator(".headline")).to_contain_text(f"{total} behaviours change from")
    chips = page.get_by_role("group", name="Severity").get_by_role("button")
    assert [n for text in chips.all_inner_texts() for n in re.findall(r"[1-9]\d*", text)] == by_severity
    headings = page.locator(".severity h3 .number").all_inner_texts()
    assert [text.partition(" ")[0] for text in headings if text[0] != "0"][: len(by_severity)] == by_severity


def explained(kind: str, outcome: str) -> Expectation:
    cells = [ExpectedCells(case=basis, on=("keras",), outcome=outcome) for basis in BASES]
    about = {"id": f"{kind}: {outcome}", "reason": "r", "sources": ["s"], "reviewed": datetime.date(2026, 1, 1)}
    return Expectation(kind=kind, cells=cells, **about)  # type: ignore[arg-type]


def raised(name: str) -> dict[str, Any]:
    return {"status": "raised", "exception": Exception_(raised=[name], phase="call", message="no")}


KNOWN = [explained(kind, f"deviates: n is {n}") for n, kind in enumerate(("bug", "intended", "undefined"), 1)]
KNOWN.append(explained("intended", "raises: TypeError in phase call"))
# Every state of a cell: each verdict, bad ones without an explanation and with one of each kind; None: not planned.
STATES: list[dict[str, Any] | None] = [
    None,
    {"status": "error", "reason": "the case is wrong"},
    {"status": "unsupported", "reason": "no such API"},
    {"facts": {"n": (0, 0)}},
    {"facts": {"n": 0}},
    *({"facts": {"n": (n, 0)}} for n in range(1, 5)),
    raised("TypeError"),
    raised("ValueError"),
    {"status": "crashed"},
    {"status": "timed-out"},
]


def test_every_state_of_a_cell_beside_every_other(comparing: Comparing) -> None:
    made = Made()
    for basis in BASES:
        made.case(basis, basis=basis)
    for i, state in enumerate(STATES):
        made.target(f"t{i}", f"T {i}", versions={"keras": "3.0"})
        for basis in BASES:
            if state is not None:
                made.cell(basis, f"t{i}", "eager", **state)
    made.target("not-run", "Not run", reason="no wheel")
    for basis in BASES:
        made.not_run(basis, "not-run", "no wheel")
    found = made.judged()
    comparer, ids = compare.Comparer(found, KNOWN), [target.id for target in found.targets]
    changes = itertools.chain.from_iterable(comparer.changes(*pair) for pair in itertools.product(ids, repeat=2))
    assert {change.kind for change in changes} == {*compare.KINDS}
    assert_same_changes_everywhere(comparing, found, KNOWN)


def subsets(modes: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(modes, size) for size in range(len(modes) + 1))


def test_every_set_of_modes_beside_every_other(comparing: Comparing) -> None:
    """A case behaves otherwise on each column: the same in all modes, in every second one, or in none."""
    made = Made()
    periods = {"alike": 1, "in-turn": 2, "each": 4}
    for name in periods:
        made.case(name)
    for i, (modes, lacks) in enumerate(itertools.product(subsets(MODES), [False, True])):
        absent = [mode for mode in MODES if mode not in modes]
        made.target(f"t{i}", f"T {i}", lacks=dict.fromkeys(absent, "not here") if lacks else {})
        for name, period in periods.items():
            for n, mode in enumerate(MODES):
                if mode in modes:
                    made.cell(name, f"t{i}", mode, {"n": 10 * i + n % period})
                elif lacks:
                    made.cell(name, f"t{i}", mode, status="unsupported", reason="not here")
    assert_same_changes_everywhere(comparing, made.judged())


ALIKE = [("keras", "tensorflow")] * 5
MIXED = [
    ("keras", "tensorflow"),
    ("keras", "jax"),
    ("tf.keras", "tensorflow"),
    ("keras", "jax"),
    ("keras", "tensorflow"),
]


@pytest.mark.parametrize("row", [ALIKE, MIXED], ids=["alike", "mixed"])
def test_since_when_in_every_row_of_five(comparing: Comparing, row: list[tuple[str, str]]) -> None:
    """In each column a case behaves in one of two ways, is not there, or was not run."""
    made = Made()
    for i, (front_end, backend) in enumerate(row):
        made.target(f"t{i}", f"T {i}", front_end, backend=backend)
    for n, states in enumerate(itertools.product(["one", "other", "absent", "not-run"], repeat=len(row))):
        made.case(f"c{n}")
        for i, state in enumerate(states):
            if state == "not-run":
                made.results.cells.append(Cell(case=f"c{n}", target=f"t{i}", mode="eager", verdict="not-run"))
            elif state == "absent":
                made.cell(f"c{n}", f"t{i}", "eager", status="unsupported", reason="no such API")
            else:
                made.cell(f"c{n}", f"t{i}", "eager", {"is": state})
    assert_same_changes_everywhere(comparing, made.judged())


def test_since_when_across_modes_in_every_row_of_three(comparing: Comparing) -> None:
    """In each column a case has one of two modes, both or none, and behaves in one of two ways in either."""
    made = Made()
    for i in range(3):
        made.target(f"t{i}", f"T {i}")
    states = list(itertools.product([None, "one", "other"], repeat=2))
    for n, of_columns in enumerate(itertools.product(states, repeat=3)):
        made.case(f"c{n}")
        for i, of_modes in enumerate(of_columns):
            for mode, state in zip(("eager", "session"), of_modes, strict=True):
                if state:
                    made.cell(f"c{n}", f"t{i}", mode, {"is": state})
    assert_same_changes_everywhere(comparing, made.judged())


def test_which_columns_are_compared_at_first_in_every_row_of_four(comparing: Comparing) -> None:
    forms = [("keras", "tensorflow", None), ("keras", "jax", None), ("tf.keras", "tensorflow", None)]
    forms += [
        ("tf_keras", "tensorflow", None),
        ("keras", "tensorflow", "no wheel"),
        ("tf.keras", "tensorflow", "no wheel"),
    ]
    rows, ours = [], []
    for row in itertools.chain.from_iterable(itertools.product(forms, repeat=n) for n in range(5)):
        made = Made()
        for i, (front_end, backend, reason) in enumerate(row):
            made.target(f"t{i}", f"T {i}", front_end, backend=backend, reason=reason)
        rows.append(msgspec.to_builtins(made.results.targets))
        pair = compare.default_pair(made.results)
        ours.append(list(pair) if pair else None)
    assert computed(comparing(Made().judged()), DEFAULT_PAIRS, rows) == ours


VERSIONS = [
    *("2.2.4-tf", "3.15.1", "2.13.0+cpu", "", "unknown", "3.16", "dev1", "3.16.0.post1", "3.16.0+rc1", "0"),
    *(
        "3.16.0.dev2026102704",
        "2.22.0-dev20261101",
        "2.22.0rc0",
        "2.22.0-rc0",
        "3.0.0a1",
        "3.0.0b2",
        "2.0.0.rc1",
        "1.0-beta",
        "1.0a",
    ),
]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_prerelease_is_not_compared_at_first(comparing: Comparing, version: str) -> None:
    """A nightly or a release candidate beside releases, as Keras or as TensorFlow."""
    rows, ours = [], []
    for package in ("keras", "tensorflow"):
        made = Made()
        for id, front_end, keras in (("a", "tf.keras", "2.15.0"), ("b", "keras", "3.15.1"), ("c", "keras", "3.16.0")):
            versions = {"keras": keras, "tensorflow": "2.21.0"} | ({package: version} if id == "c" else {})
            made.target(id, id, front_end, versions=versions)
        rows.append(msgspec.to_builtins(made.results.targets))
        ours.append(list(compare.default_pair(made.results) or ()))
    assert computed(comparing(Made().judged()), DEFAULT_PAIRS, rows) == ours
    assert ours == [["a", "b" if VERSIONS.index(version) > VERSIONS.index("0") else "c"]] * 2
