"""Values: they survive JSON, and `difference` is a sane relation."""

import json
import math
import runpy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conformance.worker.values import MAX_ELEMENTS, Raised, clip, difference, encode

arrays = hnp.arrays(
    dtype=st.sampled_from([np.bool_, np.int32, np.int64, np.float16, np.float32, np.float64]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | arrays,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def through_json(value: object) -> object:
    return json.loads(json.dumps(encode(value), allow_nan=False))


@given(values)
def test_a_value_agrees_with_itself_after_json(value: object) -> None:
    assert difference(through_json(value), encode(value)) is None


@given(hnp.arrays(np.float32, hnp.array_shapes(max_side=4)))
def test_floats_are_exact(array: np.ndarray) -> None:
    encoded = through_json(array)
    back = np.array([float(v) for v in encoded["data"]], np.float32).reshape(encoded["shape"])  # type: ignore[index]
    assert back.tobytes() == array.tobytes() or np.isnan(array).any()
    np.testing.assert_array_equal(back, array)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_tolerance(a: float, b: float) -> None:
    agree = difference(encode(a), encode(b), rtol=0.0, atol=0.5) is None
    assert agree == (abs(a - b) <= 0.5)


@pytest.mark.parametrize(
    ("observed", "expected", "why"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), "shape (2, 3), expected (3, 2)"),
        (np.zeros(2, np.float32), np.zeros(2, bool), "dtype float32, expected bool"),
        (np.zeros(2, np.int32), np.zeros(2, np.int64), None),
        (np.array([1.0, 2.0]), np.array([1.0, 2.5]), "1 of 2 elements differ, by up to 0.5"),
        (np.array([math.nan, 1.0]), np.array([math.nan, math.nan]), "1 of 2 elements differ"),
        (np.array([math.inf]), np.array([-math.inf]), "1 of 1 elements differ"),
        (None, np.zeros(2, bool), "None, expected bool array of shape (2,)"),
        (np.zeros(2, bool), None, "bool array of shape (2,), expected None"),
        ([1, None], [1], "2 items, expected 1"),
        ([1, 2], [1, 3], "item 1: 2, expected 3"),
        (True, 1, "True, expected 1"),
        (Raised("IndexError", message="boom"), 1, "raised IndexError: boom"),
        (1, Raised("TypeError", "ValueError"), "no exception, expected TypeError or ValueError"),
        (Raised.of(IndexError("x"), "call"), Raised("LookupError"), None),
        (Raised.of(IndexError("x"), "call"), Raised("ValueError"), "raised IndexError, expected ValueError"),
        (
            Raised.of(IndexError("x"), "call"),
            Raised("IndexError", phase="build"),
            "raised in phase call, expected build",
        ),
    ],
)
def test_differences_are_explained(observed: object, expected: object, why: str | None) -> None:
    assert difference(encode(observed), encode(expected)) == why


def test_large_arrays_are_cut_but_compared_whole() -> None:
    array = np.arange(MAX_ELEMENTS + 1)
    other = array.copy()
    other[-1] = 0
    assert len(encode(array)["data"]) < 20
    assert difference(encode(array), encode(array)) is None
    assert difference(encode(other), encode(array)) == "large arrays with different contents"


def test_texts_lose_what_differs_from_run_to_run() -> None:
    text = "\x1b[1m<Thing at 0x7f1a2b3c4d5e>\x1b[0m in /home/someone/env/lib/python3.7/site-packages/keras/layers.py:12"
    assert clip(text) == "<Thing at 0x...> in keras/layers.py:12"
    assert len(clip("x" * 10000)) == 2000
    assert clip(f'File "{runpy.__file__}", line 3') == 'File "runpy.py", line 3'


def test_texts_lose_the_random_names_of_autograph() -> None:
    text = (
        "in converted code:\n    relative to /home/someone:\n\n"
        "    .cache/masks/bundles/0123456789abcdef/cases/test_lstm.py:24\n    /tmp/__autograph_generated_filex7_y.py:3"
    )
    assert clip(text) == ("in converted code:\n    \n\n    cases/test_lstm.py:24\n    __autograph_generated_file.py:3")
