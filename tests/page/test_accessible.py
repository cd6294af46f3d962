"""WCAG 2.1 AA on every view, in both themes, by axe-core."""

import pytest
from playwright.sync_api import BrowserContext

from tests.support.page_browser import Opened, violations
from tests.support.page_samples import hostile

PANEL = "&case=masking.lost&target=keras-3.3&mode=jit"
VIEWS = ["upgrade", "matrix", "layers", "about"]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("beside", ["", PANEL, "&target=keras-3.8"], ids=["alone", "case", "column"])
def test_every_view(opened: Opened, view: str, beside: str) -> None:
    assert violations(opened(fragment=f"#view={view}{beside}")) == []


@pytest.mark.parametrize("view", ["upgrade", "matrix"])
def test_with_all_filters_and_complaints(opened: Opened, view: str) -> None:
    everything = "&q=statu:x+status:y+mode:+tag:m&severity=silent&feature=Merge&verdict=deviates&differ=1"
    page = opened(fragment=f"#view={view}{everything}")
    for summary in page.locator("main summary:visible").all():
        summary.click()
    assert violations(page) == []


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [400, 1280])
def test_narrow_and_hostile(opened: Opened, context: BrowserContext, view: str, width: int) -> None:
    page = opened(hostile(), f"#view={view}")
    page.set_viewport_size({"width": width, "height": 800})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
