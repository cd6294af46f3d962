"""The query language, by what the matrix shows of the sample."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.page_browser import Opened, cell_at

ALL = ["masking.plain", "masking.lost", "lstm.numbers", "merge.free", "merge.dies"]

FOUND: dict[str, list[str]] = {
    "": ALL,
    "lost": ["masking.lost"],
    "LOST title": ["masking.lost"],
    '"title of lstm"': ["lstm.numbers"],
    '"of lstm title"': [],
    "promised": ALL,  # the contract
    "masking -lost": ["masking.plain"],
    "lstm,lost": ["masking.lost", "lstm.numbers"],
    '"lstm,lost"': [],
    "tag:add": ["masking.lost"],
    "tag:Add,Masking": ["masking.plain", "masking.lost"],
    "tag:merge": ["masking.lost", "merge.free", "merge.dies"],  # a feature: the tag Add, the area Merge
    "area:lstm": ["lstm.numbers"],
    "area:lstm,merge -area:merge": ["lstm.numbers"],
    "severity:raises": ["lstm.numbers"],
    "basis:unspecified": ["merge.free"],
    "-basis:unspecified area:merge": ["merge.dies"],
    "status:deviates": ["masking.lost", "lstm.numbers"],
    "status:deviates,crashes": ["masking.lost", "lstm.numbers", "merge.dies"],
    "status:dev": ["masking.lost", "lstm.numbers"],  # the beginning will do
    "status:deviates mode:eager": ["masking.lost"],  # of one and the same cell
    "status:deviates mode:jit": ["masking.lost", "lstm.numbers"],
    "status:deviates target:tf-2.15": [],
    "status:deviates -mode:jit": [],  # no deviating cell is one in jit
    "-status:deviates": ["masking.plain", "merge.free", "merge.dies"],
    "target:keras-3.3 -status:conforms": ["masking.lost", "merge.free"],  # nothing conforms there
    "is:broken": ["masking.lost", "lstm.numbers", "merge.dies"],
    "is:broken target:keras-3.3": ["masking.lost", "lstm.numbers"],
    "is:unexplained": ["masking.lost", "lstm.numbers", "merge.dies"],
    "is:different": ["masking.lost", "lstm.numbers", "merge.free", "merge.dies"],
    "is:different target:tf-2.15": ["merge.free", "merge.dies"],
    "is:different mode:eager": ["masking.lost", "merge.free", "merge.dies"],
    "kind:bug": [],
    "https://keras.io": [],
}

TOLD: dict[str, str] = {
    "status:fine": "Unknown filter status:fine. Try status:conforms, status:observed, status:deviates",
    "stat:fine": "Unknown field stat:. Try status, target, mode, kind, is, tag, area, severity, basis",
    "status:": "status: needs a value (a verdict). Try status:conforms, status:observed",
    "target:keras-3": "target:keras-3 matches keras-3.3, keras-3.8.",
    "is:disagree": "Unknown filter is:disagree. Try is:different, is:broken, is:unexplained.",
    "tag:lost": "Unknown filter tag:lost. Try tag:",
}


@pytest.fixture
def matrix(opened: Opened) -> Page:
    return opened(fragment="#view=matrix")


def test_what_is_found(matrix: Page) -> None:
    rows = matrix.locator("tr.case:visible .id")
    for query, found in FOUND.items():
        matrix.get_by_role("searchbox").fill(query)
        expect(rows, query).to_have_text(found)


def test_what_is_not_understood_is_said_and_left_out(matrix: Page) -> None:
    notes = matrix.locator(".query-notes li:visible")
    for query, told in TOLD.items():
        matrix.get_by_role("searchbox").fill(f"lost {query}")
        expect(notes).to_have_count(1)
        expect(notes).to_contain_text(told)
        expect(matrix.locator("tr.case:visible .id")).to_have_text(["masking.lost"])
    matrix.get_by_role("searchbox").fill("lost")
    expect(notes).to_have_count(0)


def test_examples_can_be_clicked(matrix: Page) -> None:
    matrix.get_by_text("How to search").click()
    matrix.get_by_role("button", name="is:unexplained").click()
    expect(matrix.get_by_role("searchbox")).to_have_value("is:unexplained")
    expect(matrix.locator("tr.case:visible .id")).to_have_text(FOUND["is:unexplained"])


def test_hidden_columns_are_not_searched(matrix: Page) -> None:
    matrix.get_by_role("group", name="Generations to show").get_by_role("button", name="Keras 3").click()
    expect(matrix.get_by_role("columnheader", name="Keras 3.3")).to_have_count(0)
    matrix.get_by_role("searchbox").fill("is:broken")
    expect(matrix.locator("tr.case:visible .id")).to_have_text(["merge.dies"])
    assert cell_at(matrix, "merge.dies", "tf.keras 2.15").count() == 1
    matrix.reload()
    expect(matrix.get_by_role("columnheader", name="Keras 3.3")).to_have_count(0)
    matrix.get_by_role("button", name="Clear filters").click()
    expect(matrix.get_by_role("columnheader", name="Keras 3.3")).to_have_count(1)
    expect(matrix.get_by_role("searchbox")).to_be_focused()


def test_nothing_is_left_of_the_columns(matrix: Page) -> None:
    for generation in ("Keras 2", "tf.keras", "Keras 3"):
        matrix.get_by_role("group", name="Generations to show").get_by_role("button", name=generation).click()
    expect(matrix.get_by_text("All generations are hidden.")).to_be_visible()
