"""The page of results as large as the whole history: how long it takes, and that it can be used."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from conformance import expectations
from conformance.report import page as report
from tests.page_browser import cell_at
from tests.page_samples import full_size

INTERACTIVE = 1000  # ms, on a machine that does nothing else
FILTER = 50
SIZE = 3_000_000  # bytes
# Tests run beside other things, and what takes twice as long there is no mistake of the page.
SLACK = 4

TYPE = """([selector, text]) => {
  const input = [...document.querySelectorAll(selector)].find((box) => box.checkVisibility());
  input.value = text;
  const start = performance.now();
  input.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.offsetHeight; // laid out
  return performance.now() - start;
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("full") / "index.html"
    file.write_text(report.render(full_size(), expectations.load()), encoding="utf-8")
    return file


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


def opened_at(context: BrowserContext, file: Path, fragment: str) -> Page:
    page = context.new_page()
    page.goto(file.as_uri() + fragment)
    page.wait_for_function("performance.getEntriesByName('interactive').length > 0")
    return page


def type_in(page: Page, text: str) -> float:
    took: float = page.evaluate(TYPE, ["input[type=search]", text])
    return took


def test_it_is_small(file: Path) -> None:
    assert file.stat().st_size < SIZE


@pytest.mark.parametrize("view", ["upgrade", "matrix"])
def test_it_is_soon_interactive(context: BrowserContext, file: Path, view: str) -> None:
    page = opened_at(context, file, f"#view={view}")
    took = page.evaluate("performance.getEntriesByName('interactive')[0].startTime")
    assert took < SLACK * INTERACTIVE


@pytest.mark.parametrize("view", ["upgrade", "matrix"])
def test_filters_are_fast(context: BrowserContext, file: Path, view: str) -> None:
    page = opened_at(context, file, f"#view={view}")
    words = ["l", "ls", "lst", "lstm", "status:deviates", "is:different", "tag:merge", "is:broken target:keras-3", ""]
    assert median(type_in(page, word) for word in words) < SLACK * FILTER


def test_fifty_columns_fit_and_areas_open(context: BrowserContext, file: Path) -> None:
    page = opened_at(context, file, "#view=matrix")
    expect(page.locator("tr.case")).to_have_count(0)  # closed, and not even made
    page.get_by_role("rowheader", name="LSTM 11", exact=True).click()
    expect(page.locator("tr.case:visible")).to_have_count(11)
    expect(page).to_have_url(f"{file.as_uri()}#view=matrix&open=LSTM")
    page.reload()
    expect(page.locator("tr.case:visible")).to_have_count(11)
    assert page.locator("tr.case").first.locator("td.cell").count() == 50
    last = page.locator("tr.case").first.locator("td.cell").last
    assert last.evaluate("cell => cell.getBoundingClientRect().right <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_query_opens_what_it_finds(context: BrowserContext, file: Path) -> None:
    page = opened_at(context, file, "#view=matrix&q=attention")
    found = page.get_by_role("status").filter(has_text="of 605").inner_text().split()[0]
    expect(page.locator("tr.case:visible")).to_have_count(int(found))
    area = page.locator("tr.area:visible").first
    area.get_by_role("rowheader").click()
    expect(area.get_by_role("rowheader")).to_have_attribute("aria-expanded", "false")
    type_in(page, "")
    expect(page.locator("tr.case:visible")).to_have_count(0)
    type_in(page, "the")  # far more than can be taken in
    expect(page.locator("tr.case:visible")).to_have_count(0)


def test_to_the_next_difference(context: BrowserContext, file: Path) -> None:
    page = opened_at(context, file, "#view=matrix")
    page.keyboard.press("]")
    row = page.locator("tr.case:focus-within")
    expect(row.locator("td.step").first).to_be_visible()
    first = row.locator(".id").text_content()
    page.keyboard.press("n")
    assert row.locator(".id").text_content() != first
    page.keyboard.press("[")
    expect(row.locator(".id")).to_have_text(first or "")


def test_a_case_is_found_in_a_closed_area(context: BrowserContext, file: Path) -> None:
    page = opened_at(context, file, "#view=matrix&case=lstm.gap&open=LSTM")
    expect(cell_at(page, "lstm.gap", "Keras 3.15.49")).to_be_visible()
