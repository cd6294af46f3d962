"""The clauses of a layer as tests of pytest, and the plug-in that counts them, without a Keras."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.checks import BadInput
from conformance.checks.clause import names
from conformance.checks.pytest_adapter import BoundClause, LazyExamination
from conformance.checks.records import Record, Records


class FakeExamination:
    def __init__(self, status: str):
        self.status = status

    def record(self, clause: object) -> Record:
        return Record(clause, ["eager"], self.status, "so", ["line"], "repair")

    def collected(self, found: list[Record]) -> Records:
        return Records("Mine", "consumer", None, "keras", {"keras": "3.15.1"}, ["eager"], found)


@pytest.mark.parametrize(
    ("status", "outcome", "says"),
    [
        ("passed", None, ""),
        ("failed", "Failed", "C4-padding-invariance  failed (eager): so\n    line\n    repair: repair"),
        ("unexpected-pass", "Failed", "passed unexpectedly"),
        ("error", "Failed", "could not be checked"),
        ("expected", "XFailed", "so"),
        ("keras", "Skipped", "caused by Keras (eager): so"),
        ("not-applicable", "Skipped", "not applicable (eager): so"),
    ],
)
def test_a_clause_is_a_test(status: str, outcome: str | None, says: str) -> None:
    clause = BoundClause("C4-padding-invariance", LazyExamination(lambda: FakeExamination(status)))
    try:
        clause()
    except BaseException as ended:
        assert type(ended).__name__ == outcome and says in str(ended)
    else:
        assert outcome is None
    assert clause.record.status == status


def test_bad_input_fails_every_clause_in_one_line() -> None:
    def refuse() -> None:
        calls.append(1)
        raise BadInput("give it arguments")

    calls: list[int] = []
    examination = LazyExamination(refuse)
    for name in names():
        with pytest.raises(BaseException, match="^give it arguments$"):
            BoundClause(name, examination)()
    assert calls == [1]


PLUGGED = """
import pytest

class Clause:
    is_clause_of_mask_contract = True
    def __init__(self, id, outcome):
        self.id, self.outcome = id, outcome
    def __call__(self):
        {"fail": pytest.fail, "skip": pytest.skip, "xfail": pytest.xfail, "pass": lambda _: None}[self.outcome]("so")

@pytest.mark.parametrize("clause", [Clause(o, o) for o in ("pass", "fail", "skip", "xfail", "pass")])
def test_mine(clause):
    clause()

def test_other():
    pass
"""


def pytest_run(folder: Path, *options: str) -> str:
    (folder / "test_mine.py").write_text(PLUGGED)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder, *options]
    return subprocess.run(command, capture_output=True, text=True).stdout


def test_the_plug_in_counts_clauses(tmp_path: Path) -> None:
    """By its entry point, as wherever the package is installed."""
    said = pytest_run(tmp_path, "--mask-front-end", "tf_keras")
    assert "mask contract: 5 clauses: 2 passed, 1 failed, 1 failed as expected, 1 skipped" in said
    assert "mask contract" not in pytest_run(tmp_path, "-k", "other")
