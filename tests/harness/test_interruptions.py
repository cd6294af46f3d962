"""Runs that are interrupted anywhere, and two at once: the results are those of a run that nobody disturbed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from conformance import results
from conformance.local.errors import Unavailable
from conformance.targets import install
from tests.support.fakes import fake_base, fake_target
from tests.support.paths import ROOT

SEED = 20161
ROUND = 5  # kills, before the run is let go on to its end


class Program:
    """`conformance run` on fake columns, in processes of its own."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def journals(self) -> bytes:
        return b"".join(path.read_bytes() for path in (self.cache / "cells").glob("*.jsonl"))

    def start(self, out: str = "out", cases: str = "steady", *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.fakes.run", self.folder, cases]
        return subprocess.Popen(
            [*command, "run", "--mode=eager", "--out", self.folder / out, *options],
            cwd=ROOT,
            env={**os.environ, "KERAS_MASK_CACHE": str(self.cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # also where we run in the background
        )

    def finish(self, out: str = "out") -> dict[str, object]:
        """Run to the end, which is as expected; what was found, without what may differ from run to run."""
        process = self.start(out)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 1, said  # the crash and the exception that no expectation explains
        return stable(results.read(self.folder / out))


def stable(found: results.Results) -> dict[str, object]:
    about = msgspec.to_builtins(found)
    for name in ("created", "seconds"):
        del about[name]
    for cell in about["cells"]:
        del cell["seconds"]
        cell.pop("reason", None)  # that of a crash quotes the last lines of a log
    for column in about["targets"]:
        del column["peak_mb"], column["measured"]
    observations = about.pop("observations")
    for observation in observations.values():
        observation.pop("reason", None)
    for cell in about["cells"]:
        cell["observation"] = observations[cell["observation"]]
    return about


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], float]:
    """What a run finds that nobody disturbs, and the seconds it takes."""
    program = Program(tmp_path_factory.mktemp("undisturbed"))
    started = time.monotonic()
    return program.finish(), time.monotonic() - started


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    yield Program(tmp_path)
    left = [p for p in psutil.process_iter(["environ"]) if str(tmp_path) in str(p.info["environ"] or "")]
    _, alive = psutil.wait_procs(left, timeout=20)
    assert not alive  # a worker does not outlive its run


def kill(process: subprocess.Popen[str], seconds: float, number: signal.Signals) -> bool:
    """Send a signal to the run alone, not to its workers; whether it was still running."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    assert process.stdout
    said = process.stdout.read()
    process.stdout.close()
    assert "Traceback" not in said, said
    return process.wait(timeout=60) != 1


def test_killed_at_random_moments_and_resumed(
    program: Program, undisturbed: tuple[dict[str, object], float], request: pytest.FixtureRequest
) -> None:
    expected, seconds = undisturbed
    moments = random.Random(SEED)
    killed = resumed = 0
    while killed < request.config.getoption("--kills"):
        for _ in range(ROUND):
            killed += kill(program.start(), moments.uniform(0, seconds), signal.SIGKILL)
        assert program.finish() == expected
        resumed += 1
        shutil.rmtree(program.cache)
    print(f"killed {killed} times, resumed {resumed} times to the end, each time as undisturbed")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends when it has something to say")
def test_killed_it_leaves_no_worker_that_hangs(program: Program) -> None:
    process = program.start("out", "cases", "--case=bad.native-hang")
    deadline = time.monotonic() + 60
    while not (workers := hanging(process)) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert workers and not psutil.wait_procs(workers, timeout=5)[1]


def hanging(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """What a run has started, once a worker hangs in its case."""
    try:
        started = psutil.Process(process.pid).children(recursive=True)
        return started if any(Path(worker.cwd(), "hangs").exists() for worker in started) else []
    except psutil.Error:  # one has ended meanwhile
        return []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_its_workers_and_resumes(
    program: Program, undisturbed: tuple[dict[str, object], float], number: signal.Signals
) -> None:
    expected, _ = undisturbed
    process = program.start()
    assert process.stdout
    for line in process.stdout:
        if "running eager" in line:
            break
    deadline = time.monotonic() + 60
    while b'"observation"' not in program.journals() and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and said.rstrip().endswith("Aborted!") and "Traceback" not in said
    assert not psutil.wait_procs(workers, timeout=5)[1]
    assert not (program.folder / "out" / "results.json").exists()
    assert b'"observation"' in program.journals()  # what was observed before is kept
    assert program.finish() == expected


def test_two_runs_share_one_cache(program: Program, undisturbed: tuple[dict[str, object], float]) -> None:
    expected, _ = undisturbed
    found: list[dict[str, object]] = []
    runs = [threading.Thread(target=lambda name=name: found.append(program.finish(name))) for name in ("one", "other")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert found == [expected, expected]
    assert program.finish("third") == expected


def test_two_runs_build_one_environment(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("")
    target = fake_target(base=fake_base(lock))
    built: list[install.Environment | Unavailable] = []

    def build() -> None:
        try:
            built.append(install.provision(target, tmp_path / "cache"))
        except Unavailable as error:
            built.append(error)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(str, built))) == 1 and isinstance(built[0], install.Environment)
    assert subprocess.run([built[0].python, "-c", ""]).returncode == 0
    assert len([path for path in (tmp_path / "cache" / "environments").iterdir() if path.is_dir()]) == 1
