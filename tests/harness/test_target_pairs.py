"""Columns of which stored results know nothing are measured: `compare` and `gate`, on fakes."""

import json
import shutil
from pathlib import Path

import pytest

from conformance import results
from conformance.commands.pair import Names
from conformance.project import Project
from conformance.targets.requested import PreparedTarget, TargetRequest
from tests.support.fakes import FAKES, Command, fake_target
from tests.support.page_samples import Made

BOTH = ("compare", "fake-0.1", "fake-0.5", "--case", "good.masking")


def test_two_columns_without_results_are_measured(released: Command, tmp_path: Path) -> None:
    result = released(*BOTH, "--format", "json")
    assert result.exit_code == 0, result.output
    (change,) = json.loads(result.stdout)["steps"]
    assert (change["case"], change["kind"], change["severity"]) == ("good.masking", "regressed", "silent")
    assert change["text"].startswith("mask: [101] -> [100]; output differs in 1 of 6 elements (max. difference ")
    assert "measuring fake-0.1" in result.stderr and "measuring fake-0.5" in result.stderr
    assert not (tmp_path / "reports").exists()
    assert released(*BOTH, "--fail-on", "silent").exit_code == 1


def test_only_what_is_missing_is_measured(released: Command, tmp_path: Path) -> None:
    assert released("run", "--target", "fake-0.1", "--case", "good.*", "--out", "reports/latest").exit_code == 0
    before = (tmp_path / "reports" / "latest" / "results.json").read_bytes()
    result = released(*BOTH)
    assert "1 regression" in result.stdout
    assert "measuring fake-0.5" in result.stderr and "measuring fake-0.1" not in result.stderr
    assert (tmp_path / "reports" / "latest" / "results.json").read_bytes() == before


def test_problems_of_a_measurement_are_said(command: Command) -> None:
    command.about["targets"] = [fake_target(), fake_target("fake-other")]
    result = command("compare", "fake-0.1", "fake-other", "--case", "bad.float64", "--mode", "eager")
    assert any(
        line.startswith("problem: fake-other: bad.float64 in eager changed global state: ")
        for line in result.stderr.splitlines()
    )


def test_cases_of_another_version_are_left_out(released: Command, tmp_path: Path) -> None:
    released("run", "--target", "fake-0.1", "--case", "good.*", "--mode", "eager", "--out", "old")
    old = results.read(tmp_path / "old")
    next(case for case in old.cases if case.id == "good.masking").digest = "0" * 16
    results.write(old, tmp_path / "old" / "results.json")
    result = released("compare", "old", "fake-0.5", "--case", "good.*", "--mode", "eager")
    assert "Nothing changes" in result.stdout and "Left out, as 1 case differs between the results." in result.stdout


def test_requirements_name_a_target(released: Command) -> None:
    asked: list[TargetRequest] = []

    class Resolved(Project):
        """Resolves whatever is requested to the declared targets in turn."""

        def prepare_requested(self, request: TargetRequest) -> PreparedTarget:
            asked.append(request)
            return self.prepare(self.targets[len(asked) - 1])

    released.project = Resolved
    result = released("compare", "keras==0.1 numpy<3 python==3.12", "keras", "--case", "good.masking")
    assert "resolving keras==0.1 numpy<3 python==3.12" in result.stderr.splitlines()
    assert "1 regression" in result.stdout
    assert [(one.requirements, one.python) for one in asked] == [(["keras==0.1", "numpy<3"], "3.12"), (["keras"], None)]
    assert "Error: unknown target 'python==3.12'" in released("compare", "python==3.12", "keras").stderr


def test_a_column_that_cannot_be_installed(command: Command) -> None:
    result = command("compare", "fake-0.1", "fake-uninstallable", "--case", "good.masking")
    assert result.exit_code == 3
    assert result.output.splitlines()[-1] == (
        "Error: fake-uninstallable could not be measured: uv pip failed: there is no such wheel"
    )


def test_gate_measures_the_targets_that_it_is_asked_about(command: Command, tmp_path: Path) -> None:
    cases = shutil.copytree(FAKES / "cases", tmp_path / "cases", ignore=shutil.ignore_patterns("test_bad.py"))
    command.about["cases"] = cases
    (tmp_path / "none.toml").write_text("")
    result = command("gate", "--target", "fake-0.1", "--expectations", "none.toml", "--format", "json")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert {one["case"] for one in found["surprises"]} >= {"good.deviates", "good.raises"}
    assert not (tmp_path / "reports").exists()


def test_gate_looks_at_these_columns_alone(command: Command) -> None:
    command("run", "--case", "good.masking", "--mode", "eager", "--tier", "history")
    assert command("gate").exit_code == 1
    assert command("gate", "--target", "fake-0.1").stdout == "all is as expected\n"
    unknown = command("gate", "--target", "fake-0.2")
    assert unknown.exit_code == 2 and "unknown target 'fake-0.2'; did you mean 'fake-0.1'?" in unknown.output


def test_which_is_the_later_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    older, newer = fake_target(), fake_target("fake-0.5", keras="0.5")

    def are_reversed(project: Project, *names: str) -> bool:
        return Names(project, names[0], names[1], None).are_reversed()

    project = Project(targets=[older, newer], cases=FAKES / "cases", cache=tmp_path)
    assert not are_reversed(project, "fake-0.1", "fake-0.5")
    assert are_reversed(project, "fake-0.5", "fake-0.1")
    for name, keras in (("early", "0.1"), ("late", "0.5")):
        made = Made()
        made.target(name, f"Keras {keras}", versions={"keras": keras})
        results.write(made.judged(), tmp_path / name / "results.json")
    assert are_reversed(Project(targets=[], cache=tmp_path), "late", "early")
    assert not are_reversed(Project(targets=[], cache=tmp_path), "early", "late")


def test_two_names_of_one_target_are_refused(command: Command) -> None:
    result = command("compare", "fake-0.1", "fake-0.1")
    assert result.exit_code == 2 and "fake-0.1 and fake-0.1 are the same target" in result.output
