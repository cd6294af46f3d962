"""`conformance run --here` without the host side, on the fake Keras: what it prints."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from conformance.local.dependencies import PACKAGE
from tests.support.fakes import FAKES, FakeRuns

HERE = """
import sys
sys.executable = sys.argv[1]  # the environment that it runs in
from conformance.local.run import main
sys.exit(main(["--here", *sys.argv[2:]], "the host side is missing"))
"""
RAISING = '''
"""Many that raise."""
import numpy as np
import pytest

@pytest.mark.case("many.raise", documented="somewhere")
@pytest.mark.parametrize("number", list(range(42)), ids=str)
def test_raise(number, keras, record):
    """Raises.

    It is counted.
    """
    keras.layers.Broken()(np.zeros((2, 2)))
'''
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run_here(run_fake: FakeRuns, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Function: run a copy of the package, whose cases are those of the fakes, in the environment of the fake Keras."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, site / "conformance", ignore=shutil.ignore_patterns("__pycache__", "locks", "web"))
    shutil.copytree(FAKES / "cases", site / "cases", ignore=shutil.ignore_patterns("__pycache__", "test_bad.py"))
    (site / "cases" / "oracle.py").touch()
    (site / "cases" / "test_many.py").write_text(RAISING)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", HERE, str(run_fake.interpreter("none")), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        return subprocess.run(command, capture_output=True, text=True, cwd=site, env=environment)

    return run


def test_it_prints_what_does_not_conform_and_where_the_rest_is(run_here: Run) -> None:
    done = run_here("--mode", "eager", "--mode", "jit")
    assert done.returncode == 0, done.stderr
    errors, lines = done.stderr.splitlines(), done.stdout.splitlines()
    assert errors[0].startswith("keras 0.1 on numpy (numpy ")
    assert "running eager" in errors
    assert "mode jit is not available: there is no mode 'jit' on numpy in a process with eager, jit" in errors
    assert "deviates good.deviates in eager: number: 1 of 1 elements differ, by up to 1" in lines
    assert "raises many.raise[0] in eager: LinAlgError: Singular matrix" in lines
    assert lines[-2:] == ["and 4 more", "53 cells observed; details in reports/latest/observations.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--mode", "graph"), 3, "Error: no case applies to the modes that work here"),
        (("--tier", "core"), 2, "Error: --tier is not available: the host side is missing"),
        (("--case", "maskin*"), 2, "Error: unknown case 'maskin*'; did you mean 'good.masking'?"),
    ],
)
def test_what_cannot_run_is_one_line(run_here: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = run_here(*arguments)
    assert (done.returncode, done.stderr.splitlines()[-1], done.stdout) == (code, message, "")
