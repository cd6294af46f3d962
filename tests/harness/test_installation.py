"""What commands say in an installation that lacks cases or results."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.local.dependencies import PACKAGE


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, with nothing beside it."""
    folder = tmp_path / "site" / "conformance"
    return Path(shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__")))


def run(package: Path, *arguments: str) -> str:
    """Return the last line of a command that is refused."""
    command = [sys.executable, "-P", "-m", "conformance", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "KERAS_MASK_CACHE": str(package.parent / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=package.parent, env=environment)
    assert done.returncode == 2, done.stderr
    return done.stderr.splitlines()[-1]


def test_without_cases(package: Path) -> None:
    assert run(package, "gate") == "Error: the cases are missing from this installation; install the package again"


def test_without_results(package: Path) -> None:
    (package / "cases").mkdir()
    for name in ("oracle.py", "expectations.toml"):
        (package / "cases" / name).touch()
    assert run(package, "gate") == (
        "Error: no results to compare with the expectations: reports/latest/results.json does not exist"
    )


def test_the_published_report_is_not_overwritten(package: Path) -> None:
    (package / "published").mkdir()
    assert run(package, "report") == (
        f"Error: {package / 'published'} is a part of the installed package: name a folder with --out, or other results"
    )
