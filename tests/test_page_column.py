"""The panel of a column."""

from playwright.sync_api import expect

from tests.page_browser import Opened, panel_of


def test_column(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    page.get_by_role("columnheader", name="Keras 2.3").click()
    panel = panel_of(page)
    for text in ("Keras 2.3", "no eager here", "numpy==2.0.0", "10 unsupported", "20 cells, 5.0 s"):
        expect(panel).to_contain_text(text)
    panel.get_by_role("button", name="Title of merge.dies").click()
    expect(panel).to_contain_text("cannot")


def test_column_that_did_not_run(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    alarm = page.get_by_role("region", name="What is wrong with this run")
    expect(alarm).to_contain_text("1 of 4 columns did not run")
    expect(alarm).to_contain_text("no wheel for this machine")
    page.get_by_role("columnheader", name="Keras 3.8, not run").click()
    expect(panel_of(page)).to_contain_text("This column did not run")
    expect(panel_of(page)).to_contain_text("Unknown.")
