"""Declared crashes: cells that are known to end their process are not executed, and have no script."""

import datetime
from pathlib import Path

import msgspec
import pytest

from conformance import results
from conformance.judging import crashes
from conformance.judging.crashes import DeclaredCrash, DeclaredCrashes
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.repro.request import make_request
from conformance.repro.stored import script
from conformance.repro.suite_scripts import scripts_for
from conformance.results import Results
from tests.support.fakes import FAKES, Command, FakeRuns, fake_target
from tests.support.paths import PUBLISHED

WHAT = "killed by SIGSEGV in the fake"


def declared(*cases: str, version: str = "") -> DeclaredCrashes:
    """Of the fake, which has no TensorFlow."""
    seen = datetime.date(2026, 11, 30)
    return DeclaredCrashes(
        [DeclaredCrash(cases=[*cases], targets={"fake-0.1": version}, modes=["eager"], what=WHAT, seen=seen)]
    )


def run(
    run_fake: FakeRuns, found: DeclaredCrashes, *patterns: str, execute: bool = False, name: str = "fake-0.1"
) -> Results:
    target = fake_target(name)
    return run_fake(target, patterns=patterns, modes=("eager",), crashes=found, execute_crashes=execute)


def verdicts(found: Results) -> dict[str, str]:
    return {cell.case: cell.verdict for cell in found.cells}


def test_a_declared_cell_is_not_executed(run_fake: FakeRuns) -> None:
    found = run(run_fake, declared("bad.segfault"), "bad.segfault")
    (cell,) = found.cells
    assert (cell.verdict, cell.reason) == ("crashes", f"{WHAT}; seen 2026-11-30, not executed again")
    assert cell.observation and found.observations[cell.observation].status == "crashed" and found.problems == []


def test_the_others_of_its_target_are(run_fake: FakeRuns) -> None:
    found = run(run_fake, declared("bad.segfault"), "bad.segfault", "good.masking")
    assert verdicts(found) == {"bad.segfault": "crashes", "good.masking": "conforms"}
    assert found.problems == []


@pytest.mark.parametrize(("version", "name"), [("9.8", "fake-0.1"), ("", "fake-0.2")])
def test_it_holds_for_no_other_version_and_target(run_fake: FakeRuns, version: str, name: str) -> None:
    found = run(run_fake, declared("good.masking", version=version), "good.masking", name=name)
    assert verdicts(found) == {"good.masking": "conforms"} and found.problems == []


def test_executed_on_purpose_a_repaired_cell_is_a_problem(run_fake: FakeRuns) -> None:
    found = run(run_fake, declared("good.masking", "bad.segfault"), "good.masking", "bad.segfault", execute=True)
    assert verdicts(found) == {"good.masking": "conforms", "bad.segfault": "crashes"}
    assert found.problems == [
        "good.masking fake-0.1 eager is declared in crashes.toml to end its process, but did not (completed)"
    ]
    (cell,) = (cell for cell in found.cells if cell.case == "bad.segfault")
    assert cell.reason and cell.reason.startswith("killed by SIG") and WHAT not in cell.reason


def test_on_a_target_that_cannot_be_installed_it_is_not_run(run_fake: FakeRuns) -> None:
    target = fake_target("fake-uninstallable")
    (entry,) = declared("bad.segfault").declared
    found = DeclaredCrashes([msgspec.structs.replace(entry, targets={target.id: ""})])
    ended = run_fake(target, patterns=("bad.segfault", "good.masking"), modes=("eager",), crashes=found)
    assert verdicts(ended) == {"bad.segfault": "not-run", "good.masking": "not-run"}
    assert ended.targets[0].reason == "uv pip failed: there is no such wheel"


def test_what_turns_out_to_crash_has_no_script(run_fake: FakeRuns) -> None:
    target = fake_target("fake-0.1")
    found = run_fake(target, patterns=("bad.segfault",), modes=("eager",))
    project = run_fake.project(target)
    says = r"bad.segfault has no script on fake-0.1 in mode 'eager', since it ends its process: killed by SIG"
    with pytest.raises(UsageError, match=says):
        make_request("bad.segfault", target.id, "eager", project.bundle, [target], found)


def test_repro_refuses_a_declared_one() -> None:
    done = Command()("repro", "softmax.float16", "--target", "tf-2.9", "--mode", "jit")
    assert done.exit_code == 2 and done.stdout == ""
    assert "softmax.float16 has no script on tf-2.9 in mode 'jit', since it ends its process" in done.stderr
    assert "the process is aborted (SIGABRT) in XLA's compiler" in done.stderr


@pytest.fixture(scope="module")
def project() -> Project:
    return Project()


def test_every_declared_cell_exists_and_has_no_published_script(project: Project) -> None:
    published = results.read(PUBLISHED)
    cases = {case.id: case for case in project.cases()}
    stored = scripts_for(published, project.bundle, project.targets)
    assert project.crashes.declared
    for one in project.crashes.declared:
        for case in one.cases:
            for id in one.targets:
                target = project.target(id)
                for mode in one.modes:
                    assert mode in cases[case].modes_on(target.modes), f"{case} is not run in {mode} on {id}"
                    assert project.crashes.reason(case, target, mode), f"{id} has TensorFlow {target.base.tensorflow}"
    crashed = [(cell.case, cell.target, cell.mode) for cell in published.cells if cell.verdict == "crashes"]
    assert crashed and stored is not None
    for case, id, mode in crashed:
        assert project.crashes.reason(case, project.target(id), mode), f"{case} {id} {mode} crashed and is not declared"
        with pytest.raises(KeyError):
            script(stored, case, id, mode)


ENTRY = "[[crash]]\ncases = ['a']\ntargets = {b = '1'}\nmodes = ['jit']\nwhat = 'w'\nseen = 2026-01-01"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY.replace("'a'", ""), "crashes.toml: the crash of no case needs cases"),
        (ENTRY.replace("'w'", "''"), "crashes.toml: the crash of a needs cases, targets, modes and what ended"),
        (ENTRY.replace("jit", "jitt"), "crashes.toml: the crash of a: unknown mode 'jitt'"),
        ("[[crash]]\ncase = 'a'", "crashes.toml: Object contains unknown field `case`"),
        ("[[crash", "crashes.toml: "),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "crashes.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as error:
        crashes.load(file)
    assert said in str(error.value)


def test_no_file_declares_nothing() -> None:
    assert crashes.load(FAKES / "cases" / "crashes.toml").declared == ()
