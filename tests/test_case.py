"""What a test must say of itself to be a case, and how one runs by hand, without the host side."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.local.bundle import make_bundle
from conformance.local.errors import UsageError
from conformance.suite import catalogue
from conformance.worker import execute
from conformance.worker.case import FIXTURES
from tests.conftest import FAKES

CASE = '''
import pytest

VALUES = [(1, "a"), (2, None), (3, [4])]


@pytest.fixture
def own():
    return 1


@pytest.mark.case("good.case", documented="somewhere", tags=["Masking"])
@pytest.mark.parametrize("number, other", VALUES, ids=["one", "two", "three"])
def test_it({arguments}):
    """A title
    over two lines.

    A contract.
    """
    record("sum", number, expected=number)
'''
GOOD = CASE.format(arguments="record, number, other")
BAD = {
    "one dotted id": GOOD.replace('"good.case"', '"Good"'),
    "needs exactly one of documented, established": GOOD.replace("documented=", "reason="),
    "unknown severity 'bad'": GOOD.replace("tags=", 'severity="bad", tags='),
    "tags must be a list": GOOD.replace('["Masking"]', '"Masking"'),
    "does not know colour, fast": GOOD.replace("tags=", 'colour=1, modes=["eager | fast"], tags='),
    "does not know theano": GOOD.replace("tags=", 'backends=["theano"], tags='),
    "there is no fixture own for cases": CASE.format(arguments="record, number, other, own"),
    "there is no fixture tmp_path": CASE.format(arguments="record, number, other, tmp_path"),
    "without the fixture `record` observes nothing": CASE.format(arguments="number, other"),
    "needs a title and, below, a contract": re.sub(r'"""A title.*"""', '"""A title."""', GOOD, flags=re.DOTALL),
    "values of parametrize stand in a list": GOOD.replace("VALUES, ids", "[pytest.param(*v) for v in VALUES], ids"),
    "is used twice": GOOD + GOOD.replace("test_it", "test_again"),
    "name 'undefined' is not defined": GOOD + "\nundefined\n",
}


def listed(folder: Path, text: str) -> list[catalogue.Listed]:
    cases = folder / "cases"
    cases.mkdir()
    (cases / "conftest.py").write_text('pytest_plugins = ["conformance.worker.pytest_plugin"]\n')
    (cases / "pytest.ini").write_text("[pytest]\n")
    (cases / "test_one.py").write_text(text)
    return catalogue.listed(make_bundle(folder / "cache", cases))


def test_a_case_is_listed_with_its_parameters(tmp_path: Path) -> None:
    found = {one.case.id: one for one in listed(tmp_path, GOOD)}
    assert [*found] == ["good.case[one]", "good.case[two]", "good.case[three]"]
    case = found["good.case[two]"].case
    assert (case.title, case.contract) == ("A title over two lines.", "A contract.")
    assert (case.basis, case.source, case.severity) == ("documented", "somewhere", "silent")
    assert (case.file, case.function, case.tags) == ("test_one.py", "test_it", ["Masking"])
    assert case.code.splitlines()[0].startswith('@pytest.mark.case("good.case"') and case.line == 12
    assert found["good.case[two]"].parameters == {"number": (1, "2"), "other": (1, "None")}
    assert found["good.case[one]"].parameters == {"number": (0, "1"), "other": (0, '"a"')}
    assert found["good.case[three]"].parameters == {"number": (2, "3"), "other": (2, None)}


@pytest.mark.parametrize("message", BAD)
def test_a_case_that_says_too_little_or_too_much_is_refused(message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the cases cannot be collected") as refusal:
        listed(tmp_path, BAD[message])
    assert message in str(refusal.value)


def by_hand(*options: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(FAKES / "cases"), *options]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FAKES), str(FAKES.parent.parent)])}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60).stdout


@pytest.mark.parametrize(
    ("case", "options", "told"),
    [
        ("test_masking", (), r"1 passed"),
        ("test_deviates", (), r"FAILED .*test_deviates.*\n.*1 failed"),
        ("test_masking", ("--mode", "graph"), r"SKIPPED .* there is no mode 'graph'"),
        ("test_own_mistake", (), r"FAILED"),
    ],
)
def test_by_hand_a_case_is_a_test(case: str, options: tuple[str, ...], told: str) -> None:
    assert re.search(told, by_hand("-k", case, *options)), by_hand("-k", case, *options)


class FakeModes(execute.CaseRunner):
    """Nothing is imported or started."""

    def start(self) -> execute.CaseRunner:
        self.front = type("FrontEnd", (), {"keras": "keras", "ops": "ops", "tf": "tf"})
        self.modes = {"eager": type("Mode", (), {"name": "eager"})}
        self.mask_of = "mask_of"
        return self


def test_a_case_may_ask_for_what_it_can_be_given() -> None:
    given = FakeModes(None, ["eager"]).start().given("eager")
    assert {*given, "monkeypatch"} == {*FIXTURES}
