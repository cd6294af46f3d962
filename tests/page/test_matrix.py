"""The matrix view."""

import re

from playwright.sync_api import expect

from tests.support.page_browser import Opened, cell_at, marks, panel_of


def test_marks(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    assert marks(cell_at(page, "masking.plain", "tf.keras 2.15")) == ["conforms"]
    assert marks(cell_at(page, "masking.lost", "Keras 3.3")) == ["deviates"]
    assert marks(cell_at(page, "merge.free", "Keras 2.3")) == ["observed"]
    assert marks(cell_at(page, "masking.plain", "Keras 3.8")) == ["not-run"]
    dying = cell_at(page, "merge.dies", "tf.keras 2.15")
    assert marks(dying) == ["crashes", "times-out", "raises"]
    assert dying.get_attribute("aria-label") == (
        "tf.keras 2.15: crashes in eager; times out in graph; raises in session; unsupported in jit;"
        " changed from the previous column"
    )


def test_modes_that_disagree_are_shown_separately(opened: Opened) -> None:
    cell = cell_at(opened(fragment="#view=matrix"), "lstm.numbers", "Keras 3.3")
    assert marks(cell) == ["conforms", "conforms", "conforms", "deviates"]
    assert cell.locator("i").all_inner_texts() == ["e", "g", "s", "j"]


def test_unspecified_case_that_raises_is_neutral(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    cell = cell_at(page, "merge.free", "tf.keras 2.15")
    expect(cell.locator(".mark.raises.neutral")).to_be_visible()
    expect(cell).not_to_have_class(re.compile("broken"))
    expect(cell_at(page, "merge.dies", "Keras 2.3")).to_have_class(re.compile("broken"))


def test_changes(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    changes = {
        case: [
            "change" in (cell_at(page, case, column).get_attribute("class") or "")
            for column in ("Keras 2.3", "tf.keras 2.15", "Keras 3.3", "Keras 3.8")
        ]
        for case in ("masking.plain", "masking.lost", "merge.free")
    }
    assert changes == {
        "masking.plain": [False, False, False, False],
        "masking.lost": [False, False, True, False],
        "merge.free": [False, True, True, False],
    }


def test_generations_and_areas(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    assert page.locator(".generations th").all_inner_texts() == ["Keras 2", "tf.keras", "Keras 3"]
    assert page.locator("th.area b").all_inner_texts() == ["Masking", "LSTM", "Merge"]
    page.get_by_role("rowheader", name="LSTM 1").click()
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_hidden()
    page.reload()
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_hidden()
    page.get_by_role("rowheader", name="LSTM 1").click()
    expect(cell_at(page, "lstm.numbers", "Keras 3.3")).to_be_visible()


def test_filters(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
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
    expect(page.get_by_text("No behaviour matches the filters.")).to_be_visible()
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
    page.get_by_role("button", name="Changes only").click()
    expect(rows).to_have_text(["masking.lost", "lstm.numbers", "merge.free", "merge.dies"])


def test_keyboard(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
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
