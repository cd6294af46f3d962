"""The command line: what it prints, and the exit codes."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from conformance import results
from conformance.report.folder import BESIDE
from tests.support.fakes import FAKES, FakeRuns, fake_base


def test_run_writes_the_report(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = command("run", "--case", "good.*")
    assert result.exit_code == 0, result.output
    latest = tmp_path / "reports" / "latest"
    assert {p.name for p in latest.iterdir()} == {"results.json", "index.html", *BESIDE}
    assert "5 conforms, 1 observed, 1 deviates, 1 raises, 34 unsupported" in result.output

    cells = [json.loads(line) for line in command("cells").output.splitlines()]
    assert len(cells) == 42
    assert {"case", "target", "mode", "verdict", "fingerprint", "seconds"} <= set(cells[0])


def test_run_says_what_it_does(command) -> None:  # type: ignore[no-untyped-def]
    result = command("run", "--case", "bad.float64", "--no-cache", "--tier", "history")
    lines = result.stderr.splitlines()
    assert {"fake-0.1: installing", "fake-0.1: waiting", "fake-0.1: running eager", "fake-0.1: finished eager"} <= {
        *lines
    }
    assert "fake-uninstallable: not run: uv pip failed: there is no such wheel" in lines
    assert any(line.startswith("problem: fake-0.1: bad.float64 in eager changed global state: ") for line in lines)


def test_selection(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = command("run", "--case", "good.variants[two]", "--case", "*.masking", "--mode", "eager", "--out", "here")
    assert result.exit_code == 0, result.output
    found = results.read(tmp_path / "here")
    assert [(c.case, c.mode) for c in found.cells] == [("good.masking", "eager"), ("good.variants[two]", "eager")]


def test_report_judges_again(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    command("run", "--case", "good.deviates", "--mode", "eager", "--out", "here")
    found = results.read(tmp_path / "here")
    for key in found.values:
        found.values[key] = 3 if isinstance(found.values[key], dict) else found.values[key]
    results.write(found, tmp_path / "here" / "results.json")
    assert command("report", "here").exit_code == 0
    assert results.read(tmp_path / "here").cells[0].verdict == "conforms"


def test_exit_codes(command) -> None:  # type: ignore[no-untyped-def]
    one = ("run", "--case", "good.masking")
    assert command(*one, "--tier", "history").exit_code == 1
    assert command(*one, "--tier", "history", "--allow-not-run").exit_code == 0
    assert command(*one, "--target", "fake-uninstallable").exit_code == 3
    assert command("run", "--case", "bad.own-mistake", "--mode", "eager").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--target", "fake-0.2"), "unknown target 'fake-0.2'; did you mean 'fake-0.1'?"),
        (("run", "--case", "good.maskin"), "unknown case 'good.maskin'; did you mean 'good.masking'?"),
        (("run", "--case", "good.warns", "--mode", "jit"), "nothing to run"),
        (("run", "--mode", "eagre"), "'eagre' is not one of"),
        (("cells", "nowhere"), "cannot read nowhere"),
        (("report", "nowhere"), "cannot read nowhere"),
        (("lock", "--target", "x"), "unknown target 'x'"),
        (("run", "--tier", "none"), "nothing to run: no target is selected"),
        (("run", "--python", "3.11"), "--python requires --with"),
        (("run", "--here", "--python", "3.11"), "--python requires --with"),
        (("run", "--backend", "jax"), "--front-end and --backend require --with or --here"),
        (("run", "--with", "keras=="), "keras==: Expected"),
        (("run", "--with", "./nowhere"), "nowhere: no such file or folder"),
        (("run", "--with", "keras", "--backend", "abacus"), "no declared target has keras on abacus"),
        (("run", "--here", "nowhere"), "nowhere: no such interpreter"),
    ],
)
def test_usage_errors(command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:  # type: ignore[no-untyped-def]
    result = command(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").touch()
    result = command("run", "--case", "good.masking", "--out", "file/report")
    assert result.exit_code == 3
    assert "file/report: Not a directory" in result.output


def test_a_column_that_nobody_declared_stands_beside_the_others(command, run_fake: FakeRuns, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    one = ("run", "--case", "good.masking", "--mode", "eager", "--here", str(run_fake.interpreter("none")))
    result = command(*one, "--target", "fake-0.1")
    assert result.exit_code == 0, result.output
    declared, here = results.read(tmp_path / "reports" / "latest").targets
    assert (declared.id, declared.tier, here.tier) == ("fake-0.1", "core", "ad-hoc")
    assert "Keras 0.1 on NumPy" in (tmp_path / "reports" / "latest" / "junit.xml").read_text()
    assert command(*one).exit_code == 0
    assert [t.id for t in results.read(tmp_path / "reports" / "latest").targets] == [here.id]
    assert command(*one, "--tier", "core").exit_code == 0
    assert [t.id for t in results.read(tmp_path / "reports" / "latest").targets] == ["fake-0.1", here.id]


def test_what_cannot_be_resolved_does_not_run_and_the_others_do(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    one = ("run", "--case", "good.masking", "--mode", "eager", "--backend", "numpy", "--with", "keras==99")
    result = command(*one)
    assert result.exit_code == 1
    assert "keras-99+not-resolved: not run: uv pip failed: " in result.output
    assert "there is no version of keras==99" in result.output
    found = results.read(tmp_path / "reports" / "latest")
    assert [(c.target, c.verdict) for c in found.cells] == [
        ("fake-0.1", "conforms"),
        ("keras-99+not-resolved", "not-run"),
    ]
    assert found.problems == []
    assert command(*one, "--allow-not-run").exit_code == 0
    assert command(*one, "--allow-not-run", "--tier", "none").exit_code == 3
    nowhere = command("run", "--case", "good.masking", "--here", sys.executable)
    assert nowhere.exit_code == 3
    assert f"here+not-resolved: not run: {sys.executable} has no Keras" in nowhere.output.splitlines()


def test_what_is_bad_on_a_column_that_nobody_declared(command, run_fake: FakeRuns, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cases = tmp_path / "cases"
    shutil.copytree(FAKES / "cases", cases)
    (cases / "expectations.toml").write_text("")
    command.about["cases"] = cases
    result = command("run", "--case", "good.deviates", "--here", str(run_fake.interpreter("none")))
    assert result.exit_code == 1
    assert "deviates: number is 2; no expectation covers Keras 0.1 on NumPy" in result.output


def test_lists(command) -> None:  # type: ignore[no-untyped-def]
    assert "good.masking\tMasking masks." in command("list", "cases").output
    python = fake_base().python
    assert f"fake-0.1\tcore\tPython {python}\tNumPy\teager" in command("list", "targets").output.splitlines()


def test_what_is_not_expected_fails_the_run(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    cases = tmp_path / "cases"
    shutil.copytree(FAKES / "cases", cases)
    (cases / "expectations.toml").write_text(
        (FAKES / "cases" / "expectations.toml").read_text().replace("number is 2", "number is 3")
    )
    command.about["cases"] = cases
    result = command("run", "--case", "good.*")
    assert result.exit_code == 1
    expected = (
        "unexpected: good.deviates on fake-0.1 in eager: deviates: number is 2; 'made-up' expects deviates: number is 3"
    )
    assert expected in result.output.splitlines()


def test_documents_are_written_from_stored_results(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert command("run", "--case", "good.*").exit_code == 0
    assert command("docs", "reports/latest").exit_code == 0
    assert "| `good.deviates` |" in (tmp_path / "docs" / "cases.md").read_text()
    assert "### made-up" in (tmp_path / "docs" / "findings.md").read_text()
