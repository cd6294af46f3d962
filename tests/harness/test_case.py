"""What a test must say of itself to be a case, and how one runs by hand, without the host side."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.local.bundle import make_bundle
from conformance.local.errors import UsageError
from conformance.results import Thinning
from conformance.suite import catalogue
from conformance.vocabulary import MODES
from conformance.worker import execute, frontend
from conformance.worker.case import FIXTURES
from tests.support.fakes import FAKES

CASE = '''
"""Good masks.

What they are good for.
"""
import pytest

VALUES = [(1, "a"), (2, None), (3, [4])]


@pytest.fixture
def own():
    return 1


@pytest.mark.case("good.case", documented="somewhere", tags=["Masking"])
@pytest.mark.parametrize("number, other", VALUES, ids=["one", "two", "three"])
def test_case({arguments}):
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
    "cases have no fixture own": CASE.format(arguments="record, number, other, own"),
    "cases have no fixture tmp_path": CASE.format(arguments="record, number, other, tmp_path"),
    "a case needs the fixture `record`, otherwise it observes nothing": CASE.format(arguments="number, other"),
    "needs a title and, after an empty line, a contract": re.sub(
        r'"""A title.*"""', '"""A title."""', GOOD, flags=re.DOTALL
    ),
    "the values of parametrize must be a plain list": GOOD.replace("VALUES, ids", "iter(VALUES), ids"),
    "test_good.py::test_it: the function of case 'good.case' is test_it, it must be test_case": GOOD.replace(
        "def test_case", "def test_it"
    ),
    "test_good.py::test_case: the file of case 'fine-masks.case' is test_good.py, it must be test_fine_masks.py or "
    "test_fine_masks_<topic>.py": GOOD.replace("good.case", "fine-masks.case"),
    "test_good.py: the file needs a docstring whose first paragraph is the title of its area": GOOD.replace(
        GOOD[: GOOD.index("import pytest")], ""
    ),
    "tag '{kind}' names no parameter of the case": GOOD.replace('"Masking"', '"{kind}"'),
    "no mode of the variant (jit) is one of the case": GOOD.replace("tags=", 'modes=["eager"], tags=').replace(
        '(1, "a")', 'pytest.param(1, "a", marks=pytest.mark.variant(modes=["jit"]))'
    ),
    "name 'undefined' is not defined": GOOD + "\nundefined\n",
}


def empty(folder: Path) -> Path:
    """A folder for cases, without one."""
    cases = folder / "cases"
    cases.mkdir()
    (cases / "conftest.py").write_text('pytest_plugins = ["conformance.worker.pytest_plugin"]\n')
    (cases / "pytest.ini").write_text("[pytest]\n")
    return cases


def listed(folder: Path, text: str, file: str = "test_good.py") -> list[catalogue.Listed]:
    cases = empty(folder)
    (cases / file).write_text(text)
    return catalogue.listed(make_bundle(folder / "cache", cases))


def test_a_case_is_listed_with_its_parameters(tmp_path: Path) -> None:
    found = {one.case.id: one for one in listed(tmp_path, GOOD)}
    assert [*found] == ["good.case[one]", "good.case[two]", "good.case[three]"]
    case = found["good.case[two]"].case
    assert (case.title, case.contract) == ("A title over two lines.", "A contract.")
    assert (case.basis, case.source, case.severity) == ("documented", "somewhere", "silent")
    assert (case.area, case.file, case.function, case.tags) == ("Good masks", "test_good.py", "test_case", ["Masking"])
    assert case.code.splitlines()[0].startswith('@pytest.mark.case("good.case"') and case.line == 16
    assert found["good.case[two]"].parameters == {"number": (1, "2"), "other": (1, "None")}
    assert found["good.case[one]"].parameters == {"number": (0, "1"), "other": (0, '"a"')}
    assert found["good.case[three]"].parameters == {"number": (2, "3"), "other": (2, None)}


def test_a_variant_has_tags_and_modes_of_its_own_and_may_have_no_name(tmp_path: Path) -> None:
    kinds = (
        '@pytest.mark.parametrize("kind", [pytest.param("SimpleRNN", id=""), pytest.param("GRU-reset-before", '
        'id="GRU-reset-before", marks=pytest.mark.variant(modes=["graph | session", "jit"]))])\n'
    )
    text = GOOD.replace("def test_case(", kinds + "def test_case(kind, ").replace("VALUES, ids=", "VALUES[:1], ids=")
    text = text.replace('ids=["one", "two", "three"]', 'ids=["one"]').replace(
        'tags=["Masking"]', 'tags=["{kind}", "Masking"], modes=["eager", "graph"]'
    )
    found = [(one.case.id, one.case.tags, one.case.modes) for one in listed(tmp_path, text)]
    assert found == [
        ("good.case[one]", ["SimpleRNN", "Masking"], ["eager", "graph"]),
        ("good.case[GRU-reset-before-one]", ["GRU", "Masking"], ["graph"]),
    ]


@pytest.mark.parametrize(
    ("id", "function", "file"),
    [
        ("good.case", "test_case", "test_good_on_topic.py"),
        ("very-good.case", "test_case", "test_very_good.py"),
        ("very-good.case", "test_case", "test_very_good_on_topic.py"),
        ("good.case.of-some.kind-2", "test_case_of_some_kind_2", "test_good.py"),
    ],
)
def test_function_and_file_follow_from_the_id(id: str, function: str, file: str, tmp_path: Path) -> None:
    text = GOOD.replace("good.case", id).replace("test_case", function)
    assert {one.case.id.partition("[")[0] for one in listed(tmp_path, text, file)} == {id}


@pytest.mark.parametrize("file", ["test_very.py", "test_goodness.py", "test_good_.py", "test_on_good.py"])
def test_a_file_of_another_area_is_refused(file: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"'good.case' is {file}, it must be test_good.py or test_good_<topic>.py"):
        listed(tmp_path, GOOD, file)


@pytest.mark.parametrize("message", BAD)
def test_a_case_that_says_too_little_or_too_much_is_refused(message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the cases cannot be collected") as refusal:
        listed(tmp_path, BAD[message])
    assert message in str(refusal.value)


def test_files_without_a_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^the cases cannot be collected: there are none in .*/cases$"):
        catalogue.collect(make_bundle(tmp_path / "cache", empty(tmp_path)))
    (tmp_path / "cases" / "test_good.py").write_text("# no test\n")
    with pytest.raises(UsageError, match="(?s)^the cases cannot be collected:.*pytest exit code 5, 0 cases"):
        catalogue.collect(make_bundle(tmp_path / "cache", tmp_path / "cases"))


def by_hand(*options: str, fault: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", str(FAKES / "cases"), *options]
    path = os.pathsep.join([str(FAKES), str(FAKES.parent.parent)])
    env = {**os.environ, "PYTHONPATH": path, "FAKE_FAULT": fault}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)


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
    done = by_hand("-q", "-k", case, *options)
    assert re.search(told, done.stdout), done.stdout


def test_by_hand_the_header_says_what_the_cases_run_on() -> None:
    lines = by_hand("-k", "test_masking", "--mode", "eager", "--mode", "graph").stdout.splitlines()
    (front_end,) = [line for line in lines if line.startswith("front end: ")]
    python = ".".join(map(str, sys.version_info[:3]))
    assert re.fullmatch(rf"front end: keras 0\.1 on numpy \(numpy [\d.]+\), Python {python}", front_end)
    assert "modes: eager" in lines
    assert "skipped: there is no mode 'graph' on numpy in a process with eager, graph" in lines


@pytest.mark.parametrize("options", [(), ("-q",)])
def test_by_hand_without_a_keras_that_is_said_once(options: tuple[str, ...]) -> None:
    done = by_hand("--front-end", "keras", *options, fault="no-import")
    why = "no case can run: libfake.so.1: cannot open shared object file"
    assert done.returncode == 4 and why in done.stdout + done.stderr and "Error" not in done.stdout


def test_cases_are_listed_without_a_keras() -> None:
    done = by_hand("--collect-only", fault="no-import")
    assert done.returncode == 0 and "no case can run" not in done.stdout


def test_every_keras_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keras", "tensorflow", "tf_keras"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(ImportError) as raised:
        frontend.detect()
    names = re.findall(r"(\S+) \(import of (\w+) halted", str(raised.value))
    assert names == [("keras", "keras"), ("tf.keras", "tensorflow"), ("tf_keras", "tf_keras")]
    assert str(raised.value).startswith("no Keras can be imported here: neither keras (")


class FakeModes(execute.CaseRunner):
    """Nothing is imported or started."""

    def start(self) -> execute.CaseRunner:
        self.front = type("FrontEnd", (), {"keras": "keras", "ops": "ops", "tf": "tf"})
        self.modes = {"eager": type("Mode", (), {"name": "eager"})}
        self.mask_of = "mask_of"
        return self


def test_a_case_may_ask_for_what_it_can_be_given() -> None:
    made = FakeModes(None, ["eager"]).start().make_fixtures("eager")
    assert {*made, "monkeypatch"} == {*FIXTURES}


EVIDENCE = {"mode": "jit", "covered_by": "graph", "seen": "2026-11-29", "targets": ["tf-2.15"]}


def with_thinned(*thinned: object, modes: object = None) -> str:
    assert GOOD.count("documented=") == 1
    return GOOD.replace("documented=", f"thinned={[*thinned]!r}, modes={modes or [*MODES]!r}, documented=")


def test_a_thinned_mode_is_listed_with_its_evidence(tmp_path: Path) -> None:
    first, *_ = listed(tmp_path, with_thinned(EVIDENCE))
    assert first.case.thinned == [Thinning(**EVIDENCE)]  # type: ignore[arg-type]
    assert first.case.modes == [*MODES]
    assert first.case.modes_on(MODES, "tf-2.15") == ["eager", "graph", "session"]
    assert first.case.modes_on(MODES, "tf-2.16") == first.case.modes_on(MODES) == [*MODES]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_thinned("jit"), "each of thinned needs mode, covered_by, seen, targets and nothing else, got 'jit'"),
        (with_thinned({"mode": "jit", "covered_by": "graph"}), "each of thinned needs mode"),
        (with_thinned({**EVIDENCE, "targets": []}), "thinned needs evidence: when 'jit' was seen"),
        (with_thinned({**EVIDENCE, "seen": "lately"}), "thinned: seen must be a date, got 'lately'"),
        (with_thinned(EVIDENCE, modes=["eager", "graph"]), "thinned names 'jit', which is none of its modes"),
        (with_thinned({**EVIDENCE, "covered_by": "jit"}), "thinned: mode 'jit' cannot cover itself"),
    ],
)  # fmt: skip
def test_a_thinning_without_evidence_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        listed(tmp_path, text)
