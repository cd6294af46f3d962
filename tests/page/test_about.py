"""About: method, data quality, what lies beside the page."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from conformance.local.errors import UsageError
from conformance.report import page as report
from conformance.report.folder import write_report
from conformance.report.scope import NOT_MEASURED
from conformance.results import Results
from conformance.vocabulary import VERDICTS
from tests.support.page_browser import Opened, panel_of
from tests.support.page_samples import Made, sample


def data_of(folder: Path) -> Any:
    """What the page in a folder was made with."""
    (packed,) = re.findall(r'id="data">([^<]*)<', (folder / "index.html").read_text())
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def quality(page: Page) -> dict[str, list[int]]:
    """planned, measured, absent and unknown cells of each column."""
    rows = page.locator(".quality tbody tr").all()
    numbers = {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows}
    return {title: [int(text) for text in texts[1:5]] for title, texts in numbers.items()}


def test_how_much_is_known(opened: Opened) -> None:
    page = opened(fragment="#view=about")
    expect(page.get_by_text("20 planned cells have no data.")).to_be_visible()
    assert quality(page) == {
        "Keras 2.3": [20, 10, 10, 0],
        "tf.keras 2.15": [20, 19, 1, 0],
        "Keras 3.3": [20, 20, 0, 0],
        "Keras 3.8": [20, 0, 0, 20],
    }
    page.get_by_role("link", name="Keras 3.3").click()
    expect(panel_of(page).get_by_role("heading", level=2)).to_have_text("Keras 3.3")


def test_an_audit_of_these_results_is_told_and_no_other(opened: Opened, tmp_path: Path) -> None:
    found = sample()
    about = {"date": "2026-11-30", "seed": 1, "measured": found.created, "cells": 40, "cases": 30, "targets": 4}
    (tmp_path / "audit.json").write_text(json.dumps({**about, "agreed": 40}))
    write_report(found, [], tmp_path)
    page = opened(html=(tmp_path / "index.html").read_text(), fragment="#view=about")
    expect(page.locator("dd", has_text="drawn at random")).to_have_text(
        "On 2026-11-30, 40 cells of 30 cases on 4 targets, drawn at random, were repeated by their standalone scripts, "
        "without this suite: all agree in verdict, exception and values."
    )
    (tmp_path / "audit.json").write_text(json.dumps({**about, "agreed": 39}))
    write_report(found, [], tmp_path)
    assert data_of(tmp_path)["audit"]["agreed"] == 39, "the page is written again"
    (tmp_path / "audit.json").write_text(json.dumps({**about, "agreed": 40, "measured": "2020-01-01T00:00:00+00:00"}))
    write_report(found, [], tmp_path)
    assert data_of(tmp_path)["audit"] is None
    (tmp_path / "audit.json").write_text("{}")
    with pytest.raises(UsageError, match="audit.json is no record of an audit: Object missing required field `date`"):
        write_report(found, [], tmp_path)


def test_what_the_results_do_not_cover(opened: Opened) -> None:
    page = opened(fragment="#view=about")
    part = page.locator("section", has=page.get_by_role("heading", name="Not measured", exact=True)).last
    expect(part.get_by_role("listitem")).to_have_text([*NOT_MEASURED])
    assert "cuDNN" in NOT_MEASURED[0] and "patch" in NOT_MEASURED[1] and "Linux" in NOT_MEASURED[2]


def test_what_was_not_asked_for_is_unknown(opened: Opened) -> None:
    made = Made()
    made.target("a", "Keras 3.1", lacks={"session": "none here"})
    made.case("some.case")
    made.case("another", modes=["session | graph", "jit"])
    made.cell("some.case", "a", "eager", {"n": (1, 1)})
    made.cell("another", "a", "graph", {"n": (1, 1)})
    assert quality(opened(made.judged(), "#view=about")) == {"Keras 3.1": [6, 2, 0, 4]}


def test_plans_are_counted_as_python_does(opened: Opened) -> None:
    shown: Results = sample()
    planned = {
        target.title: sum(len(case.modes_on(target.modes, target.id)) for case in shown.cases)
        for target in shown.targets
    }
    assert {title: numbers[0] for title, numbers in quality(opened(shown, "#view=about")).items()} == planned


def test_everything_is_known(opened: Opened) -> None:
    shown = sample()
    shown.targets = shown.targets[:3]
    shown.cells = [cell for cell in shown.cells if cell.target != "keras-3.8"]
    page = opened(shown, "#view=about")
    expect(page.get_by_text("Every planned cell was measured or is unsupported.")).to_be_visible()


def test_when_and_by_what(opened: Opened) -> None:
    page = opened(fragment="#view=about")
    for text in (
        "22 November 2026, 09:50 UTC",
        "system Linux, machine x86_64",
        "0.1.0, cases and worker 0000000000000000",
        "within 0.00001 + 0.0001",
        "Apache License 2.0",
    ):
        expect(page.locator(".about")).to_contain_text(text)
    assert page.locator(".about .marks").first.locator("dt").count() == len(VERDICTS)


def test_what_lies_beside_the_page(opened: Opened, tmp_path: Path) -> None:
    page = opened(fragment="#view=about")
    expect(page.get_by_role("heading", name="Files")).to_have_count(0)
    page = opened(html=report.render(sample(), files=["results.json", "odd name.txt"]), fragment="#view=about")
    links = page.locator(".files a")
    assert [link.get_attribute("href") for link in links.all()] == ["results.json", "odd%20name.txt"]


def test_every_link_leads_to_a_file_that_is_there(opened: Opened, tmp_path: Path) -> None:
    write_report(sample(), [], tmp_path / "report")
    page = opened(html=(tmp_path / "report" / "index.html").read_text(), fragment="#view=about")
    links = [link.get_attribute("href") or "" for link in page.locator(".files a").all()]
    assert "results.json" in links
    assert all((tmp_path / "report" / link).is_file() for link in links)
