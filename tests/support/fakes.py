"""A fake Keras as a target, a way to run cases on it, and the program on both."""

import os
import re
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from conformance import cli
from conformance.judging.crashes import NONE, DeclaredCrashes
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import Unavailable
from conformance.local.worker_process import WorkerLimits
from conformance.project import Project
from conformance.results import Results
from conformance.run.api import RunRequest, run
from conformance.run.plan import Plan
from conformance.run.progress import Progress, SilentProgress
from conformance.run.reuse import ReusedResults
from conformance.suite import catalogue
from conformance.targets.install import Environment
from conformance.targets.registry import Base, Target
from conformance.targets.requested import PreparedTarget
from conformance.vocabulary import MODES
from tests.support.paths import TESTS

SHORT = WorkerLimits(case_seconds=20.0)
FAKES = TESTS / "fakes"
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Minor version of the Python that runs the tests: that of all fake targets."""


def fake_base(lock: Path = Path("/no/lock"), **changes: object) -> Base:
    """What this Python has."""
    about = {"id": "bare", "title": "NumPy", "python": THIS_PYTHON, "requires": [], "lock": lock}
    return Base(**(about | changes))  # type: ignore[arg-type]


def fake_target(name: str = "fake-0.1", **changes: object) -> Target:
    about = {
        "id": name,
        "title": name,
        "front_end": "keras",
        "keras": "0.1",
        "backend": "numpy",
        "generation": "fakes",
        "tier": "core",
        "base": fake_base(),
        "processes": [["eager"]],
        "lacks": {mode: f"the fake has no {mode}" for mode in MODES if mode != "eager"},
    }
    return Target(**(about | changes))  # type: ignore[arg-type]


class FakeRuns:
    """Runs the cases of a folder on fake targets; target ids choose the fault, "fake-FAULT"."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.installed: list[str] = []
        self._lock = threading.Lock()

    @property
    def says(self) -> Path:
        """What the worker of "fake-says" writes instead of events."""
        return self.folder / "says"

    def interpreter(self, fault: str) -> Path:
        """An executable that is this Python with the fake Keras before everything else."""
        path = self.folder / f"python-{fault}"
        with self._lock:  # threads ask at once; one that is being executed must not be written
            if not path.exists():
                path.write_text(
                    "#!/bin/sh\n"
                    f'export FAKE_FAULT="{fault}" FAKE_SAYS="{self.says}"\n'
                    f'PYTHONPATH="$PYTHONPATH{os.pathsep}{FAKES}" exec "{sys.executable}" "$@"\n'
                )
                path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def provision(self, target: Target) -> Environment:
        self.installed.append(target.id)
        fault = target.id.removeprefix("fake-")
        if fault == "uninstallable":
            raise Unavailable("uv pip failed: there is no such wheel")
        return Environment(self.interpreter(fault))

    def __call__(
        self,
        *target_list: Target,
        patterns: tuple[str, ...] = ("good.*",),
        modes: tuple[str, ...] = MODES,
        cases: Path = FAKES / "cases",
        limits: WorkerLimits = SHORT,
        jobs: int = 2,
        fresh: bool = True,
        reuse: ReusedResults | None = None,
        crashes: DeclaredCrashes = NONE,
        execute_crashes: bool = False,
        progress: Callable[[Plan], Progress] = SilentProgress,
    ) -> Results:
        bundle = make_bundle(self.folder / "cache", cases)
        return run(
            RunRequest(
                cases=catalogue.choose(catalogue.collect(bundle), list(patterns)),
                targets=[PreparedTarget(target, lambda t=target: self.provision(t)) for target in target_list],  # type: ignore[misc]
                bundle=bundle,
                cache=self.folder / "cache",
                modes=modes,
                jobs=jobs,
                fresh=fresh,
                reuse=reuse,
                crashes=crashes,
                execute_crashes=execute_crashes,
                limits=limits,
                progress=progress,
            )
        )

    def project(self, *targets: Target, cases: Path = FAKES / "cases") -> Project:
        """A project of fake targets."""
        return Project(
            targets=targets, cases=cases, cache=self.folder / "cache", provision=lambda t, _: self.provision(t)
        )


def run_prepared(prepared: PreparedTarget, bundle: Bundle, cache: Path) -> Results:
    """Two of the good cases on a target that is not declared."""
    cases = catalogue.choose(catalogue.collect(bundle), ["good.masking", "good.deviates"])
    return run(
        RunRequest(cases=cases, targets=[prepared], bundle=bundle, cache=cache, modes=["eager"], jobs=1, limits=SHORT)
    )


class Command:
    """The program in this process; each call has a project of its own, made from the attributes."""

    project = Project

    def __init__(self, **about: object):
        self.about = about

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli.main, arguments, obj=self.project(**self.about))  # type: ignore[arg-type]


DATES = {version: f"2024-0{i + 1}-15T10:00:00Z" for i, version in enumerate(("0.1", "0.2", "0.3", "0.4", "0.5"))}


def source(version: str, any_or_all: str = "any") -> str:
    text, versions = re.subn(r"(FAULT, )\"0\.1\"", rf'\1"{version}"', (FAKES / "keras" / "__init__.py").read_text())
    assert versions == 1
    return text.replace("np.any(inputs", f"np.{any_or_all}(inputs")
