"""The picture of a trace, in a browser."""

import itertools
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from conformance.inspection import svg
from tests.support.traces import HOSTILE, call, seen, trace


def test_the_picture_in_a_browser(tmp_path: Path, browser: Browser) -> None:
    """In light and dark: no script of a name runs, no text lies over another or outside, and none is left out."""
    lost = seen("dropped with a warning", leaves=False, warnings=["UserWarning: " + HOSTILE * 3])
    inner = call(3, "encoder/inner", run=seen("consumed and propagated", consumed=True), parent=2)
    found = trace(
        call(0, "embedding", "ids", run=seen("created", enters=False)),
        call(1, HOSTILE, 0, "other", run=lost),
        call(2, "encoder", 0),
        inner,
        call(4, "sum", 1, 2, 0),
        call(5, "refuses", 4, run=seen("rejected with an error", leaves=False, error="ValueError: no")),
    )
    (tmp_path / "t.svg").write_text(svg.draw(found), encoding="utf-8")
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto((tmp_path / "t.svg").as_uri())
        placed = page.eval_on_selector_all(
            "text",
            "all => all.map(t => t.getBoundingClientRect()).map(b => [b.left, b.top, b.right, b.bottom])",
        )
        width, height = page.eval_on_selector("svg", "s => [s.viewBox.baseVal.width, s.viewBox.baseVal.height]")
        for box in placed:
            assert box[2] <= width and box[3] <= height, (box, width, height)
        for one, other in itertools.combinations(placed, 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)
        shown = page.eval_on_selector("svg", "s => s.textContent")
        assert "dropped with a warning" in shown and "rejected with an error" in shown
        page.close()
