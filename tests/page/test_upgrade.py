"""The upgrade view."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from conformance.results import Results
from tests.support.page_browser import Opened, panel_of
from tests.support.page_samples import HOSTILE, Made, hostile, sample

FROM_TO = "#from=tf-2.15&to=keras-3.3"


def shown(page: Page) -> list[str]:
    return list(dict.fromkeys(page.locator(".change:visible .change-about code").all_inner_texts()))


def alike() -> Results:
    """Two columns that behave the same."""
    made = Made()
    made.target("tf-2.15", "tf.keras 2.15", "tf.keras")
    made.target("keras-3.1", "Keras 3.1", pins=["keras==3.1"])
    made.case("one.case")
    for target in ("tf-2.15", "keras-3.1"):
        made.cells("one.case", target, {"n": (1, 1)})
    return made.judged()


def test_the_first_thing_seen_is_the_step_from_tf_keras_to_keras_3(opened: Opened) -> None:
    page = opened()
    expect(page.get_by_role("combobox", name="From")).to_have_value("tf-2.15")
    expect(page.get_by_role("combobox", name="To")).to_have_value("keras-3.3")  # 3.8 did not run
    groups = page.get_by_role("combobox", name="From").locator("optgroup")
    assert groups.evaluate_all("all => all.map(group => group.label)") == ["Keras 2", "tf.keras", "Keras 3"]
    headline = page.get_by_role("heading", level=2)
    expect(headline).to_have_text("4 behaviours change from tf.keras 2.15 to Keras 3.3: 2 silently.")
    assert page.locator(".notes li").all_inner_texts() == ["1 behaviour is unchanged."]


def test_what_is_said_of_a_change(opened: Opened) -> None:
    page = opened(fragment=FROM_TO)
    row = page.locator(".change").filter(has_text="masking.lost")
    for text in ("Title of masking.lost", "mask: [11100 10110] → [11110 10110]", "regression", "all modes"):
        expect(row).to_contain_text(text)
    expect(row).to_contain_text("changed in Keras 3.3between 2.15 and 3.3")  # no release in between
    expect(page.locator(".change").filter(has_text="lstm.numbers")).to_contain_text("jit")
    assert page.locator(".severity h3").all_inner_texts() == [
        "Silent\n2\nresults change without an error or a warning",
        "Harmless\n2\nno numeric change, or what failed before works now",
    ]


def test_the_first_column_that_changed_is_a_link(opened: Opened) -> None:
    made = Made()
    for minor in (1, 2, 3, 4):
        made.target(f"keras-3.{minor}", f"Keras 3.{minor}")
    made.case("one.case")
    for minor, value in ((1, 1), (3, 2), (4, 2)):
        made.cells("one.case", f"keras-3.{minor}", {"n": value})
    page = opened(made.judged(), "#from=keras-3.1&to=keras-3.4")
    expect(page.locator(".change-since")).to_have_text(
        "first changed in Keras 3.3between 3.1 and 3.3"
    )  # 3.2 was not run
    page.get_by_role("link", name="first changed in Keras 3.3").click()
    expect(panel_of(page).locator(".crumbs")).to_have_text("Masking · Keras 3.3 · eager")


def test_from_and_to_are_steps_of_the_history(opened: Opened) -> None:
    page = opened()
    page.get_by_role("combobox", name="To").select_option("tf-2.15")
    page.get_by_role("combobox", name="From").select_option("keras-3.3")
    page.get_by_role("button", name="Swap From and To").click()
    expect(page).to_have_url(re.compile("from=tf-2.15&to=keras-3.3"))
    page.go_back()
    expect(page).to_have_url(re.compile("from=keras-3.3&to=tf-2.15"))


def test_a_click_opens_the_case(opened: Opened) -> None:
    page = opened(fragment=FROM_TO)
    page.get_by_role("link", name="Title of lstm.numbers").click()
    expect(panel_of(page).locator(".crumbs")).to_have_text("LSTM · Keras 3.3 · jit")
    expect(page.locator(".change.is-selected .change-about code")).to_have_text("lstm.numbers")
    expect(panel_of(page).get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Title of lstm.numbers")).to_be_focused()
    href = page.get_by_role("link", name="Title of lstm.numbers").get_attribute("href")
    assert href == "#from=tf-2.15&to=keras-3.3&case=lstm.numbers&target=keras-3.3&mode=jit"


def test_keys(opened: Opened) -> None:
    page = opened(fragment=FROM_TO)
    first, second = page.locator(".change-link").first, page.locator(".change-link").nth(1)
    expect(first).to_be_visible()
    page.keyboard.press("]")
    expect(first).to_be_focused()
    page.keyboard.press("n")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("p")  # the panel follows
    expect(panel_of(page).get_by_role("heading", level=2)).to_have_text(first.inner_text())
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("[n/")
    expect(page.get_by_role("searchbox")).to_have_value("[n/")


def test_filters(opened: Opened) -> None:
    page = opened(fragment=FROM_TO)
    everything = ["masking.lost", "lstm.numbers", "merge.free", "merge.dies"]
    assert sorted(shown(page)) == sorted(everything)
    severity = page.get_by_role("group", name="Severity")
    severity.get_by_role("button", name="Silent").click()
    assert shown(page) == ["masking.lost", "lstm.numbers"]
    expect(severity.get_by_role("button", name="Warns")).to_be_disabled()
    features = page.get_by_role("group", name="Your library uses")
    features.get_by_role("button", name="Recurrent layers").click()
    assert shown(page) == ["lstm.numbers"]
    expect(features.get_by_role("button", name="Saving")).to_be_hidden()
    page.reload()
    assert shown(page) == ["lstm.numbers"]
    page.get_by_role("searchbox").fill("nothing has this")
    expect(page.get_by_text("No change matches the filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    assert sorted(shown(page)) == sorted(everything)
    page.get_by_role("button", name="Documented behaviour only").click()
    assert "merge.free" not in shown(page)
    page.get_by_role("searchbox").fill("severity:silent status:deviates")
    assert shown(page) == ["masking.lost", "lstm.numbers"]
    page.get_by_text("All tags").click()
    page.get_by_role("group", name="Tags").get_by_role("button", name="Add").click()
    assert shown(page) == ["masking.lost"]


def test_nothing_changes(opened: Opened) -> None:
    page = opened(alike())
    expect(page.get_by_role("heading", level=2)).to_have_text("Nothing changes from tf.keras 2.15 to Keras 3.1.")
    expect(page.locator(".notes")).to_have_text("1 behaviour is unchanged.")
    expect(page.get_by_role("searchbox")).to_be_hidden()
    page.get_by_role("combobox", name="From").select_option("keras-3.1")
    expect(page.get_by_role("heading", level=2)).to_have_text("Keras 3.1 is compared with itself: nothing changes.")


def test_what_could_not_be_compared_is_said(opened: Opened) -> None:
    page = opened(fragment="#from=tf-2.15&to=keras-3.8")
    headline = page.get_by_role("heading", level=2)
    expect(headline).to_have_text(
        "Nothing changes from tf.keras 2.15 to Keras 3.8 in the behaviours that could be compared."
    )
    notes = page.locator(".notes")
    expect(notes).to_contain_text("Keras 3.8 did not run: no wheel for this machine")
    expect(notes).to_contain_text("5 behaviours could not be compared; see the end of the list.")
    expect(page.locator(".severity")).to_contain_text("not run on Keras 3.8")


@pytest.mark.parametrize("fragment", ["#from=gone", "#from=tf-2.15&to=gone"])
def test_a_column_that_is_not_there(opened: Opened, fragment: str) -> None:
    page = opened(fragment=fragment)
    expect(page.get_by_role("heading", level=2)).to_have_text("These results contain no target gone.")
    page.get_by_role("combobox", name=re.compile("From|To")).last.select_option("keras-3.3")


def test_no_columns(opened: Opened) -> None:
    headline = opened(Made().judged()).get_by_role("heading", level=2)
    expect(headline).to_have_text("Fewer than two targets ran: there is nothing to compare.")


def test_markdown(opened: Opened, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(fragment=f"{FROM_TO}&severity=silent")
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines == [
        "## Masks: tf.keras 2.15 → Keras 3.3",
        "",
        "4 behaviours change from tf.keras 2.15 to Keras 3.3: 2 silently.",
        "",
        "- 1 behaviour is unchanged.",
        "- 2 of 4 behaviours are listed, as filters were active.",
        "",
        "### Silent: 2 (results change without an error or a warning)",
        "",
        "- **Title of masking.lost**: `mask: [11100 10110] → [11110 10110]`",
        "  (`masking.lost`; regression; eager, graph, session, jit)",
        "- **Title of lstm.numbers**: `output differs in 1 of 4 elements (now contains NaN)`",
        "  (`lstm.numbers`; regression; jit)",
    ]


def test_markdown_where_the_clipboard_is_refused(opened: Opened) -> None:
    made = sample()
    made.cases[1].title = f"*a* `b` {HOSTILE}"
    page = opened(made, FROM_TO)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy as Markdown").click()
    area = page.get_by_role("textbox", name="The changes as Markdown")
    expect(area).to_be_focused()
    assert "<script" not in area.input_value().replace("\\<", "")
    assert r"\*a\* \`b\`" in area.input_value()


def test_hostile_texts_are_inert(opened: Opened) -> None:
    made = hostile()
    for cell in made.cells:
        if cell.target == "long":
            cell.verdict, cell.observation = "not-run", None
    page = opened(made)
    page.get_by_role("combobox", name="From").select_option(index=0)
    page.get_by_role("combobox", name="To").select_option(index=1)
    expect(page.get_by_role("heading", level=2)).to_contain_text("Nothing changes")
    expect(page.get_by_role("link", name=HOSTILE).first).to_be_visible()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
