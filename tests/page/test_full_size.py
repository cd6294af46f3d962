"""The page of the whole history: how large it is, how long it takes, and that it can be used."""

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from conformance import results
from conformance.judging import expectations
from conformance.report import page as report
from tests.support.page_browser import cell_at
from tests.support.paths import PUBLISHED

INTERACTIVE = 1000  # ms of the processor, so that it does not matter what else the machine does
FILTER = 50
SIZE = 3_000_000  # bytes
SLACK = 3  # machines differ

TYPE = """([selector, text]) => {
  const input = [...document.querySelectorAll(selector)].find((box) => box.checkVisibility());
  input.value = text;
  input.dispatchEvent(new Event("input", {bubbles: true}));
  document.body.offsetHeight; // laid out
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("full") / "index.html"
    file.write_text(report.render(results.read(PUBLISHED), expectations.load()), encoding="utf-8")
    return file


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


class Timed:
    """A page, and the time that its main thread has been at work."""

    def __init__(self, context: BrowserContext, file: Path, fragment: str):
        self.page = context.new_page()
        self._session = context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.goto(file.as_uri() + fragment)
        self.page.wait_for_function("performance.getEntriesByName('interactive').length > 0")
        self.to_interactive = self.at_work("TaskDuration")

    def at_work(self, *kinds: str) -> float:
        """Milliseconds since the page was opened."""
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return sum(1000 * float(metric["value"]) for metric in metrics if metric["name"] in kinds)

    def type_in(self, text: str) -> float:
        """Filter. Returns the milliseconds until it is laid out."""
        kinds = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
        before = self.at_work(*kinds)
        self.page.evaluate(TYPE, ["input[type=search]", text])
        return self.at_work(*kinds) - before


def test_it_is_small(file: Path) -> None:
    assert file.stat().st_size < SIZE


@pytest.mark.parametrize("view", ["upgrade", "matrix"])
def test_it_is_soon_interactive(context: BrowserContext, file: Path, view: str) -> None:
    assert Timed(context, file, f"#view={view}").to_interactive < SLACK * INTERACTIVE


@pytest.mark.parametrize("view", ["upgrade", "matrix"])
def test_filters_are_fast(context: BrowserContext, file: Path, view: str) -> None:
    page = Timed(context, file, f"#view={view}")
    words = ["l", "ls", "lst", "lstm", "status:deviates", "is:different", "tag:merge", "is:broken target:keras-3", ""]
    assert median(page.type_in(word) for word in words) < SLACK * FILTER


def test_fifty_columns_fit_and_areas_open(context: BrowserContext, file: Path) -> None:
    page = Timed(context, file, "#view=matrix").page
    expect(page.locator("tr.case")).to_have_count(0)  # closed, and not even made
    area = page.get_by_role("rowheader", name=re.compile(r"^LSTM \d+$"))
    rows = int(area.inner_text().split()[-1])
    area.click()
    expect(page.locator("tr.case:visible")).to_have_count(rows)
    expect(page).to_have_url(f"{file.as_uri()}#view=matrix&open=LSTM")
    page.reload()
    expect(page.locator("tr.case:visible")).to_have_count(rows)
    assert page.locator("tr.case").first.locator("td.cell").count() == 50
    last = page.locator("tr.case").first.locator("td.cell").last
    assert last.evaluate("cell => cell.getBoundingClientRect().right <= innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_query_opens_what_it_finds(context: BrowserContext, file: Path) -> None:
    timed = Timed(context, file, "#view=matrix&q=attention")
    page = timed.page
    found = page.get_by_role("status").filter(has_text=re.compile(r"^\d+ of \d+ behaviours")).inner_text().split()[0]
    expect(page.locator("tr.case:visible")).to_have_count(int(found))
    area = page.locator("tr.area:visible").first
    area.get_by_role("rowheader").click()
    expect(area.get_by_role("rowheader")).to_have_attribute("aria-expanded", "false")
    timed.type_in("")
    expect(page.locator("tr.case:visible")).to_have_count(0)
    timed.type_in("the")  # far more than can be taken in
    expect(page.locator("tr.case:visible")).to_have_count(0)


def test_to_the_next_difference(context: BrowserContext, file: Path) -> None:
    page = Timed(context, file, "#view=matrix").page
    page.keyboard.press("]")
    row = page.locator("tr.case:focus-within")
    expect(row.locator("td.change").first).to_be_visible()
    first = row.locator(".id").text_content()
    page.keyboard.press("n")
    assert row.locator(".id").text_content() != first
    page.keyboard.press("[")
    expect(row.locator(".id")).to_have_text(first or "")


def test_a_case_is_found_in_a_closed_area(context: BrowserContext, file: Path) -> None:
    page = Timed(context, file, "#view=matrix&case=lstm.gap&open=LSTM").page
    expect(cell_at(page, "lstm.gap", "Keras 3.15 on JAX")).to_be_visible()
