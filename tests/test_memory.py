"""What is remembered, what is measured again, and what an interrupt leaves behind."""

import errno
import shutil
from pathlib import Path

import pytest

from conformance import memory, process
from conformance.results import Results
from conformance.sources import used_source
from tests.conftest import FAKES, FakeRuns, fake_target


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    shutil.copytree(FAKES / "cases", tmp_path / "cases", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "cases"


class Measured:
    """The cells that workers really execute while this is in place."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.cells: list[tuple[str, str]] = []
        start = process.Worker.__init__

        def counted(worker, python, target, modes, cells, *rest, **more):  # type: ignore[no-untyped-def]
            self.cells += cells
            start(worker, python, target, modes, cells, *rest, **more)

        monkeypatch.setattr(process.Worker, "__init__", counted)


def stable(results: Results) -> list[object]:
    return [(c.case, c.target, c.mode, c.verdict, c.fingerprint, c.observation, c.reason) for c in results.cells]


def test_nothing_changed_nothing_runs(run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_fake(fake_target(), cases=cases, fresh=False)
    measured = Measured(monkeypatch)
    monkeypatch.setattr(run_fake, "provision", None)  # not even the environment is needed
    again = run_fake(fake_target(), cases=cases, fresh=False)
    assert measured.cells == []
    assert stable(again) == stable(first)
    assert again.targets == first.targets


def test_a_changed_case_runs_alone(run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_fake(fake_target(), cases=cases, fresh=False)
    file = cases / "test_good.py"
    file.write_text(file.read_text().replace("np.array(3.0)", "np.array(2.0)"))
    measured = Measured(monkeypatch)
    again = run_fake(fake_target(), cases=cases, fresh=False)
    assert measured.cells == [("good.deviates", "eager")]
    assert {c.verdict for c in again.cells if c.case == "good.deviates" and c.mode == "eager"} == {"conforms"}


def test_a_changed_constant_runs_what_uses_it(run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_fake(fake_target(), cases=cases, fresh=False)
    file = cases / "test_good.py"
    file.write_text(file.read_text().replace("[3.0, 0.0]]]", "[4.0, 0.0]]]"))
    measured = Measured(monkeypatch)
    run_fake(fake_target(), cases=cases, fresh=False)
    assert measured.cells == [("good.masking", "eager")]


def test_fresh_measures_again(run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=False)
    measured = Measured(monkeypatch)
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=True)
    assert measured.cells == [("good.masking", "eager")]


def test_crashes_and_time_outs_are_measured_again(
    run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patterns = ("bad.exit", "bad.after-segfault")
    run_fake(fake_target(), cases=cases, patterns=patterns, fresh=False)
    measured = Measured(monkeypatch)
    again = run_fake(fake_target(), cases=cases, patterns=patterns, fresh=False)
    assert measured.cells == [("bad.exit", "eager")]
    assert [c.verdict for c in again.cells if c.mode == "eager"] == ["conforms", "crashes"]


def test_changed_global_state_is_a_problem_every_time(run_fake: FakeRuns, cases: Path) -> None:
    for _ in range(2):
        found = run_fake(fake_target(), cases=cases, patterns=("bad.float64",), modes=("eager",), fresh=False)
        assert any("float32 -> float64" in problem for problem in found.problems)


def test_a_damaged_entry_is_measured_again(run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=False)
    for entry in (run_fake.folder / "cache" / "cells").glob("*/*.json"):
        entry.write_text(entry.read_text()[:20])
    measured = Measured(monkeypatch)
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=False)
    assert measured.cells == [("good.masking", "eager")]


def test_the_source_of_a_case_is_what_it_uses() -> None:
    source = used_source(FAKES / "cases" / "test_good.py", "test_masking")
    assert "X = np.array" in source and "def test_masking" in source and '"good.masking"' in source
    assert "test_deviates" not in source


def test_the_oracle_is_part_of_the_source() -> None:
    source = used_source(FAKES.parent.parent / "cases" / "test_lstm.py", "test_skips")
    assert "def lstm(" in source and "def sigmoid(" in source
    assert "def masking_output(" not in source


def test_a_full_disk_costs_the_memory_only(run_fake: FakeRuns, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(memory, "write_text", full)
    found = run_fake(fake_target(), cases=cases, patterns=("good.masking",))
    assert [c.verdict for c in found.cells if c.mode == "eager"] == ["conforms"]
    assert any("cannot remember what was observed" in p and "No space left on device" in p for p in found.problems)
    assert len(found.problems) == 1
