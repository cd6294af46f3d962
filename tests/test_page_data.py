"""What the page is told, before any browser sees it."""

import json

import numpy as np
import pytest

from conformance.report import page as report
from conformance.worker import values
from tests.page_samples import MASK, Made, hostile, sample


def test_wrong_elements_agree_with_the_judgement() -> None:
    encode = values.encode
    expected = np.array([1.0, 2.0, np.nan, 0.0], np.float32)
    observed = np.array([1.0, 2.1, np.nan, 1e-6], np.float32)
    assert report.wrong_elements(encode(observed), encode(expected), None, None) == [1]
    assert report.wrong_elements(encode(observed), encode(expected), 0.1, None) is None
    assert report.wrong_elements(encode(observed), encode(expected), 0, 0) == [1, 3]
    assert report.wrong_elements(encode(observed), encode(expected[:2]), None, None) is True
    assert report.wrong_elements(encode(MASK), encode(MASK.astype(int)), None, None) is True
    assert report.wrong_elements(encode([MASK, 1]), encode([~MASK, 1]), None, None) == {"items": [[*range(10)], None]}
    assert report.wrong_elements(None, encode(MASK), None, None) is True


def test_what_the_page_is_told() -> None:
    shown = sample()
    told = json.loads(json.dumps(report.view(shown)))
    assert len(told["cells"]) == len(shown.cells)
    assert len(told["values"]) < len(shown.values) + 1
    assert "</script" not in report.render(hostile()).split('id="data">')[1].split("</script>")[0]


@pytest.mark.parametrize(
    "file, area",
    [
        ("test_masking.py", "Masking"),
        ("test_mask_shape.py", "Mask shape"),
        ("cases/test_lstm.py", "LSTM"),
        ("test_custom_layers.py", "Custom layers"),
        ("test_blog_claims.py", "The blog's claims"),
    ],
)
def test_area(file: str, area: str) -> None:
    assert report.area(file) == area


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
    assert report.generation(made.results.targets[0]) == generation
