"""The bench measures what it says: the cost of commands, and each kind of measurement once, on the fake Keras."""

import hashlib
import itertools
import os
import re
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bench import measure
from bench.checkout import FLOOR, Checkout
from bench.measure import Bench, count_tests, disk_usage
from bench.meter import Failed, Meter
from conformance.results import Results
from tests.support.fakes import FAKES, THIS_PYTHON, FakeRuns, fake_base, fake_target


def test_a_command_that_fails_gives_no_number() -> None:
    meter = Meter()
    with pytest.raises(Failed, match="ended with exit code 3: it fell"):
        meter.run([sys.executable, "-c", "print('it fell'); raise SystemExit(3)"], Path.cwd(), os.environ)
    with pytest.raises(Failed, match="nothing-here cannot be started"):
        meter.run([Path("/nothing-here")], Path.cwd(), os.environ)


def test_a_command_that_takes_too_long_is_ended() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(Failed, match="did not end within 1 s"):
        Meter().run([sys.executable, "-c", stubborn], Path.cwd(), os.environ, limit=1.0, grace=0.2)
    assert time.monotonic() - started < 20


def test_a_meter_sees_what_a_command_starts() -> None:
    spin = "import time\nwhile time.process_time() < 0.5: pass"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {spin!r}]); print(input())"
    meter = Meter()
    assert meter.run([sys.executable, "-c", outer], Path.cwd(), os.environ, stdin="said\n") == "said\n"
    found = meter.read(4)
    assert found.cells == 4 and 0.5 <= found.cpu <= 5 and found.wall >= 0.5 and found.others >= 0


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("..F\n1 failed, 26 passed, 2 warnings in 5.46s\n", 27),
        ("======= 3 passed, 1 skipped in 61.00s (0:01:01) =======\n", 4),
        ("no tests ran in 0.01s\n", 0),
    ],
)
def test_tests_are_counted(said: str, count: int) -> None:
    assert count_tests(said) == count


@pytest.mark.parametrize("said", ["", "Killed\n", "1 error in 0.50s\n", "2 passed, 1 error in 0.50s\n"])
def test_what_pytest_does_not_say_is_not_counted(said: str) -> None:
    with pytest.raises(Failed, match="does not say how many"):
        count_tests(said)


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (one / "file").write_bytes(b"x" * 100000)
    alone = disk_usage({one})
    two.mkdir()
    (two / "same").hardlink_to(one / "file")
    assert 100000 <= alone <= disk_usage({one, two}) < alone + 50000


TARGETS = """
[generation.fakes]
title = "fake"
front_end = "keras"
processes = [["eager"]]
lacks = { graph = "no", session = "no", jit = "no" }
[base.bare]
title = "NumPy"
python = "%s"
requires = []
[[target]]
id = "fake-0.1"
generation = "fakes"
base = "bare"
keras = "0.1"
tier = "core"
backend = "numpy"
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The bench on the good cases of the fakes, and a project whose only target is the fake Keras."""
    lock = tmp_path / "lock"
    lock.touch()
    key = hashlib.sha256(f"{THIS_PYTHON}\0".encode()).hexdigest()[:12]  # of an empty lock
    place = tmp_path / "cache" / "environments" / f"base-bare-{key}"
    (place / "bin").mkdir(parents=True)
    FakeRuns(tmp_path).interpreter("none").rename(place / "bin" / "python")
    (place / "complete").touch()
    cases = tmp_path / "cases"
    cases.mkdir()
    for path in (FAKES / "cases").glob("*"):
        if path.is_file() and path.name not in ("conftest.py", "test_bad.py"):
            (cases / path.name).write_bytes(path.read_bytes())
    (cases / "conftest.py").write_text(
        "import os, sys\nsys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\n"
        'pytest_plugins = ["conformance.worker.pytest_plugin"]\n'
    )
    (cases / "oracle.py").touch()
    checkout = Checkout(tmp_path / "project", tmp_path / "cache", cases)
    (checkout.folder / "conformance" / "targets.toml").write_text(TARGETS % THIS_PYTHON)
    (checkout.folder / "conformance" / "locks" / "base-bare.txt").touch()
    return Bench(checkout, [fake_target(base=fake_base(lock=lock))], ["good.*"], repeats=1, quick_repeats=1)


def test_a_tier_is_measured(bench: Bench) -> None:
    found = {e.what: e for e in bench.runs("core")}
    assert {e.what: e.failure for e in found.values()} == dict.fromkeys(found)
    assert list(found) == ["cold", "memory", "page", "results", "warm", "changed", "floor"]
    cold, warm, changed = (found[what].suite_runs[0].cells for what in ("cold", "warm", "changed"))
    assert cold > 3 and warm == 0 and changed == found["changed"].other[0].cells == 1
    assert found["memory"].detail == "fake-0.1" and found["page"].megabytes is not None
    assert found["floor"].suite_runs == found["cold"].suite_runs and found["floor"].other[0].cells == cold


def test_what_a_tier_has_measured_is_remembered(bench: Bench, tmp_path: Path) -> None:
    assert [entry.what for entry in itertools.islice(bench.runs("core"), 2)] == ["cold", "memory"]
    bench._checkout.forget()
    shutil.copytree(tmp_path / "cache" / "cells", bench._checkout.cache / "cells")
    assert bench._warm("--tier", "core", "--case", "good.*").cells == 0


def test_the_floor_calls_what_the_suite_executes(bench: Bench) -> None:
    found = bench.overhead("fake-0.1")
    assert found.failure is None
    (suite,), (floor,) = found.suite_runs, found.other
    assert suite.cells == floor.cells > 3 and 0 < floor.cpu < suite.cpu


def test_plain_pytest_runs_the_same(bench: Bench) -> None:
    found = bench.plain("fake-0.1")
    assert found.failure is None
    assert found.suite_runs[0].cells == found.other[0].cells > 3


def test_a_target_that_does_not_run_fails_every_measurement(bench: Bench) -> None:
    (python,) = bench._checkout.cache.glob("environments/*/bin/python")
    python.write_text("#!/bin/sh\nexit 9\n")
    found = [*bench.runs("core"), bench.overhead("fake-0.1"), bench.plain("fake-0.1")]
    assert len(found) == 9 and all(e.failure and not e.suite_runs and e.megabytes is None for e in found)


def test_a_run_that_executes_what_it_should_remember_is_no_number(bench: Bench) -> None:
    with pytest.raises(Failed, match="executed [0-9]+ cells, not 0"):
        bench._warm("--tier", "core", "--case", "good.*")


def floor_says(bench: Bench, text: str) -> None:
    """Let the interpreter of the target print this instead of executing the floor."""
    (python,) = bench._checkout.cache.glob("environments/*/bin/python")
    real = python.rename(python.with_name("real-python"))
    python.write_text(f'#!/bin/sh\ncase "$1" in */{FLOOR.name}) echo \'{text}\';; *) exec "{real}" "$@";; esac\n')
    python.chmod(0o755)


def test_a_floor_that_calls_other_bodies_is_no_number(bench: Bench) -> None:
    floor_says(bench, '{"called": 1, "completed": 1}')
    failure = str(bench.overhead("fake-0.1").failure)
    assert re.fullmatch(r"the floor called 1 bodies, of which 1 completed; the suite .* \d+ completed", failure), (
        failure
    )


def test_a_floor_that_reports_too_little_is_no_number(bench: Bench) -> None:
    floor_says(bench, "")
    assert bench.overhead("fake-0.1").failure == "the floor of fake-0.1 reported 0 process groups, not 1"


def test_memory_that_no_worker_reports_is_no_number() -> None:
    with pytest.raises(Failed, match="no worker reported its memory"):
        measure._memory(cast(Results, SimpleNamespace(targets=[])))


def test_the_disk_of_a_tier_is_that_of_its_environments(bench: Bench) -> None:
    found = bench.disk("core")
    assert found.failure is None and found.detail == "1 folders" and found.megabytes
