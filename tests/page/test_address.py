"""What the address says is shown, and what is shown is in the address."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from conformance.report import page as report
from tests.support.page_browser import Opened
from tests.support.page_samples import HOSTILE, sample

FIELDS: dict[str, list[str]] = {
    "view": ["matrix", "layers", "about"],
    "from": ["keras-2.3", "tf-2.15", "gone"],
    "to": ["keras-3.3", "keras-3.8", HOSTILE],
    "q": ["lost", 'tag:add -"a b"', "status:", HOSTILE, "&=#%+ü"],
    "severity": ["silent", "raises", "warns", "cosmetic"],
    "feature": ["Merge", "Masking, Embedding", HOSTILE],
    "promised": ["1"],
    "verdict": ["deviates", "times-out"],
    "differ": ["1"],
    "open": ["Masking", HOSTILE],
    "closed": ["LSTM", "a, b"],
    "hidden": ["Keras 2", "tf.keras"],
    "case": ["masking.lost", "gone"],
    "target": ["keras-3.3", "gone"],
    "mode": ["jit"],
}
SEVERAL = {"severity", "feature", "verdict", "open", "closed", "hidden"}


@pytest.fixture(scope="module")
def sample_page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Page:
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(report.render(sample()), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    return page


@st.composite
def addresses(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Fields in their order, each with some of its values or none."""
    said = []
    for name, values in FIELDS.items():
        most = len(values) if name in SEVERAL else 1
        said += [(name, value) for value in draw(st.lists(st.sampled_from(values), max_size=most, unique=True))]
    return said


@given(addresses())
def test_everything_that_is_said_is_said_again(sample_page: Page, said: list[tuple[str, str]]) -> None:
    sample_page.evaluate(
        "address => { location.hash = address; dispatchEvent(new Event('popstate')); }", urlencode(said)
    )
    # The link to the view that is shown leads to where we are.
    again = sample_page.locator("nav a[aria-current]").get_attribute("href")
    assert sample_page.evaluate("href => [...new URLSearchParams(href.slice(1))]", again) == [
        list(pair) for pair in said
    ]


def test_what_is_not_known_is_left_out_and_defaults_are_not_said(opened: Opened) -> None:
    page = opened(fragment="#view=nothing&verdict=good&mode=fast&severity=loud&differ=0&q=&what=ever")
    expect(page.locator("nav a[aria-current]")).to_have_text("Upgrade")
    assert page.locator("nav a[aria-current]").get_attribute("href") == "#"


def test_views_are_links_with_titles_and_history(opened: Opened) -> None:
    page = opened(fragment="#case=masking.lost")
    views = page.get_by_role("navigation", name="Views")
    assert views.get_by_role("link").all_inner_texts() == ["Upgrade", "Matrix", "Layers", "About"]
    expect(page).to_have_title("Title of masking.lost · Upgrade · Masks in Keras")
    views.get_by_role("link", name="Matrix").click()
    expect(page).to_have_title("Title of masking.lost · Matrix · Masks in Keras")
    expect(page.get_by_role("region", name="Matrix")).to_be_focused()
    expect(page.get_by_role("complementary", name="Details")).to_be_visible()
    expect(page.get_by_role("main")).to_have_count(1)
    views.get_by_role("link", name="About").click()
    expect(views.get_by_role("link", name="About")).to_have_attribute("aria-current", "page")
    page.go_back()
    page.go_back()
    expect(views.get_by_role("link", name="Upgrade")).to_have_attribute("aria-current", "page")


def test_every_view_says_who_it_is_without_a_case(opened: Opened) -> None:
    page = opened()
    expect(page).to_have_title("Upgrade · Masks in Keras")
    for view in ("Matrix", "Layers", "About"):
        page.get_by_role("link", name=view, exact=True).click()
        expect(page).to_have_title(f"{view} · Masks in Keras")
        expect(page.get_by_role("region", name=view)).to_be_visible()
