"""The stand-alone scripts on the page are those of `conformance repro`."""

import itertools
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from conformance import repro
from conformance.cache import cache_folder
from conformance.local.bundle import make_bundle
from conformance.local.errors import UsageError
from conformance.report import page as report
from conformance.repro.parts import Parts
from conformance.repro.stored import Stored, script
from conformance.repro.suite_scripts import parts_of, scripts_for
from conformance.results import Case, Results
from conformance.suite.catalogue import collect
from conformance.targets import registry
from tests.support.page_browser import Opened, panel_of, with_script
from tests.support.page_samples import Made, sample


def scripts(found: Results) -> Stored | None:
    return scripts_for(found, make_bundle(cache_folder()), registry.load())


@pytest.fixture(scope="module")
def suite() -> Results:
    """Every case of the suite, measured nowhere, on some declared columns."""
    made = Made()
    for id in ("tf-1.15", "tf-2.15", "keras-3.15", "keras-3.15+jax"):
        target = next(target for target in registry.load() if target.id == id)
        made.target(
            id, target.title, target.front_end, backend=target.backend, pins=target.pins(), lacks=dict(target.lacks)
        )
    made.results.cases = collect(make_bundle(cache_folder()))
    return made.results


EXPORT = """
window.scripts = (asked) => asked.map(([id, target, mode]) => scriptOf(caseOf(id), targetOf(target), mode));
"""


@pytest.fixture
def joining(opened: Opened, suite: Results) -> Page:
    page = opened(html=with_script(report.render(suite, scripts=scripts(suite)), EXPORT))
    page.wait_for_function("Boolean(window.scripts)")
    return page


def printed(parts: Parts, target: str, mode: str) -> str | None:
    """What `conformance repro` prints."""
    try:
        return repro.script(next(one for one in registry.load() if one.id == target), mode, parts)
    except UsageError:
        return None


@pytest.mark.no_cover  # it takes long, and traced twice as long
def test_the_page_joins_what_repro_prints(joining: Page, suite: Results) -> None:
    parts = parts_of(make_bundle(cache_folder()))
    places = itertools.cycle([(target.id, mode) for target in suite.targets for mode in target.modes])
    asked = [(case.id, *next(places)) for case in suite.cases]
    shown = joining.evaluate("asked => scripts(asked)", asked)
    assert shown == [printed(parts[id], *place) for id, *place in asked]
    assert sum(text is not None for text in shown) > 0.9 * len(shown)


def test_there_is_none_of_another_version_of_a_case_or_column(suite: Results) -> None:
    assert scripts(sample()) is None
    first, second = suite.cases[:2]
    changed = msgspec.structs.replace(suite, cases=[first, msgspec.structs.replace(second, digest="x")])
    stored = scripts(changed)
    assert stored is not None and list(stored.cases) == [first.id]
    other = msgspec.structs.replace(suite.targets[0], pins=["numpy==1.0"])
    stored = scripts(msgspec.structs.replace(suite, targets=[other, *suite.targets[1:]]))
    assert stored is not None and other.id not in stored.columns


def test_it_is_shown_and_copied(opened: Opened, suite: Results, context: Any) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    case = suite.cases[0]
    page = opened(html=report.render(cell_of(suite, case), scripts=scripts(suite)), fragment=f"#case={case.id}")
    panel = panel_of(page)
    panel.get_by_text("Standalone script").click()
    shown = panel.locator(".script pre")
    expect(shown).to_contain_text("# /// script")
    panel.get_by_role("button", name="Copy script").click()
    expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == shown.inner_text()


def cell_of(suite: Results, case: Case) -> Results:
    made = Made()
    made.results.targets, made.results.cases = suite.targets[2:3], [case]
    made.cell(case.id, suite.targets[2].id, "eager", {"n": (1, 1)})
    return made.judged()


def test_a_cell_that_ends_its_process_has_no_script(opened: Opened, suite: Results) -> None:
    case, target = suite.cases[0], suite.targets[2]
    made = Made()
    made.results.targets, made.results.cases = [target], [case]
    made.cell(case.id, target.id, "eager", status="crashed", reason="killed by SIGABRT")
    found = made.judged()
    stored = scripts(found)
    assert stored is not None
    with pytest.raises(KeyError, match="ends its process"):
        script(stored, case.id, target.id, "eager")
    page = opened(html=report.render(found, scripts=stored), fragment=f"#case={case.id}&target={target.id}&mode=eager")
    expect(panel_of(page).get_by_text("No script: it would end its process.")).to_be_visible()
    expect(panel_of(page).get_by_text("Standalone script")).to_have_count(0)
