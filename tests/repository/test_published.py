"""What is published in reports/history: complete, made by this code, and every deviation explained."""

import json
import random
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from conformance import cli, results
from conformance.judging import expectations, gate, judge
from conformance.project import Project
from conformance.report import documents
from conformance.report.folder import write_report
from conformance.repro.suite_scripts import scripts_for
from conformance.targets import registry
from tests.support.paths import PUBLISHED, ROOT

REPORTED = ("index.html", "summary.md", "badge.svg")
"""What is in the tree of what `conformance report` writes."""
SOME = 400
"""As many of the cells, observations and values are held against the schema; `results.read` checks all."""


@pytest.fixture(scope="module")
def published() -> results.Results:
    return results.read(PUBLISHED)


def without_stamp(content: bytes) -> bytes:
    """The page but for what tells that another program would write it again: that changes with every line of code."""
    return re.sub(rb'(<meta name="made-from" content=")[0-9a-f]{16}"', rb"\1", content)


def test_the_file_follows_the_schema_and_the_rules_of_the_reader(tmp_path: Path) -> None:
    raw = results.read_bytes(PUBLISHED / "results.json.gz")
    (tmp_path / "results.json").write_bytes(raw)
    results.read(tmp_path)  # what is published is trusted where it lies: here it is checked
    data = json.loads(raw)
    for name in ("cells", "observations", "values"):
        items = data[name] if name == "cells" else list(data[name].items())
        chosen = random.Random(20).sample(items, SOME)
        data[name] = chosen if name == "cells" else dict(chosen)
    jsonschema.validate(data, results.schema())


def test_it_is_complete(published: results.Results) -> None:
    assert published.problems == []
    assert [t.reason for t in published.targets] == [None] * len(published.targets)
    planned = sum(
        len(case.modes_on(target.modes, target.id)) for case in published.cases for target in published.targets
    )
    assert len(published.cells) == planned
    assert published.cells == results.in_order(published)
    assert not any(cell.verdict in ("not-run", "times-out") for cell in published.cells)


@pytest.mark.filterwarnings("default:declared, and not in reports")  # for the reader; not the failure that others are
def test_the_targets_are_declared_ones_in_their_order(published: results.Results) -> None:
    """A new target may come before its measurement; one that is gone may not stay."""
    declared = [target.id for target in registry.load()]
    measured = [target.id for target in published.targets]
    gone = [id for id in measured if id not in declared]
    assert not gone, f"{', '.join(gone)} in reports/history: no longer declared; `nox -s history` measures anew"
    in_order = [id for id in declared if id in measured]
    assert measured == in_order, "reports/history has its targets in another order than conformance/targets.toml"
    if new := [id for id in declared if id not in measured]:
        warnings.warn(f"declared, and not in reports/history yet: {', '.join(new)}", stacklevel=1)


@pytest.mark.no_cover  # it takes long, and traced twice as long
def test_what_stands_beside_it_is_of_this_code(published: results.Results, tmp_path: Path) -> None:
    before = [(c.verdict, c.fingerprint) for c in published.cells]
    judge.judge_all(published)
    assert [(c.verdict, c.fingerprint) for c in published.cells] == before
    shutil.copy(PUBLISHED / "results.json.gz", tmp_path)
    project = Project()
    scripts = scripts_for(published, project.bundle, project.targets)
    write_report(published, expectations.load(), tmp_path, lambda _: scripts)
    for name in ("results.json.gz", *REPORTED):
        made, there = (without_stamp((folder / name).read_bytes()) for folder in (tmp_path, PUBLISHED))
        assert made == there, f"write {name} again: nox -s report"


def test_every_deviation_is_expected(published: results.Results) -> None:
    assert gate.find_unexpected(published, expectations.load()) == []


def test_the_documents_are_those_of_these_cases_and_results(published: results.Results) -> None:
    for name, text in documents.documents(Project().cases(), published, expectations.load()):
        assert (ROOT / "docs" / name).read_text() == text, f"write docs/{name} again: nox -s docs"


def test_it_names_no_folder_of_the_machine_it_was_made_on() -> None:
    text = results.read_bytes(PUBLISHED / "results.json.gz").decode()
    assert not re.search(r"(?<![\w.])/(root|home|tmp|usr|work)/", text)


def test_what_changes_with_every_measurement_is_small(published: results.Results) -> None:
    stored = PUBLISHED / "results.json.gz"
    assert stored.stat().st_size < len(results.read_bytes(stored)) / 10
    listed = subprocess.run(["git", "check-ignore", "junit.xml", "changes.json"], cwd=PUBLISHED, capture_output=True)
    assert listed.stdout.split() == [b"junit.xml", b"changes.json"], "they are made again from the results"


def test_it_is_found_from_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["compare", "tf-2.15", "keras-3.15", "--case", "merge.add.one-masked"]
    done = CliRunner().invoke(cli.main, arguments)
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("Results: what is published with this program, measured 20")
    assert str(PUBLISHED / "results.json.gz") in done.stderr
