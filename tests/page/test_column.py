"""The panel of a column."""

import datetime

from playwright.sync_api import expect

from conformance.judging import expectations
from conformance.report import page as report
from tests.support.page_browser import Opened, panel_of
from tests.support.page_samples import sample


def test_column(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    page.get_by_role("columnheader", name="Keras 2.3").click()
    panel = panel_of(page)
    for text in ("Keras 2.3", "no eager here", "numpy==2.0.0", "10 unsupported", "20 cells", "5 cells, 1.3 s"):
        expect(panel).to_contain_text(text)
    panel.get_by_role("button", name="Title of merge.dies").click()
    expect(panel).to_contain_text("cannot")


def test_what_is_not_as_promised_by_why_that_is_known(opened: Opened) -> None:
    known = expectations.Expectation(
        id="dies",
        kind="intended",
        reason="It has to.",
        sources=["here"],
        reviewed=datetime.date(2026, 11, 24),
        cells=[
            expectations.ExpectedCells(case="masking.lost", on=("keras>=3",), outcome="deviates: mask is 11110 10110")
        ],
    )
    page = opened(html=report.render(sample(), [known]), fragment="#view=matrix&target=keras-3.3")
    panel = panel_of(page)
    expect(panel.locator("h4")).to_have_text(["Unexplained1", "Intended upstream1"])
    expect(panel.locator(".broken-list").nth(1)).to_have_text("Title of masking.lost")


def test_what_is_absent_is_said_with_its_reason(opened: Opened) -> None:
    panel = panel_of(opened(fragment="#view=matrix&target=keras-2.3"))
    panel.get_by_text("2 reasons").click()
    expect(panel.locator(".reasons li")).to_have_text(["5 no eager here", "5 no graph here"])


def test_the_step_to_a_column(opened: Opened) -> None:
    page = opened(fragment="#view=matrix&target=keras-3.3")
    panel_of(page).get_by_role("link", name="Changes from tf.keras 2.15 to Keras 3.3").click()
    expect(page.locator("select[name=from]")).to_have_value("tf-2.15")
    expect(page.locator("select[name=to]")).to_have_value("keras-3.3")
    expect(panel_of(page)).to_be_hidden()


def test_column_that_did_not_run(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    alarm = page.get_by_role("region", name="Problems with this run")
    expect(alarm).to_contain_text("1 of 4 targets did not run")
    expect(alarm).to_contain_text("no wheel for this machine")
    page.get_by_role("columnheader", name="Keras 3.8, not run").click()
    expect(panel_of(page)).to_contain_text("This target did not run")
    expect(panel_of(page)).to_contain_text("No data.")
