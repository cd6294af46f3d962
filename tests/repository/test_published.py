"""What is published in reports/history: complete, made by this code, and every deviation explained."""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from conformance import results
from conformance.judging import expectations, gate, judge
from conformance.report import BESIDE, documents, write_report
from conformance.repro.suite_scripts import scripts_for
from conformance.targets import registry
from tests.support.paths import PUBLISHED, ROOT


@pytest.fixture(scope="module")
def published() -> results.Results:
    return results.read(PUBLISHED)


def test_it_is_valid_and_complete(published: results.Results) -> None:
    jsonschema.validate(json.loads((PUBLISHED / "results.json").read_text()), results.schema())
    assert published.problems == []
    assert [t.id for t in published.targets] == [t.id for t in registry.choose(registry.load(), [], "history")]
    assert [t.reason for t in published.targets] == [None] * len(published.targets)
    planned = sum(len(case.modes_on(target.modes)) for case in published.cases for target in published.targets)
    assert len(published.cells) == planned
    assert not any(cell.verdict in ("not-run", "times-out") for cell in published.cells)


def test_verdicts_page_and_what_is_beside_it_are_those_of_this_code(published: results.Results, tmp_path: Path) -> None:
    before = [(c.verdict, c.fingerprint) for c in published.cells]
    judge.judge_all(published)
    assert [(c.verdict, c.fingerprint) for c in published.cells] == before
    shutil.copy(PUBLISHED / "results.json", tmp_path)
    write_report(published, expectations.load(), tmp_path, scripts_for)
    for name in ("results.json", "index.html", *(name for name in BESIDE if name != "junit.xml")):
        assert (tmp_path / name).read_bytes() == (PUBLISHED / name).read_bytes(), f"write {name} again: nox -s report"


def test_every_deviation_is_expected(published: results.Results) -> None:
    assert gate.surprises(published, expectations.load()) == []


def test_the_documents_are_those_of_these_results(published: results.Results) -> None:
    for name, text in documents.documents(published, expectations.load()):
        assert (ROOT / "docs" / name).read_text() == text, f"write docs/{name} again: nox -s docs"


def test_it_names_no_folder_of_the_machine_it_was_made_on(published: results.Results) -> None:
    text = (PUBLISHED / "results.json").read_text()
    assert not re.search(r"(?<![\w.])/(root|home|tmp|usr|work)/", text)
