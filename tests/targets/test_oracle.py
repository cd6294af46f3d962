"""The oracle computes what real layers compute where nothing is masked: three generations of Keras, no expectation."""

import shutil

import pytest

from conformance.local.bundle import make_bundle
from conformance.local.paths import cases_folder
from conformance.project import Project
from conformance.results import Results
from conformance.run.api import RunRequest, run
from conformance.suite import catalogue
from conformance.targets import registry
from tests.support.paths import TESTS

GENERATIONS = ("tf-1.15", "tf-2.15", "keras-3.15")
HAVE_NOT = {("oracle.multi-head-attention", "tf-1.15")}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The cases in oracle_cases/, with the oracle beside them, run on real targets."""
    folder = tmp_path_factory.mktemp("oracle") / "cases"
    shutil.copytree(TESTS / "oracle_cases", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in cases_folder().glob("oracle*.py"):
        shutil.copy(path, folder)
    bundle = make_bundle(folder.parent / "cache", folder)
    cases = catalogue.collect(bundle)
    chosen = [target for target in registry.load() if target.id in GENERATIONS]
    return run(
        RunRequest(
            cases=cases,
            targets=[Project().prepare(target) for target in chosen],
            bundle=bundle,
            cache=folder.parent / "cache",
            modes=["eager"],
        )
    )


def test_every_layer_agrees(found: Results) -> None:
    assert found.problems == []
    wrong = {(c.case, c.target): (c.verdict, c.reason) for c in found.cells if c.verdict != "conforms"}
    assert set(wrong) == HAVE_NOT, wrong
    assert len(found.cells) == len(GENERATIONS) * len(found.cases) > 40


def test_no_function_is_left_out() -> None:
    """What defines a mask cannot be held against a layer without one: `masking`, and what is made of it."""
    names = {
        line.split()[1].split("(")[0]
        for line in (cases_folder() / "oracle.py").read_text().splitlines()
        if line.startswith("def ") and not line.startswith("def _")
    }
    text = (TESTS / "oracle_cases" / "test_oracle.py").read_text()
    assert {n for n in names if f"oracle.{n}" not in text} == {"masking", "masking_output", "sigmoid"}
