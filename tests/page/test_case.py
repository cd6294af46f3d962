"""The panel of a case on a column."""

import datetime
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from conformance.judging import expectations
from conformance.report import page as report
from conformance.results import Cell, Results
from conformance.worker import values
from tests.support.page_browser import Opened, cell_at, panel_of, violations
from tests.support.page_samples import Made, sample


def test_click_opens_the_evidence(opened: Opened) -> None:
    page = opened(fragment="#view=matrix")
    cell_at(page, "masking.lost", "Keras 3.3").click()
    panel = panel_of(page)
    expect(panel.get_by_role("heading", level=2)).to_have_text("Title of masking.lost")
    expect(panel.locator(".verdict")).to_contain_text("Deviates")
    expect(panel).to_contain_text("1 of 10 elements differ")
    drawn = [mask.get_attribute("aria-label") for mask in panel.get_by_role("img", name="unmasked").all()]
    assert drawn == [
        "mask, Observed: 1 unmasked, 0 masked, ! wrong: 1 1 1 1! 0; 1 0 1 1 0",
        "mask, Expected: 1 unmasked, 0 masked, ! wrong: 1 1 1 0 0; 1 0 1 1 0",
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
    strips = panel_of(page).locator(".strip")
    assert strips.locator(".generation").all_inner_texts() == ["Keras 2", "tf.keras", "Keras 3"]
    assert [group.get_attribute("aria-label") for group in strips.locator(".group").all()] == [
        *("behaviour A", "behaviour A", "behaviour B", "no data"),
    ]
    strips.get_by_role("button", name="Keras 3.3: deviates").click()
    expect(page).to_have_url(re.compile("target=keras-3.3&mode=jit"))
    expect(strips.get_by_role("button", name="Keras 3.3: deviates")).to_be_focused()


def over_versions(words: str) -> Results:
    """One case on columns of Keras 3: "3.3=A" for a behaviour, "3.4=-" where it lacks the API, "3.5=?" not run."""
    made = Made()
    made.case("some.case", basis="unspecified", modes=["eager"])
    for word in words.split():
        version, what = word.split("=")
        title, _, backend = version.partition("+")
        made.target(version, f"Keras {title}{' on JAX' if backend else ''}", backend=backend or "tensorflow")
        if what == "?":
            made.results.cells.append(Cell(case="some.case", target=version, mode="eager", verdict="not-run"))
        elif what == "-":
            made.cell("some.case", version, "eager", status="unsupported", reason="no API")
        else:
            made.cell("some.case", version, "eager", {"value": what})
    return made.judged()


@pytest.mark.parametrize(
    "columns, ranges",
    [
        ("3.3=A 3.4=A", {"A": "all of Keras 3 (3.3 to 3.4)"}),
        ("3.3=A", {"A": "Keras 3.3"}),
        ("3.3=A 3.4=B", {"A": "Keras 3 up to 3.3", "B": "Keras 3 since 3.4"}),
        ("3.3=A 3.8=B", {"A": "Keras 3 up to 3.3", "B": "Keras 3 since 3.8, starting between 3.3 and 3.8"}),
        ("3.9=A 3.10=B 3.11=B", {"A": "Keras 3 up to 3.9", "B": "Keras 3 since 3.10"}),
        ("3.3=A 3.4=B 3.5=A", {"A": "Keras 3 up to 3.3; Keras 3 since 3.5", "B": "Keras 3.4"}),
        ("3.2=A 3.3=B 3.4=B 3.5=C", {"A": "Keras 3 up to 3.2", "B": "Keras 3.3 to 3.4", "C": "Keras 3 since 3.5"}),
        (
            "3.3=A 3.4=? 3.5=B",
            {"A": "Keras 3 up to 3.3", "B": "Keras 3 since 3.5, starting between 3.3 and 3.5", "not run": "Keras 3.4"},
        ),
        ("3.3=- 3.4=A", {"A": "Keras 3 since 3.4", "unsupported": "Keras 3 up to 3.3"}),
        ("3.3=A 3.4=A 3.4+jax=B", {"A": "all of Keras 3 (3.3 to 3.4)", "B": "Keras 3.4 on JAX"}),
        ("2.3=A 3.3=A", {"A": "Keras 2.3; Keras 3.3"}),
        ("3.3=?", {"not run": "Keras 3.3"}),
    ],
)
def test_history_in_words(opened: Opened, columns: str, ranges: dict[str, str]) -> None:
    last = columns.split()[-1].split("=")[0].replace("+", "%2B")
    page = opened(over_versions(columns), f"#view=matrix&case=some.case&target={last}&mode=eager")
    said = panel_of(page).locator(".ranges")
    expect(said.locator("dt").first).to_be_visible()
    names = [text.replace("\n", "") for text in said.locator("dt").all_inner_texts()]
    assert dict(zip(names, said.locator("dd").all_inner_texts(), strict=True)) == ranges


def test_beside_another_column(opened: Opened) -> None:
    page = opened(fragment="#view=matrix&case=masking.lost&target=keras-3.3&mode=graph")
    panel = panel_of(page)
    expect(panel.locator(".side h5").first).to_contain_text("Observed")
    panel.get_by_label("Compare with").focus()
    panel.get_by_label("Compare with").select_option("tf-2.15")
    expect(page).to_have_url(re.compile("beside=tf-2.15"))
    expect(panel.locator(".fact .side h5")).to_have_text(
        [re.compile("^Keras 3.3, ≠ expected"), re.compile("^tf.keras 2.15, as expected")]
    )
    expect(panel.locator(".fact .why")).to_have_text("≠ 1 of 10 elements differ")
    expect(panel.locator(".verdict")).to_have_count(2)
    expect(panel).to_contain_text("Compared in mode graph: different behaviour.")
    expect(panel.get_by_label("Compare with")).to_be_focused()
    page.reload()
    expect(panel.get_by_label("Compare with")).to_have_value("tf-2.15")
    panel.get_by_label("Compare with").select_option("keras-2.3")
    expect(panel).to_contain_text("Compared graph with session: different behaviour.")
    panel.get_by_label("Compare with").select_option("nothing")
    expect(panel.locator(".verdict")).to_have_count(1)


def test_beside_what_recorded_something_else(opened: Opened) -> None:
    panel = panel_of(opened(fragment="#view=matrix&case=merge.dies&target=keras-3.3&mode=session&beside=tf-2.15"))
    for text in ("n", "recorded on only one target", "not recorded", "no exception", "ValueError", "no warnings"):
        expect(panel.locator(".evidence")).to_contain_text(text)
    page = opened(fragment="#view=matrix&case=merge.free&target=keras-3.3&mode=eager&beside=keras-3.8")
    expect(panel_of(page)).to_contain_text("no data on at least one target")


def test_the_upgrade_view_shows_both_sides(opened: Opened) -> None:
    page = opened(fragment="#from=tf-2.15&to=keras-3.3&case=masking.lost&target=keras-3.3&mode=eager")
    panel = panel_of(page)
    expect(panel.get_by_label("Compare with")).to_have_value("tf-2.15")
    expect(panel.locator(".evidence h3")).to_contain_text("Keras 3.3 and tf.keras 2.15")
    panel.get_by_label("Compare with").select_option("nothing")
    expect(panel.locator(".fact .side")).to_have_count(2)
    page.get_by_role("link", name="Matrix").click()
    expect(panel.get_by_label("Compare with")).to_have_value("none")


def test_why_it_is_known_and_what_helps(opened: Opened) -> None:
    known = expectations.Expectation(
        id="lost",
        kind="bug",
        reason="The `mask` is lost.",
        sources=["keras-team/keras#7", "keras.src.layers"],
        reviewed=datetime.date(2026, 11, 24),
        cells=[
            expectations.ExpectedCells(case="masking.lost", on=("keras>=3",), outcome="deviates: mask is 11110 10110")
        ],
        workaround=expectations.Workaround(text="Pass `mask=`.", case="masking.plain"),
    )
    page = opened(
        html=report.render(sample(), [known]), fragment="#view=matrix&case=masking.lost&target=keras-3.3&mode=eager"
    )
    line = panel_of(page).locator(".verdict")
    expect(line).to_contain_text("Known bug: The mask is lost. keras-team/keras#7 keras.src.layers")
    expect(line).to_contain_text("Workaround: Pass mask=. Verified on Keras 2.3; tf.keras 2.15; Keras 3")
    line.get_by_role("link", name="this case").click()
    expect(panel_of(page).get_by_role("heading", level=2)).to_have_text("Title of masking.plain")


def test_the_source_of_a_contract_is_a_link_where_it_can_be(opened: Opened) -> None:
    made = Made()
    made.target("a", "Keras 3.1")
    source = (
        "Guide 'Understanding masking & padding', section 'Introduction'; https://keras.io/api/x_y/#z. See also "
        "keras-team/keras#12, and/or#x, Guide 'Another', javascript:alert(1)"
    )
    made.case("some.case", source=source)
    page = opened(made.judged(), "#case=some.case")
    told = panel_of(page).locator(".source").first
    expect(told).to_have_text(f"Documented: {source}")
    assert [link.get_attribute("href") for link in told.get_by_role("link").all()] == [
        "https://keras.io/guides/understanding_masking_and_padding/",
        "https://keras.io/api/x_y/#z",
        "https://github.com/keras-team/keras/issues/12",
    ]


def test_commands_are_quoted(opened: Opened) -> None:
    made = Made()
    made.target("a+b", "Keras 3.1")
    made.case("some.case[it's]")
    made.cells("some.case[it's]", "a+b", {"n": (1, 1)})
    panel = panel_of(opened(made.judged(), "#case=some.case%5Bit's%5D&target=a%2Bb&mode=jit"))
    told = r"""--case 'some.case[it'\''s]' --target a+b --mode jit"""
    expect(panel.locator(".command pre").first).to_have_text(f"nox -s conformance -- {told}")
    told = told.removeprefix("--case ")
    expect(panel.locator(".command pre").nth(1)).to_have_text(f"conformance repro {told}")


def test_values_of_every_form(opened: Opened) -> None:
    made = Made()
    made.target("a", "Keras 3.1")
    made.case("values.forms", basis="unspecified")
    forms = {
        "none": (None, "None"),
        "bool": (True, "True"),
        "text": ("a\nb", r'"a\nb"'),
        "large": (np.zeros((100, 100), np.float32), "too large to store"),
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


@pytest.mark.parametrize("width", [400, 1280])
def test_two_columns_are_accessible_beside_each_other(opened: Opened, width: int) -> None:
    for selection in ("case=merge.dies&target=keras-3.3&mode=session", "case=lstm.numbers&target=keras-3.3&mode=jit"):
        page = opened(fragment=f"#view=matrix&{selection}&beside=tf-2.15")
        page.set_viewport_size({"width": width, "height": 900})
        for summary in panel_of(page).locator("summary").all():
            summary.click()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
