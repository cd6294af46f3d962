"""The layers view: what each layer does with a mask, from what its case recorded."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from conformance.results import Results
from tests.support.page_browser import Opened, panel_of, violations
from tests.support.page_samples import HOSTILE, Made

COLUMNS = {
    "tf-2.15": ("tf.keras 2.15", "tf.keras"),
    "keras-3.3": ("Keras 3.3", "keras"),
    "keras-3.8": ("Keras 3.8", "keras"),
}
# By layer: what it does on each column, symbolically if it says something else there.
LAYERS: dict[str, list[str]] = {
    "Add": ["merges by and", "stops silently", "merges by or"],
    "Attention": ["consumes and passes on", "gives a mask | refuses: InvalidArgumentError", "consumes and passes on"],
    "Conv1D": ["stops silently", "stops with a warning", "stops with a warning"],
    "Embedding": ["produces", "produces", "produces"],
    "GlobalAveragePooling1D": ["stops silently | consumes", "stops silently | consumes", "stops silently | consumes"],
    "Maximum": ["consumes and merges by and", "changes", "consumes and merges by or"],
    "Odd": ["raises without a mask as well: ImportError", "something new", "?"],
    "RMSNormalization": ["-", "-", "passes on"],
}


def table(layers: dict[str, list[str]] = LAYERS) -> Results:
    made = Made()
    for id, (title, front_end) in COLUMNS.items():
        made.target(id, title, front_end)
    for name, words in layers.items():
        case = f"layer-table.incoming-mask[{name}]"
        made.case(
            case, area="Layer table", file="test_layer_table.py", basis="unspecified", modes=["eager | session | graph"]
        )
        for target, word in zip(COLUMNS, words, strict=True):
            if word == "-":
                made.cell(case, target, "eager", status="unsupported", reason=f"there is no keras.layers.{name}")
            elif word == "?":
                made.not_run(case, target, "no wheel")
            else:
                made.cell(case, target, "eager", facts(word))
    return made.judged()


def facts(word: str) -> dict[str, Any]:
    symbolic, _, running = word.rpartition(" | ")
    said = {"produces": "produces", "stops silently": word, "stops with a warning": word}.get(word, "gives a mask")
    if word.startswith(("refuses", "raises")):
        said = word
    return {"symbolic": symbolic or said, "at run time": running}


def cell(page: Page, layer: str, column: str) -> Locator:
    row = page.locator("tr.case").filter(has=page.get_by_text(layer, exact=True))
    return row.locator(f"td[aria-label^='{column}:']")


def letters(cell: Locator) -> list[str]:
    return cell.locator("svg text").all_text_contents()


def test_what_each_layer_does(opened: Opened) -> None:
    page = opened(table(), "#view=layers")
    expect(page.get_by_role("grid", name="Layers by target")).to_be_visible()
    seen = {name: [letters(cell(page, name, title)) for title, _ in COLUMNS.values()] for name in LAYERS}
    assert seen == {
        "Add": [["A"], ["S"], ["O"]],
        "Attention": [["CP"], ["G", "R"], ["CP"]],
        "Conv1D": [["S"], ["W"], ["W"]],
        "Embedding": [["M"], ["M"], ["M"]],
        "GlobalAveragePooling1D": [["C"], ["C"], ["C"]],
        "Maximum": [["CA"], ["X"], ["CO"]],
        "Odd": [["F"], ["G", "?"], ["?"]],
        "RMSNormalization": [["\u2013"], ["\u2013"], ["P"]],
    }


def test_it_is_said_to_those_who_hear_it(opened: Opened) -> None:
    page = opened(table(), "#view=layers")
    assert cell(page, "Attention", "Keras 3.3").get_attribute("aria-label") == (
        "Keras 3.3: raises; symbolically unknown until run; changed from the previous column"
    )
    absent = cell(page, "RMSNormalization", "Keras 3.3")
    assert absent.get_attribute("aria-label") == "Keras 3.3: unsupported"
    assert absent.get_attribute("title") == "Keras 3.3: unsupported: there is no keras.layers.RMSNormalization"
    stepped = {name for name in LAYERS if page.locator("tr.case").filter(has_text=name).locator(".change").count()}
    assert stepped == {"Add", "Attention", "Conv1D", "Maximum"}


def test_the_legend_is_a_filter(opened: Opened) -> None:
    page = opened(table(), "#view=layers")
    rows = page.locator("tr.case:visible .title")
    status = page.locator(".view-layers").get_by_role("status")
    expect(status).to_have_text("8 layers")
    legend = page.get_by_role("group", name="What a layer does")
    legend.get_by_role("button", name="Raises 1").click()
    expect(rows).to_have_text(["Attention"])
    legend.get_by_role("button", name="Makes a mask 3").click()
    expect(rows).to_have_text(["Attention", "Embedding"])
    expect(status).to_have_text("2 of 8 layers")
    page.reload()
    expect(rows).to_have_text(["Attention", "Embedding"])
    legend.get_by_role("button", name="Changes only").click()
    expect(rows).to_have_text(["Attention"])
    for name in ("Raises", "Makes a mask", "Changes only"):
        legend.get_by_role("button", name=name).click()
    legend.get_by_role("button", name="Symbolic and eager results disagree").click()
    expect(rows).to_have_text(["Attention", "Odd"])
    legend.get_by_role("button", name="Changes only").click()
    legend.get_by_role("button", name="Symbolic and eager results disagree").click()
    legend.get_by_role("button", name="Unsupported 2").click()
    expect(page.get_by_text("No layer matches the filters.")).to_be_visible()


def test_a_click_opens_the_case(opened: Opened) -> None:
    page = opened(table(), "#view=layers")
    cell(page, "Add", "Keras 3.3").click()
    expect(panel_of(page).locator(".crumbs")).to_have_text("Layer table · Keras 3.3 · eager")
    expect(page).to_have_url(re.compile("view=layers"))
    expect(cell(page, "Add", "Keras 3.3")).to_have_class(re.compile("is-selected"))
    page.get_by_role("columnheader", name="tf.keras 2.15").click()
    expect(panel_of(page).get_by_role("heading", level=2)).to_have_text("tf.keras 2.15")
    page.locator("th.name").first.click()
    expect(panel_of(page).locator(".crumbs")).to_contain_text("Layer table · Keras 3.8")


def test_keyboard(opened: Opened) -> None:
    page = opened(table(), "#view=layers")
    grid = page.get_by_role("grid", name="Layers by target")
    assert grid.locator("[data-nav][tabindex='0']").count() == 1
    grid.locator("[data-nav][tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    expect(cell(page, "Attention", "Keras 3.8")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel_of(page).get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell(page, "Attention", "Keras 3.8")).to_be_focused()


def test_hidden_generations(opened: Opened) -> None:
    page = opened(table(), "#view=layers&hidden=tf.keras")
    expect(page.locator(".view-layers .columns th")).to_have_count(3)


@pytest.mark.parametrize("width", [400, 1280])
def test_accessible(opened: Opened, width: int) -> None:
    page = opened(table(), "#view=layers")
    page.set_viewport_size({"width": width, "height": 800})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_layers(opened: Opened) -> None:
    page = opened(
        table({HOSTILE: [HOSTILE, "constructor", "consumes and __proto__"], "": ["P", "", " "]}), "#view=layers"
    )
    expect(page.locator(".view-layers .title").first).to_have_text(HOSTILE)
    assert page.locator("img").count() == 0
