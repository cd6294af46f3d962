"""The page in a real browser, from a file, without a server."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from conformance.report import page as report
from conformance.results import Results
from conformance.worker import values
from tests.browser import launch
from tests.page_samples import HOSTILE, Made, hostile, sample


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(5000)
    yield context
    context.close()


Opened = Callable[..., Page]


@pytest.fixture
def opened(context: BrowserContext, tmp_path: Path) -> Iterator[Opened]:
    """Function: the page of these results, from a file. Nothing may be loaded or complained of, whatever is done."""
    complaints: list[str] = []

    def open_page(shown: Results | None = None, fragment: str = "") -> Page:
        file = tmp_path / "index.html"
        file.write_text(report.render(shown or sample()), encoding="utf-8")
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto(file.as_uri() + fragment)
        return page

    yield open_page
    assert complaints == []


def cell_at(page: Page, case: str, column: str) -> Locator:
    row = page.locator("tr.case").filter(has=page.get_by_text(case, exact=True))
    return row.locator(f"td[aria-label^='{column}:']")


def panel_of(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Details")


def marks(cell: Locator) -> list[str]:
    return [name.split()[1] for name in cell.locator(".mark").evaluate_all("all => all.map((mark) => mark.className)")]


def test_head(opened: Opened) -> None:
    page = opened()
    header = page.locator("header")
    expect(header).to_contain_text("22 November 2026, 09:50 UTC")
    expect(header).to_contain_text(re.compile(r"5\s+behaviours\s+\u00d7\s+4\s+columns"))
    chips = page.get_by_role("group", name="Verdicts")
    counted = dict(chip.split("\n") for chip in chips.get_by_role("button").all_inner_texts())
    assert counted["Not run"] == "20"
    assert sum(map(int, counted.values())) == len(sample().cells)


def test_marks(opened: Opened) -> None:
    page = opened()
    assert marks(cell_at(page, "masking.plain", "tf.keras 2.15")) == ["conforms"]
    assert marks(cell_at(page, "masking.lost", "Keras 3.3")) == ["deviates"]
    assert marks(cell_at(page, "merge.free", "Keras 2.3")) == ["observed"]
    assert marks(cell_at(page, "masking.plain", "Keras 3.8")) == ["not-run"]
    dying = cell_at(page, "merge.dies", "tf.keras 2.15")
    assert marks(dying) == ["crashes", "times-out", "raises"]
    assert dying.get_attribute("aria-label") == (
        "tf.keras 2.15: crashes in eager; times out in graph; raises in session; unsupported in jit;"
        " unlike the column before"
    )


def test_modes_that_disagree_are_shown_separately(opened: Opened) -> None:
    cell = cell_at(opened(), "lstm.numbers", "Keras 3.3")
    assert marks(cell) == ["conforms", "conforms", "conforms", "deviates"]
    assert cell.locator("i").all_inner_texts() == ["e", "g", "s", "j"]


def test_unspecified_case_that_raises_is_neutral(opened: Opened) -> None:
    page = opened()
    cell = cell_at(page, "merge.free", "tf.keras 2.15")
    expect(cell.locator(".mark.raises.neutral")).to_be_visible()
    expect(cell).not_to_have_class(re.compile("broken"))
    expect(cell_at(page, "merge.dies", "Keras 2.3")).to_have_class(re.compile("broken"))


def test_steps(opened: Opened) -> None:
    page = opened()
    steps = {
        case: [
            "step" in (cell_at(page, case, column).get_attribute("class") or "")
            for column in ("Keras 2.3", "tf.keras 2.15", "Keras 3.3", "Keras 3.8")
        ]
        for case in ("masking.plain", "masking.lost", "merge.free")
    }
    assert steps == {
        "masking.plain": [False, False, False, False],
        "masking.lost": [False, False, True, False],
        "merge.free": [False, True, True, False],
    }


def test_generations_and_areas(opened: Opened) -> None:
    page = opened()
    assert page.locator(".generations th").all_inner_texts() == ["Keras 2", "tf.keras", "Keras 3"]
    assert page.locator("th.area b").all_inner_texts() == ["Masking", "LSTM", "Merge"]
    page.get_by_role("rowheader", name="LSTM 1").click()
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_hidden()
    page.reload()
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_hidden()
    page.get_by_role("rowheader", name="LSTM 1").click()
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_visible()


def test_click_opens_the_evidence(opened: Opened) -> None:
    page = opened()
    cell_at(page, "masking.lost", "Keras 3.3").click()
    panel = panel_of(page)
    expect(panel.get_by_role("heading", level=2)).to_have_text("Title of masking.lost")
    expect(panel.locator(".verdict")).to_contain_text("Deviates")
    expect(panel).to_contain_text("1 of 10 elements differ")
    drawn = [mask.get_attribute("aria-label") for mask in panel.get_by_role("img", name="kept").all()]
    assert drawn == [
        "mask, observed: 1 kept, 0 masked, ! wrong: 1 1 1 1! 0; 1 0 1 1 0",
        "mask, expected: 1 kept, 0 masked, ! wrong: 1 1 1 0 0; 1 0 1 1 0",
    ]
    squares = panel.locator(".side").first.locator("rect.kept, rect.masked, rect.frame")
    kinds = [kind or "" for kind in squares.evaluate_all("all => all.map((square) => square.getAttribute('class'))")]
    assert [kinds.count(kind) for kind in ("kept", "masked", "frame")] == [7, 3, 1]
    expect(panel.get_by_role("link")).to_have_attribute("href", "https://github.com/keras-team/keras/issues/18416")
    expect(panel).to_contain_text("not an issue")
    expect(panel).to_contain_text("nox -s conformance -- --case masking.lost --target keras-3.3 --mode eager")


def test_numbers_are_marked_where_they_are_wrong(opened: Opened) -> None:
    page = opened()
    cell_at(page, "lstm.numbers", "Keras 3.3").click()
    panel = panel_of(page)
    expect(panel.get_by_role("button", name="jit, deviates")).to_have_attribute("aria-pressed", "true")
    observed, expected = panel.locator("table.numbers").all()
    assert observed.locator("td.wrong").all_inner_texts() == ["≠\nnan"]
    assert expected.locator("tbody td").all_inner_texts() == ["0.500", "-0.250", "0.000", "2.000"]
    panel.get_by_role("button", name="eager, conforms").click()
    expect(panel.locator("td.wrong")).to_have_count(0)
    expect(panel).to_contain_text("as expected")
    expect(panel.get_by_role("button", name="eager, conforms")).to_be_focused()


def test_exceptions_warnings_and_reasons(opened: Opened) -> None:
    panel = panel_of(opened(fragment="#case=merge.dies&target=tf-2.15&mode=session"))
    for text in ("ValueError", "phase call", "no such axis", "a.py:3 in f", "UserWarning", "the mask is dropped"):
        expect(panel).to_contain_text(text)
    panel.get_by_role("button", name="eager, crashes").click()
    expect(panel).to_contain_text("because crashed")
    panel.get_by_role("button", name="jit, unsupported").click()
    expect(panel).to_contain_text("because unsupported")


def test_history_strip(opened: Opened) -> None:
    page = opened(fragment="#case=masking.lost&target=tf-2.15&mode=jit")
    groups = panel_of(page).locator(".group")
    assert [group.get_attribute("aria-label") for group in groups.all()] == [
        "behaviour A",
        "behaviour B",
        "nothing measured",
    ]
    assert groups.nth(0).get_by_role("button").count() == 2
    groups.nth(1).get_by_role("button").click()
    expect(page).to_have_url(re.compile("target=keras-3.3&mode=jit"))


def test_column(opened: Opened) -> None:
    page = opened()
    page.get_by_role("columnheader", name="Keras 2.3").click()
    panel = panel_of(page)
    for text in ("Keras 2.3", "no eager here", "numpy==2.0.0", "10 unsupported", "20 cells, 5.0 s"):
        expect(panel).to_contain_text(text)
    panel.get_by_role("button", name="Title of merge.dies").click()
    expect(panel).to_contain_text("cannot")


def test_column_that_did_not_run(opened: Opened) -> None:
    page = opened()
    alarm = page.get_by_role("region", name="What is wrong with this run")
    expect(alarm).to_contain_text("1 of 4 columns did not run")
    expect(alarm).to_contain_text("no wheel for this machine")
    page.get_by_role("columnheader", name="Keras 3.8, not run").click()
    expect(panel_of(page)).to_contain_text("This column did not run")
    expect(panel_of(page)).to_contain_text("Unknown.")


def test_problems_are_loud_and_a_good_run_is_not(opened: Opened) -> None:
    shown = sample()
    shown.problems = ["masking.plain was recorded twice"]
    expect(opened(shown).locator(".alarm")).to_contain_text("masking.plain was recorded twice")
    good = sample()
    good.targets[-1].reason = None
    expect(opened(good).locator(".alarm")).to_have_count(0)


def test_permalink_and_back(opened: Opened) -> None:
    page = opened()
    page.get_by_role("searchbox").fill("lost")
    cell_at(page, "masking.lost", "Keras 3.3").click()
    panel_of(page).get_by_role("button", name="jit, deviates").click()
    address = page.url
    assert "case=masking.lost&target=keras-3.3&mode=jit&q=lost" in address
    page.reload()
    assert page.url == address
    expect(panel_of(page).locator(".crumbs")).to_have_text("Masking · Keras 3.3 · jit")
    expect(page.locator("tr.case:visible")).to_have_count(1)
    expect(cell_at(page, "masking.lost", "Keras 3.3")).to_have_class(re.compile("is-selected"))
    page.go_back()
    expect(panel_of(page).locator(".crumbs")).to_have_text("Masking · Keras 3.3 · eager")
    page.go_back()
    expect(panel_of(page)).to_be_hidden()
    expect(page.get_by_role("searchbox")).to_have_value("lost")


def test_permalink_to_what_is_not_there(opened: Opened) -> None:
    expect(panel_of(opened(fragment="#case=gone&target=tf-2.15"))).to_contain_text("These results have no case gone.")
    expect(panel_of(opened(fragment="#target=gone"))).to_contain_text("These results have no column gone.")


def test_filters(opened: Opened) -> None:
    page = opened()
    rows = page.locator("tr.case:visible .id")
    search = page.get_by_role("searchbox")
    for text, found in [
        ("ADD", ["masking.lost"]),
        ("title of lstm", ["lstm.numbers"]),
        ("merge free", ["merge.free"]),
        ("nothing has this", []),
    ]:
        search.fill(text)
        expect(rows).to_have_text(found)
    expect(page.get_by_text("No behaviour passes the filters.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(5)
    page.get_by_role("button", name="Deviates").click()
    expect(rows).to_have_text(["masking.lost", "lstm.numbers"])
    page.get_by_role("button", name="Crashes").click()
    expect(rows).to_have_text(["masking.lost", "lstm.numbers", "merge.dies"])
    expect(page.get_by_role("status")).to_have_text("3 of 5 behaviours")
    page.reload()
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Changes between columns").click()
    expect(rows).to_have_text(["masking.lost", "lstm.numbers", "merge.free", "merge.dies"])


def test_keyboard(opened: Opened) -> None:
    page = opened()
    assert page.locator("[data-nav][tabindex='0']").count() == 1
    page.locator("[data-nav][tabindex='0']").focus()
    page.keyboard.press("ArrowDown")  # from the head of an area to its first case
    page.keyboard.press("End")
    expect(cell_at(page, "masking.plain", "Keras 3.8")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # over the head of the next area
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    heading = panel_of(page).get_by_role("heading", level=2)
    expect(heading).to_have_text("Title of masking.lost")
    expect(heading).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel_of(page)).to_be_hidden()
    expect(cell_at(page, "masking.lost", "Keras 3.3")).to_be_focused()
    page.keyboard.press("PageUp")
    expect(page.get_by_role("columnheader", name="Keras 3.3")).to_be_focused()
    page.keyboard.press("Space")
    expect(heading).to_have_text("Keras 3.3")
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Keras 3.3")).to_be_focused()
    assert page.locator("[data-nav][tabindex='0']").count() == 1


def test_hostile_texts_are_inert(opened: Opened) -> None:
    page = opened(hostile())
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2  # the data and the module
    page.locator("td.cell").first.click()
    panel = panel_of(page)
    expect(panel.get_by_role("heading", level=2)).to_have_text(HOSTILE)
    expect(panel.locator("a")).to_have_count(0)
    page.reload()
    expect(panel.locator(".contract")).to_have_text(HOSTILE)
    page.locator("th[data-target]").first.click()
    expect(panel.get_by_role("heading", level=2)).to_have_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_values_of_every_form(opened: Opened) -> None:
    made = Made()
    made.target("a", "Keras 3.1")
    made.case("values.forms", basis="unspecified")
    forms = {
        "none": (None, "None"),
        "bool": (True, "True"),
        "text": ("a\nb", r'"a\nb"'),
        "large": (np.zeros((100, 100), np.float32), "too large to be kept"),
        "empty": (np.zeros((0, 3)), "empty float64 (0, 3)"),
        "scalar": (np.float32(1.5), "1.500"),
        "stack": (np.ones((2, 2, 3), bool), "[1, :, :]"),
        "extreme": (np.array([np.inf, -np.inf, np.nan, -0.0, 1e-30], np.float32), "1.000e-30"),
        "list": ([np.array([1, 2]), [None]], "None"),
        "raised": (values.Raised("TypeError", phase="call", message="bad"), "TypeError in call"),
        "object": ({"a": 1}, "{'a': 1}"),
        "rows": (np.zeros((200, 2), bool), "the first 60 of 200 rows"),
    }
    made.cell("values.forms", "a", "eager", {name: observed for name, (observed, _) in forms.items()})
    page = opened(made.judged(), "#case=values.forms&target=a&mode=eager")
    for name, (_, shown) in forms.items():
        fact = page.locator(".fact").filter(has=page.locator("h4").get_by_text(name, exact=False)).first
        expect(fact).to_contain_text(shown)


def test_no_cases_and_no_cells(opened: Opened) -> None:
    made = Made()
    expect(opened(made.judged()).get_by_text("These results have no behaviours.")).to_be_visible()
    made.target("a", "Keras 3.1")
    made.case("one.case")
    page = opened(made.judged())
    cell_at(page, "one.case", "Keras 3.1").click()
    expect(panel_of(page)).to_contain_text("No cell was planned here.")


@pytest.mark.parametrize("width", [400, 820])
def test_narrow(opened: Opened, context: BrowserContext, width: int) -> None:
    page = opened()
    page.set_viewport_size({"width": width, "height": 800})
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    cell_at(page, "masking.lost", "Keras 3.3").click()
    expect(panel_of(page).get_by_role("heading", level=2)).to_be_in_viewport()
    assert page.evaluate(fits)
    below = page.evaluate("panel => panel.getBoundingClientRect().width", panel_of(page).element_handle())
    assert below == width


CONTRAST = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = channels(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const texts = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    if (!texts.length || !element.checkVisibility() || ["SCRIPT", "text"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(channels(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${element.className || element.tagName} ${texts[0].data} ${ratio.toFixed(2)}`);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_both_themes(opened: Opened, scheme: Any) -> None:
    page = opened(fragment="#case=lstm.numbers&target=keras-3.3&mode=jit")
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_theme_is_remembered(opened: Opened) -> None:
    page = opened()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(background)
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    dark = page.evaluate(background)
    assert dark != before
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(background) == dark


def test_prints_everything(opened: Opened) -> None:
    page = opened(fragment="#case=masking.lost&target=keras-3.3")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("searchbox")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    for part in ("#matrix", "#panel"):
        assert page.locator(part).evaluate("part => getComputedStyle(part).overflowY") == "visible"
