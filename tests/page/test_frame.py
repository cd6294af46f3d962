"""The page as a whole: its frame, addresses, hostile texts, themes, widths, print."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.page_browser import Opened, cell_at, panel_of
from tests.support.page_samples import HOSTILE, Made, hostile, sample


def test_head(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    header = page.locator("header")
    expect(header).to_contain_text("22 November 2026, 09:50 UTC")
    expect(header).to_contain_text(re.compile(r"5\s+behaviours\s+\u00d7\s+4\s+targets"))
    chips = page.get_by_role("group", name="Verdicts")
    counted = dict(chip.split("\n") for chip in chips.get_by_role("button").all_inner_texts())
    assert counted["Not run"] == "20"
    assert sum(map(int, counted.values())) == len(sample().cells)


def test_problems_are_loud_and_a_good_run_is_not(opened: Opened) -> None:
    shown = sample()
    shown.problems = ["masking.plain was recorded twice"]
    expect(opened(shown).locator(".alarm")).to_contain_text("masking.plain was recorded twice")
    good = sample()
    good.targets[-1].reason = None
    expect(opened(good).locator(".alarm")).to_have_count(0)


def test_permalink_and_back(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    page.get_by_role("searchbox").fill("lost")
    cell_at(page, "masking.lost", "Keras 3.3").click()
    panel_of(page).get_by_role("button", name="jit, deviates").click()
    address = page.url
    assert "q=lost&case=masking.lost&target=keras-3.3&mode=jit" in address
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
    expect(panel_of(opened(fragment="#view=matrix&case=gone&target=tf-2.15"))).to_contain_text(
        "These results contain no case gone."
    )
    expect(panel_of(opened(fragment="#view=matrix&target=gone"))).to_contain_text(
        "These results contain no target gone."
    )


def test_hostile_texts_are_inert(opened: Opened) -> None:
    page = opened(hostile(), "#view=matrix")
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


def test_no_cases_and_no_cells(opened: Opened) -> None:
    made = Made()
    expect(opened(made.judged(), "#view=matrix").get_by_text("These results contain no behaviours.")).to_be_visible()
    made.target("a", "Keras 3.1")
    made.case("one.case")
    page = opened(made.judged(), "#view=matrix")
    cell_at(page, "one.case", "Keras 3.1").click()
    expect(panel_of(page)).to_contain_text("Not tested on this target.")


@pytest.mark.parametrize("width", [400, 820])
def test_narrow(opened: Opened, context: BrowserContext, width: int) -> None:
    page = opened(fragment="#view=matrix")
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
    page = opened(fragment="#view=matrix&case=lstm.numbers&target=keras-3.3&mode=jit")
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_theme_is_remembered(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
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
    page = opened(fragment="#view=matrix&case=masking.lost&target=keras-3.3")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("searchbox")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    for part in ("#matrix", "#panel"):
        assert page.locator(part).evaluate("part => getComputedStyle(part).overflowY") == "visible"
