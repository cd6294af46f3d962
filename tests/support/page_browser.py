"""Pages in a real browser, from a file, without a server; and what the tests look for in them."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from conformance.judging.expectations import Expectation
from conformance.report import page as report
from conformance.report.data import page_data
from conformance.results import Results
from tests.support.browser import launch
from tests.support.page_samples import sample

Opened = Callable[..., Page]
Comparing = Callable[..., Page]
COMPARING = ("dom.js", "data.js", "agree.js", "difference.js", "changes.js")
EXPORTED = (
    *("DATA", "TARGETS", "CASES", "cellOf", "index", "agree", "wrongElements", "sameBehaviour", "describeChange"),
    *("oneLine", "threeDigits", "sixDigits", "changesBetween", "countChanges", "statusOf", "defaultPair"),
)

WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
OF_COLORS = ["color-contrast", "link-in-text-block"]  # all that a theme can change


@pytest.fixture(scope="package")  # for all of tests/page
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(5000)
    yield context
    context.close()


@pytest.fixture
def opened(context: BrowserContext, tmp_path: Path) -> Iterator[Opened]:
    """Function: the page of these results, from a file. Nothing may be loaded or complained of, whatever is done."""
    complaints: list[str] = []

    def open_page(shown: Results | None = None, fragment: str = "", html: str | None = None) -> Page:
        file = tmp_path / "index.html"
        file.write_text(html or report.render(shown or sample()), encoding="utf-8")
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto(file.as_uri() + fragment)
        return page

    yield open_page
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="module")
def comparing(browser: Browser) -> Iterator[Comparing]:
    """Function: a page of these results with nothing but the scripts that compare, as properties of the window."""
    pages = []

    def open_page(found: Results, known: Sequence[Expectation] = ()) -> Page:
        data = report.packed(page_data(found, known))
        script = f"{report.joined(COMPARING)}Object.assign(window, {{{', '.join(EXPORTED)}}})"
        page = browser.new_page()
        pages.append(page)
        page.set_content(f'<script id="data" type="text/plain">{data}</script><script type="module">{script}</script>')
        page.wait_for_function("Boolean(window.changesBetween)")
        return page

    yield open_page
    for page in pages:
        page.close()


def with_script(html: str, code: str) -> str:
    """A rendered page whose script ends with this code, so that it sees what no property of the window is."""
    before, begin, rest = html.rpartition('<script type="module">')
    script, end, after = rest.partition("</script>")

    def allowed(text: str) -> str:  # by the content security policy, which allows exactly one script
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert before.count(allowed(script)) == 1
    return before.replace(allowed(script), allowed(script + code)) + begin + script + code + end + after


def computed(page: Page, function: str, argument: Any) -> Any:
    """What a function of the page returns, as JSON: Playwright's own form of a large answer takes a minute to read."""
    answer = f"text => JSON.stringify(({function})(JSON.parse(text)), (_, value) => value === undefined ? null : value)"
    return json.loads(page.evaluate(answer, json.dumps(argument)))


def cell_at(page: Page, case: str, column: str) -> Locator:
    row = page.locator("tr.case").filter(has=page.get_by_text(case, exact=True))
    return row.locator(f"td[aria-label^='{column}:']")


def panel_of(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Details")


def marks(cell: Locator) -> list[str]:
    return [name.split()[1] for name in cell.locator(".mark").evaluate_all("all => all.map((mark) => mark.className)")]


def violations(page: Page) -> list[str]:
    """Return what breaks WCAG 2.1 AA in either theme."""
    found = []
    for scheme, kind, chosen in (("light", "tag", WCAG_AA), ("dark", "rule", OF_COLORS)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        options = {"runOnly": {"type": kind, "values": chosen}, "resultTypes": ["violations"]}
        found += [(scheme, each) for each in Axe().run(page, options=options).response["violations"]]
    return [
        f"{scheme}: {each['id']}: {node['html']} {node['failureSummary']}"
        for scheme, each in found
        for node in each["nodes"]
    ]
