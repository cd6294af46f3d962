"""What is remembered, what is measured again, and what an interrupt leaves behind."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conformance.local.bundle import Bundle, make_bundle
from conformance.local.dependencies import used_source
from conformance.local.worker_process import WorkerLimits
from conformance.results import Observation, Results
from conformance.run import result_cache
from conformance.run.reuse import ReusedResults
from tests.support.fakes import FAKES, FakeRuns, fake_target


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    shutil.copytree(FAKES / "cases", tmp_path / "cases", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "cases"


class ObservedRuns(FakeRuns):
    """Fake targets that keep what their workers are asked to do."""

    def interpreter(self, fault: str) -> Path:
        real = super().interpreter(fault)
        path = self.folder / f"observed-{fault}"
        request = self.folder / "request-$$.json"
        if not path.exists():
            path.write_text(f'#!/bin/sh\ncat > "{request}"\nexec "{real}" "$@" < "{request}"\n')
            path.chmod(0o755)
        return path

    def forget(self) -> None:
        for file in self._requests():
            file.unlink()

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The cells that workers were to execute."""
        return [(case, mode) for group in self._groups() for case, mode in group["cells"]]

    @property
    def tried(self) -> list[str]:
        """The modes that workers were to try."""
        return [mode for group in self._groups() for mode in group["try"]]

    def _requests(self) -> list[Path]:
        return sorted(self.folder.glob("request-*.json"))

    def _groups(self) -> list[dict[str, Any]]:
        return [group for file in self._requests() for group in json.loads(file.read_text())["groups"]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> ObservedRuns:
    return ObservedRuns(tmp_path_factory.mktemp("fake"))


@pytest.fixture
def run_fake(runs: ObservedRuns) -> ObservedRuns:
    runs.forget()
    return runs


def stable(results: Results) -> list[object]:
    return [(c.case, c.target, c.mode, c.verdict, c.fingerprint, c.observation, c.reason) for c in results.cells]


def test_nothing_changed_nothing_runs(run_fake: ObservedRuns, cases: Path) -> None:
    first = run_fake(fake_target(), cases=cases, fresh=False)
    run_fake.forget()
    installed = run_fake.installed.copy()
    again = run_fake(fake_target(), cases=cases, fresh=False)
    assert run_fake.cells == [] and run_fake.installed == installed  # not even the environment is needed
    assert stable(again) == stable(first)
    assert again.targets == first.targets


def test_a_changed_case_runs_alone(run_fake: ObservedRuns, cases: Path) -> None:
    run_fake(fake_target(), cases=cases, fresh=False)
    file = cases / "test_good.py"
    file.write_text(file.read_text().replace("np.array(3.0)", "np.array(2.0)"))
    run_fake.forget()
    again = run_fake(fake_target(), cases=cases, fresh=False)
    assert run_fake.cells == [("good.deviates", "eager")]
    assert {c.verdict for c in again.cells if c.case == "good.deviates" and c.mode == "eager"} == {"conforms"}


def test_a_changed_constant_runs_what_uses_it(run_fake: ObservedRuns, cases: Path) -> None:
    run_fake(fake_target(), cases=cases, fresh=False)
    file = cases / "test_good.py"
    file.write_text(file.read_text().replace("[3.0, 0.0]]]", "[4.0, 0.0]]]"))
    run_fake.forget()
    run_fake(fake_target(), cases=cases, fresh=False)
    assert run_fake.cells == [("good.masking", "eager")]
    assert run_fake.tried == []  # the first run has seen that the modes are as declared


def test_fresh_measures_again(run_fake: ObservedRuns, cases: Path) -> None:
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=False)
    run_fake.forget()
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=True)
    assert run_fake.cells == [("good.masking", "eager")]
    assert run_fake.tried == [*fake_target().lacks, *fake_target().modes]


def test_a_crash_is_believed_when_it_happens_twice(run_fake: ObservedRuns, cases: Path) -> None:
    patterns = ("bad.exit", "bad.after-segfault")
    run_fake.forget()
    run_fake(fake_target(), cases=cases, patterns=patterns, fresh=False)
    assert run_fake.cells.count(("bad.exit", "eager")) == 2
    run_fake.forget()
    again = run_fake(fake_target(), cases=cases, patterns=patterns, fresh=False)
    assert run_fake.cells == []
    assert [c.verdict for c in again.cells if c.mode == "eager"] == ["conforms", "crashes"]


def test_time_outs_are_measured_again(run_fake: ObservedRuns, cases: Path) -> None:
    run_fake(fake_target(), cases=cases, patterns=("bad.hang",), fresh=False, limits=WorkerLimits(case_seconds=2.0))
    run_fake.forget()
    run_fake(fake_target(), cases=cases, patterns=("bad.hang",), fresh=False, limits=WorkerLimits(case_seconds=2.0))
    assert run_fake.cells == [("bad.hang", "eager")]


def test_changed_global_state_is_a_problem_every_time(run_fake: ObservedRuns, cases: Path) -> None:
    for _ in range(2):
        found = run_fake(fake_target(), cases=cases, patterns=("bad.float64",), modes=("eager",), fresh=False)
        assert any("float32 -> float64" in problem for problem in found.problems)


@pytest.mark.parametrize("damage", ["torn", "foreign", "emptied"])
def test_what_is_damaged_is_measured_again(run_fake: ObservedRuns, cases: Path, damage: str) -> None:
    run_fake(fake_target(damage), cases=cases, patterns=("good.masking",), fresh=False)
    journal = run_fake.folder / "cache" / "cells" / f"{damage}.jsonl"
    text = journal.read_bytes().rstrip(b"\n")
    journal.write_bytes(
        {"torn": text[: text.rindex(b'"case"')], "foreign": b'\xff\n{"key": 7}\n[]\n', "emptied": b""}[damage]
    )
    run_fake.forget()
    run_fake(fake_target(damage), cases=cases, patterns=("good.masking",), fresh=False)
    assert run_fake.cells == [("good.masking", "eager")]
    run_fake.forget()
    run_fake(fake_target(damage), cases=cases, patterns=("good.masking",), fresh=False)
    assert run_fake.cells == []


def test_a_journal_forgets_what_is_long_out_of_date(tmp_path: Path) -> None:
    journal = result_cache._Journal(tmp_path / "j.jsonl")
    observed = Observation(status="completed")
    journal.append([result_cache._Line(observation="o", observed=observed)])
    for i in range(100):
        journal.append([result_cache._Line(key=f"k{i}", case="a.b", mode="eager", observation="o", seconds=1.0)])
    journal.append([result_cache._Line(key="other", case="a.c", mode="eager", observation="o")])
    result_cache._Journal(tmp_path / "j.jsonl").compact()
    assert len((tmp_path / "j.jsonl").read_text().splitlines()) == 1 + 4 + 1
    last = result_cache._Journal(tmp_path / "j.jsonl")
    assert last.get("k99") == result_cache.CachedCell("o", observed, {}, 1.0)
    assert last.get("other") and last.get("k96") and not last.get("k95")


def test_a_run_of_one_case_forgets_no_other(run_fake: ObservedRuns, cases: Path) -> None:
    run_fake(fake_target(), cases=cases, fresh=False)
    for _ in range(5):
        run_fake(fake_target(), cases=cases, patterns=("good.masking",))  # appended anew each time
    run_fake.forget()
    run_fake(fake_target(), cases=cases, fresh=False)
    assert run_fake.cells == []


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    journals = [result_cache._Journal(tmp_path / "j.jsonl") for _ in range(2)]

    def write(which: int) -> None:
        for i in range(200):
            lines = [result_cache._Line(key=f"{which}-{i}", case="c" * 500, mode="eager", observation="o")]
            journals[which].append(lines)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    assert len(result_cache._Journal(tmp_path / "j.jsonl").cells) == 400


def test_only_failed_measures_what_failed(run_fake: ObservedRuns, cases: Path) -> None:
    first = run_fake(fake_target(), cases=cases, fresh=False)
    failed = [(c.case, c.mode) for c in first.cells if c.verdict in ("deviates", "raises")]
    run_fake.forget()
    again = run_fake(fake_target(), cases=cases, fresh=False, reuse=ReusedResults(first, failed=True))
    assert failed and sorted(run_fake.cells) == sorted(failed)
    assert stable(again) == stable(first)


def test_only_missing_takes_over_what_is_there(run_fake: ObservedRuns, cases: Path) -> None:
    some = run_fake(fake_target(), cases=cases, patterns=("good.masking", "good.deviates"))
    file = cases / "test_good.py"
    file.write_text(file.read_text().replace("np.array(3.0)", "np.array(2.0)"))
    run_fake.forget()
    patterns = ("good.masking", "good.deviates", "good.raises")
    run_fake(fake_target(), cases=cases, patterns=patterns, fresh=True, reuse=ReusedResults(some, failed=False))
    # What was stored of the changed case is true no more.
    assert sorted(run_fake.cells) == [("good.deviates", "eager"), ("good.raises", "eager")]


def test_what_a_process_said_of_itself_is_remembered(tmp_path: Path) -> None:
    target = fake_target(processes=[["eager", "graph", "jit"], ["session"]], lacks={})
    cache = result_cache.ResultCache(tmp_path, make_bundle(tmp_path, FAKES / "cases"))
    cache.put_process(target, ["eager", "graph", "jit"], {"backend": "numpy"})
    assert cache.get_process(target, ["eager", "graph", "jit"]) == {"backend": "numpy"}
    assert cache.get_process(target, ["session"]) is None
    other = result_cache.ResultCache(tmp_path, Bundle(Path(), "", "another worker"))
    assert other.get_process(target, ["eager", "graph", "jit"]) is None


def test_durations_are_recorded(run_fake: ObservedRuns, cases: Path) -> None:
    known = result_cache.ResultCache(run_fake.folder / "cache", make_bundle(run_fake.folder / "cache", cases))
    run_fake(fake_target(), cases=cases, patterns=("good.masking",), fresh=False)
    assert known.durations(fake_target())["good.masking", "eager"] > 0


def test_the_source_of_a_case_is_what_it_uses() -> None:
    source = used_source(FAKES / "cases" / "test_good.py", "test_masking")
    assert "X = np.array" in source and "def test_masking" in source and '"good.masking"' in source
    assert "test_deviates" not in source


def test_the_oracle_is_part_of_the_source() -> None:
    source = used_source(FAKES.parent.parent / "cases" / "test_lstm.py", "test_skip_masked_steps")
    assert "def lstm(" in source and "def sigmoid(" in source
    assert "def masking_output(" not in source


def test_what_changes_a_value_is_part_of_the_source_of_what_uses_it(tmp_path: Path) -> None:
    file = tmp_path / "test_made.py"
    lines = ("X = [0]", "X[0] = 1", "Y = [0]", "Y[0] = 2", "Y[0].flags.z = 3", "Y += X[:0]")
    file.write_text("\n".join([*lines, "", "", "def test_x():\n    assert X", "", "", "def test_y():\n    assert Y"]))
    source = used_source(file, "test_x")
    assert "X[0] = 1" in source and "Y" not in source
    assert all(line in used_source(file, "test_y") for line in lines)


def test_a_full_disk_costs_the_memory_only(run_fake: ObservedRuns, cases: Path) -> None:
    journal = run_fake.folder / "cache" / "cells" / "fake-full-disk.jsonl"
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.symlink_to("/dev/full")
    found = run_fake(fake_target("fake-full-disk"), cases=cases, patterns=("good.masking",))
    assert [c.verdict for c in found.cells if c.mode == "eager"] == ["conforms"]
    assert any("cannot write to the result cache" in p and "No space left on device" in p for p in found.problems)
    assert len(found.problems) == 1
