"""Columns of which stored results know nothing are measured: `compare` and `gate`, on fakes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from conformance import results
from conformance.cache import cache_folder
from conformance.commands.pair import Names
from conformance.run import api
from conformance.suite import catalogue
from conformance.targets import registry, requested
from tests.conftest import fake_target

Command = Callable[..., Result]
BOTH = ("compare", "fake-0.1", "fake-0.5", "--case", "good.masking")


def test_two_columns_without_results_are_measured(released: Command, tmp_path: Path) -> None:
    result = released(*BOTH, "--format", "json")
    assert result.exit_code == 0, result.output
    (step,) = json.loads(result.stdout)["steps"]
    assert (step["case"], step["kind"], step["severity"]) == ("good.masking", "regressed", "silent")
    assert step["text"].startswith("mask: [101] -> [100]; output: ")
    assert "measuring fake-0.1" in result.stderr and "measuring fake-0.5" in result.stderr
    assert not (tmp_path / "reports").exists()
    assert released(*BOTH, "--fail-on", "silent").exit_code == 1


def test_only_what_is_missing_is_measured(released: Command, tmp_path: Path) -> None:
    assert released("run", "--target", "fake-0.1", "--case", "good.*", "--out", "reports/latest").exit_code == 0
    before = (tmp_path / "reports" / "latest" / "results.json").read_bytes()
    result = released(*BOTH)
    assert "1 kept promise is broken" in result.stdout
    assert "measuring fake-0.5" in result.stderr and "measuring fake-0.1" not in result.stderr
    assert (tmp_path / "reports" / "latest" / "results.json").read_bytes() == before


def test_cases_of_another_version_are_left_out(released: Command, tmp_path: Path) -> None:
    released("run", "--target", "fake-0.1", "--case", "good.*", "--mode", "eager", "--out", "old")
    old = results.read(tmp_path / "old")
    next(case for case in old.cases if case.id == "good.masking").digest = "0" * 16
    results.write(old, tmp_path / "old" / "results.json")
    result = released("compare", "old", "fake-0.5", "--case", "good.*", "--mode", "eager")
    assert "Nothing changes" in result.stdout and "1 is not the same in both files, and left out." in result.stdout


def test_what_a_column_has_can_be_said(released: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[requested.TargetRequest] = []

    def column(one: requested.TargetRequest, declared: list[registry.Target], cache: Path) -> requested.PreparedTarget:
        asked.append(one)
        return api.declared(declared[len(asked) - 1], cache_folder())

    monkeypatch.setattr(requested, "prepare", column)
    result = released("compare", "keras==0.1 numpy<3 python==3.12", "keras", "--case", "good.masking")
    assert "1 kept promise is broken" in result.stdout
    assert [(one.requirements, one.python) for one in asked] == [(["keras==0.1", "numpy<3"], "3.12"), (["keras"], None)]
    assert "Error: unknown column 'python==3.12'" in released("compare", "python==3.12", "keras").stderr


def test_a_column_that_cannot_be_installed(command: Command) -> None:
    result = command("compare", "fake-0.1", "fake-uninstallable", "--case", "good.masking")
    assert result.exit_code == 3
    assert result.output.splitlines()[-1] == (
        "Error: fake-uninstallable could not be measured: uv pip failed: there is no such wheel"
    )


def test_gate_measures_the_columns_that_it_is_asked_about(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect = catalogue.collect
    monkeypatch.setattr(catalogue, "collect", lambda suite: [c for c in collect(suite) if c.id.startswith("good.")])
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
    newer = fake_target("fake-0.5", keras="0.5")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "load", lambda: [fake_target(), newer])
    names = [Names(*pair, None) for pair in (("fake-0.1", "fake-0.5"), ("fake-0.5", "fake-0.1"))]
    assert [one.are_reversed() for one in names] == [False, True]
    made = {"keras==0.5": newer, "keras==0.1": fake_target()}
    monkeypatch.setattr(registry, "load", list)
    monkeypatch.setattr(requested, "prepare", lambda one, *_: api.declared(made[one.requirements[0]], tmp_path))
    assert Names("keras==0.5", "keras==0.1", None).are_reversed()
