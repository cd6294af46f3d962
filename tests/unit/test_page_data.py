"""What the page is told, before any browser sees it."""

import base64
import gzip
import json
import re
from collections import Counter
from typing import Any

import pytest

from conformance.report import data, page
from tests.support.page_samples import Made, hostile, sample


def unpacked(html: str) -> Any:
    packed = re.search(r'id="data">([A-Za-z0-9+/=]*)</script>', html)
    assert packed
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_what_the_page_is_told() -> None:
    shown = sample()
    told = unpacked(page.render(shown))
    assert told == json.loads(json.dumps(data.page_data(shown)))
    planned = [outcome for row in told["rows"] for lists in row.values() for outcome in lists[0] if outcome >= 0]
    assert len(planned) == len(shown.cells)
    assert len(told["values"]) <= len(shown.values)
    assert len(told["outcomes"]) < len(shown.cells)
    assert unpacked(page.render(hostile()))["cases"]


@pytest.mark.parametrize(
    "moments, spelled",
    [
        (("2026-11-22T09:50:06+00:00",) * 2, "22 November 2026, 09:50 UTC"),
        (("2026-11-22T09:50:06+00:00", "2026-11-22T10:31:00+00:00"), "22 November 2026, 09:50 to 10:31 UTC"),
        (
            ("2026-11-22T09:50:06+00:00", "2026-12-01T00:10:00+00:00"),
            "22 November 2026, 09:50 to 1 December 2026, 00:10 UTC",
        ),
        (("some day", "some day"), "some day"),
    ],
)
def test_a_span_of_time(moments: tuple[str, str], spelled: str) -> None:
    assert data.spelled(moments) == spelled


def test_when_cells_were_measured_is_the_span_of_all_columns() -> None:
    shown = sample()
    assert shown.measured() == [shown.created] * 2
    first, last = shown.targets[0], shown.targets[-1]
    first.measured, last.measured = ["2026-11-20", "2026-11-22"], ["2026-11-19", "2026-11-21"]
    assert shown.measured() == ["2026-11-19", "2026-11-22"]


def test_a_case_is_shown_under_the_title_of_its_file_or_the_first_part_of_its_id() -> None:
    made = Made()
    made.case("mha.known", area="MultiHeadAttention")
    made.case("layer-table.older", area="")
    assert [data.area(case) for case in made.results.cases] == ["MultiHeadAttention", "layer-table"]


@pytest.mark.parametrize(
    "front_end, title, versions, pins, generation",
    [
        ("keras", "Keras 2.3.1", {"keras": "2.3.1"}, [], "Keras 2"),
        ("keras", "Keras nightly", {"keras": "3.16.0.dev"}, [], "Keras 3"),
        ("keras", "Keras newest", {}, ["keras==3.15.1"], "Keras 3"),
        ("keras", "Keras 3.8", {}, [], "Keras 3"),
        ("keras", "Keras", {}, [], "Keras"),
        ("tf.keras", "tf.keras 2.15", {"keras": "2.15.0"}, [], "tf.keras"),
        ("tf_keras", "tf_keras 2.21", {}, [], "tf_keras"),
    ],
)
def test_generation(front_end: str, title: str, versions: dict[str, str], pins: list[str], generation: str) -> None:
    made = Made()
    made.target("x", title, front_end, versions=versions, pins=pins)
    assert data.generation(made.results.targets[0]) == generation


def test_no_name_is_there_twice_in_the_scripts() -> None:
    """They are joined to one module, in which a second definition is a syntax error of the whole page."""
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", page.joined(page.SCRIPTS), re.MULTILINE)
    assert [name for name, times in Counter(names).items() if times > 1] == []
