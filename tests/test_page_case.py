"""The panel of a case on a column."""

import re

import numpy as np
from playwright.sync_api import expect

from conformance.worker import values
from tests.page_browser import Opened, cell_at, panel_of
from tests.page_samples import Made


def test_click_opens_the_evidence(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
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
    page = opened(fragment="#view=matrix")
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
    panel = panel_of(opened(fragment="#view=matrix&case=merge.dies&target=tf-2.15&mode=session"))
    for text in ("ValueError", "phase call", "no such axis", "a.py:3 in f", "UserWarning", "the mask is dropped"):
        expect(panel).to_contain_text(text)
    panel.get_by_role("button", name="eager, crashes").click()
    expect(panel).to_contain_text("because crashed")
    panel.get_by_role("button", name="jit, unsupported").click()
    expect(panel).to_contain_text("because unsupported")


def test_history_strip(opened: Opened) -> None:
    page = opened(fragment="#view=matrix&case=masking.lost&target=tf-2.15&mode=jit")
    groups = panel_of(page).locator(".group")
    assert [group.get_attribute("aria-label") for group in groups.all()] == [
        "behaviour A",
        "behaviour B",
        "nothing measured",
    ]
    assert groups.nth(0).get_by_role("button").count() == 2
    groups.nth(1).get_by_role("button").click()
    expect(page).to_have_url(re.compile("target=keras-3.3&mode=jit"))


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
