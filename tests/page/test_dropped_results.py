"""Dropping a results.json on the page: its columns beside those of the page, computed in the browser."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect

from conformance import results
from conformance.judging import expectations, judge
from conformance.report import page as report
from conformance.results import Results
from tests.support.page_browser import Opened, cell_at, computed, panel_of, violations, with_script
from tests.support.page_samples import HOSTILE, MASK, Made, hostile, sample
from tests.support.paths import PUBLISHED

# Everything that the page says of a column, without numbers of behaviours: which other cells behave alike instead.
TOLD = """window.told = (id) => {
  const target = TARGETS.find((one) => one.id === id);
  const value = (at) => (at === undefined ? null : DATA.values[at]);
  return CASES.map((item) => cellsOf(item, target).map(({ outcome, expectation, ...cell }) => ({
    ...cell,
    known: expectation && expectation.id,
    alike: cell.behaviour === null ? null : TARGETS.flatMap((other) => cellsOf(item, other)
      .filter((one) => one.behaviour === cell.behaviour).map((one) => [other.id, one.mode])).sort(),
    behaviour: null,
    evidence: { ...outcome, behaviour: null, facts: outcome.facts.map((fact) => (
      { ...fact, observed: value(fact.observed), expected: value(fact.expected), why: Boolean(fact.why) })) },
  })));
};
window.columns = () => TARGETS.map((target) => [target.id, target.generation]);
"""


@pytest.fixture
def telling(opened: Opened) -> Opened:
    """As `opened`; the page has the functions `told` and `columns` as well."""

    def open_page(shown: Results | None = None, fragment: str = "", html: str | None = None) -> Page:
        page = opened(fragment=fragment, html=with_script(html or report.render(shown or sample()), TOLD))
        page.wait_for_function("Boolean(window.columns)")
        return page

    return open_page


def said(page: Page, target: str) -> Any:
    """What the page says of each cell of a column; numbers as short as the page of a whole run has them."""

    def short(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: short(item) for name, item in value.items() if name != "seconds"}
        if isinstance(value, list):
            return [short(item) for item in value]
        return float(f"{value:.6g}") if isinstance(value, float) else value

    return short(computed(page, "told", target))


def without(found: Results, target: str) -> Results:
    return msgspec.structs.replace(
        found,
        targets=[t for t in found.targets if t.id != target],
        cells=[c for c in found.cells if c.target != target],
    )


def drop(page: Page, *files: Path) -> Locator:
    """Choose the files. Returns where the page answers."""
    page.locator("input[type=file]").set_input_files([str(file) for file in files])
    answer = page.get_by_role("region", name="Your environment")
    expect(answer).not_to_be_empty()
    expect(answer).not_to_contain_text("Reading", timeout=20_000)
    return answer


def written(found: Results, file: Path) -> Path:
    results.write(found, file)
    return file


def yours(made: Made | Results, tmp_path: Path, name: str = "mine.json") -> Path:
    return written(made.judged() if isinstance(made, Made) else made, tmp_path / name)


def of_my_own() -> Made:
    """One column that the sample does not have: as Keras 3.3, but for one case."""
    made = Made()
    made.target("here", "Keras 3.16 of mine", versions={"keras": "3.16.0"})
    made.case("masking.plain")
    made.case("masking.lost")
    made.case("my.own")
    made.cells("masking.plain", "here", {"mask": (None, MASK)})
    made.cells("masking.lost", "here", {"mask": (MASK, MASK)})
    made.cells("my.own", "here", {"n": (1, 1)})
    return made


@pytest.mark.parametrize("target", ["keras-2.3", "tf-2.15", "keras-3.3", "keras-3.8"])
def test_a_dropped_column_is_what_it_is_in_the_page(telling: Opened, tmp_path: Path, target: str) -> None:
    whole = sample()
    page = telling(without(whole, target))
    drop(page, written(whole, tmp_path / "whole.json"))
    assert page.evaluate("columns()")[-1] == [target, "Your environment"]
    dropped = said(page, target)
    assert dropped == said(telling(whole), target)
    assert any(cell["verdict"] != "not-run" for cells in dropped for cell in cells) == (target != "keras-3.8")


@pytest.mark.no_cover  # it takes long, and traced twice as long
def test_a_dropped_column_of_the_published_run(telling: Opened, tmp_path: Path) -> None:
    whole, known = results.read(PUBLISHED), expectations.load()
    target = "keras-3.13"
    page = telling(html=report.render(without(whole, target), known))
    answer = drop(page, PUBLISHED / "results.json.gz")
    behaviours, others = len(whole.cases), len(whole.targets) - 1
    expect(answer).to_contain_text(
        f"1 target added: Keras 3.13. The file has {behaviours} of the {behaviours} behaviours on this page."
    )
    expect(answer).to_contain_text(f"{others} targets of the file are already on this page.")
    dropped, in_page = said(page, target), said(telling(html=report.render(whole, known)), target)
    for one, other in zip(chain(*dropped), chain(*in_page), strict=True):
        others = [cell for cell in one["alike"] or [] if cell[0] != target]
        assert one["known"] == other["known"] if others else one["known"] is None
        one["known"] = other["known"] = None
    assert dropped == in_page


def test_what_is_added_is_said(telling: Opened, tmp_path: Path) -> None:
    page = telling()
    answer = drop(page, yours(of_my_own(), tmp_path))
    expect(answer).to_contain_text("mine.json: 1 target added: Keras 3.16 of mine.")
    expect(answer).to_contain_text("The file has 2 of the 5 behaviours on this page.")
    expect(answer).to_contain_text("1 behaviour that is not on this page is ignored.")
    expect(answer).to_contain_text("Read in your browser and never uploaded. Links to this page do not include it.")
    assert "to=here" in page.url
    page.get_by_role("link", name="Matrix").click()
    assert "broken" in (cell_at(page, "masking.plain", "Keras 3.16 of mine").get_attribute("class") or "")
    cell_at(page, "masking.plain", "Keras 3.16 of mine").click()
    expect(panel_of(page).locator(".verdict")).to_contain_text("Deviates")
    expect(panel_of(page).locator(".fact")).to_contain_text("≠ not as expected")


def test_it_is_taken_away_again(telling: Opened, tmp_path: Path) -> None:
    page = telling(fragment="#view=matrix")
    before = page.evaluate("TOLD => JSON.stringify(columns().map(([id]) => told(id)))", "")
    for name in ("one.json", "two.json"):
        drop(page, yours(of_my_own(), tmp_path, name))
    assert [id for id, generation in page.evaluate("columns()") if generation == "Your environment"] == ["here"]
    other = of_my_own()
    other.case("masking.free")
    other.results.targets[0].id = "other"
    for cell in other.results.cells:
        cell.target = "other"
    answer = drop(page, yours(other, tmp_path))
    expect(answer.get_by_text("1 target added")).to_have_count(2)
    expect(page.get_by_role("columnheader", name="Keras 3.16 of mine")).to_have_count(2)
    answer.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("columnheader", name="Keras 3.16 of mine")).to_have_count(0)
    assert page.evaluate("TOLD => JSON.stringify(columns().map(([id]) => told(id)))", "") == before
    expect(page.get_by_role("region", name="Your environment")).to_be_empty()
    expect(page.get_by_role("button", name="Add results.json")).to_be_focused()


def test_nothing_new(telling: Opened, tmp_path: Path) -> None:
    page = telling()
    answer = drop(page, yours(sample(), tmp_path))
    expect(answer).to_contain_text("mine.json was not added: it contains nothing new")
    made = Made()
    made.target("here", "Mine")
    made.case("my.own")
    made.cells("my.own", "here", {"n": 1})
    expect(drop(page, yours(made, tmp_path))).to_contain_text("none of its behaviours is on this page")


def test_a_part_of_what_is_shown_is_not_new(telling: Opened, tmp_path: Path) -> None:
    part = sample()
    part.cases[0].digest = "other"
    part.cases, part.cells = part.cases[:2], [cell for cell in part.cells if cell.case.startswith("masking")]
    shown = sample()
    shown.cases[0].digest = "shown"
    answer = drop(telling(shown), yours(part, tmp_path))
    expect(answer).to_contain_text(
        "it contains nothing new: Keras 2.3, tf.keras 2.15, Keras 3.3, Keras 3.8 behave as shown here"
    )


def test_a_column_of_the_same_name_that_behaves_otherwise(telling: Opened, tmp_path: Path) -> None:
    changed = sample()
    for observation in changed.observations.values():
        observation.warnings = []
    judge.judge_all(changed)
    page = telling(fragment="#view=matrix")
    expect(drop(page, yours(changed, tmp_path))).to_contain_text("1 target added: tf.keras 2.15 (yours).")
    assert page.evaluate("columns()")[-1] == ["tf-2.15:1", "Your environment"]


def test_another_version_of_a_case(telling: Opened, tmp_path: Path) -> None:
    shown, mine = sample(), of_my_own()
    shown.cases[0].digest, mine.results.cases[0].digest, mine.results.cases[1].digest = "a", "b", "c"
    page = telling(shown)
    answer = drop(page, yours(mine, tmp_path))
    expect(answer).to_contain_text("1 behaviour was measured with another version of the case")
    for case, seen in [("masking.plain", 1), ("masking.lost", 0)]:
        page.evaluate("fragment => { location.hash = fragment }", f"#case={case}&target=here&mode=eager")
        expect(panel_of(page).get_by_text("another version of this case")).to_have_count(seen)


def broken(change: Any) -> bytes:
    data = json.loads(json.dumps(msgspec.to_builtins(sample())))
    change(data)
    return json.dumps(data).encode()


def cut_in_half(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "it is not complete JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "it is not complete JSON"),
        (cut_in_half(broken(lambda data: None)), "it is not complete JSON"),
        (b"null", "it is not a results file of this suite"),
        (b"[1]", "it is not a results file of this suite"),
        (b'{"a": 1}', "it is not a results file of this suite"),
        (broken(lambda data: data.update(schema_version=2)), "it has schema version 2; this page reads 1"),
        (broken(lambda data: data.pop("cells")), "it has no cells"),
        (broken(lambda data: data.update(more=1)), "more is not a known field"),
        (broken(lambda data: data["cases"][1].pop("title")), "cases[1] has no title"),
        (broken(lambda data: data["cells"][3].update(mode=7)), "cells[3].mode is not of type string"),
        (broken(lambda data: data["cells"][3].update(mode="slow")), "has an unknown case, target, mode or verdict"),
        (broken(lambda data: data["cells"][3].pop("observation")), "but no observation"),
        (broken(lambda data: data["cells"].append(data["cells"][0])), "is duplicated"),
        (broken(lambda data: data["targets"].append(data["targets"][0])), "two of its targets have the same id"),
        (broken(lambda data: data["observations"].clear()), "refers to a missing observation"),
        (broken(lambda data: data["values"].clear()), "refers to the missing value"),
        (
            broken(lambda data: data["values"].update(x={"dtype": "int32", "shape": [2], "data": [1]})),
            "one of its values is malformed",
        ),
        (
            broken(lambda data: data["values"].update(x={"dtype": "int32", "shape": [1], "data": ["a"]})),
            "one of its values is malformed",
        ),
    ],
)
def test_what_is_no_results_file(telling: Opened, tmp_path: Path, content: bytes, why: str) -> None:
    page = telling()
    before = page.evaluate("columns()")
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    answer = drop(page, file)
    expect(answer).to_contain_text("bad.json was not added: ")
    expect(answer).to_contain_text(why)
    assert answer.locator("p").count() == 1
    assert page.evaluate("columns()") == before


def test_a_huge_file(telling: Opened, tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as stream:
        stream.truncate(50_000_000)
    expect(drop(telling(), file)).to_contain_text(
        "huge.json was not added: the file has 50 MB, and the limit is 40 MB."
    )


def test_hostile_texts_are_inert(telling: Opened, tmp_path: Path) -> None:
    page = telling(hostile())
    mine = hostile()
    mine.targets = mine.targets[:1]
    mine.cells = [cell for cell in mine.cells if cell.target == mine.targets[0].id][:1]
    mine.targets[0].id = mine.cells[0].target = f"other{HOSTILE}"
    answer = drop(page, yours(mine, tmp_path))
    expect(answer).to_contain_text(f"1 target added: {HOSTILE} (yours).")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


def test_dropping_with_the_mouse(telling: Opened, tmp_path: Path) -> None:
    page = telling()
    text = yours(of_my_own(), tmp_path).read_text()
    transfer = page.evaluate_handle(
        "text => { const it = new DataTransfer(); it.items.add(new File([text], 'mine.json')); return it; }", text
    )
    page.dispatch_event("body", "dragover", {"dataTransfer": transfer})
    assert page.locator("body.is-dropping").count() == 1
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.get_by_role("region", name="Your environment")).to_contain_text("Keras 3.16 of mine")
    assert page.locator("body.is-dropping").count() == 0


def test_choosing_with_the_keyboard(telling: Opened, tmp_path: Path) -> None:
    page = telling()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add results.json").focus()
        page.keyboard.press("Enter")
    chooser.value.set_files(str(yours(of_my_own(), tmp_path)))
    expect(page.get_by_role("region", name="Your environment")).to_contain_text("Keras 3.16 of mine")


def test_accessible(telling: Opened, tmp_path: Path) -> None:
    page = telling(fragment="#view=about")
    bad = tmp_path / "bad.json"
    bad.write_text("no")
    expect(drop(page, yours(of_my_own(), tmp_path), bad).locator("p")).to_have_count(3)
    assert violations(page) == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
