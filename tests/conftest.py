"""What the tests share: a fake Keras as a target, a way to run cases on it, and pages in a browser."""

import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from conformance import cli
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
from conformance.targets import install
from conformance.targets.install import Environment
from conformance.targets.registry import Base, Target
from conformance.targets.requested import PreparedTarget
from conformance.vocabulary import MODES
from tests.local_index import LocalIndex, serve, wheel
from tests.page_browser import browser, comparing, context, opened  # noqa: F401

SHORT = WorkerLimits(case_seconds=20.0)
FAKES = Path(__file__).parent / "fakes"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


# The tests draw the same examples in every run: whoever runs them without a change gets the same answer. New ones are
# drawn by `nox -s explore`; a counter-example that it finds is added to its test with `@example`. Time is no failure.
settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "explore", settings.get_profile("fixed"), derandomize=False, max_examples=1000, print_blob=True
)
settings.load_profile("fixed")  # unless pytest is given --hypothesis-profile


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("property")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=6, help="how often a run is killed at a random moment  [default: 6]")


@pytest.fixture(autouse=True, scope="session")
def no_job() -> Iterator[None]:
    """The same output in a job of GitHub Actions as anywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_ACTIONS", raising=False)
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        yield


def fake_base(lock: Path = Path("/no/lock"), **changes: object) -> Base:
    """What this Python has."""
    about = {"id": "bare", "title": "NumPy", "python": HERE, "requires": [], "lock": lock}
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


@pytest.fixture(scope="module")
def run_fake(tmp_path_factory: pytest.TempPathFactory) -> FakeRuns:
    return FakeRuns(tmp_path_factory.mktemp("fake"))


@pytest.fixture
def command(run_fake: FakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The program with fake targets and cases, writing to `tmp_path`."""
    monkeypatch.chdir(tmp_path)
    return Command(
        targets=[fake_target(), fake_target("fake-uninstallable", tier="history")],
        cases=FAKES / "cases",
        cache=run_fake.folder / "cache",
        provision=lambda target, _: run_fake.provision(target),
    )


DATES = {version: f"2024-0{i + 1}-15T10:00:00Z" for i, version in enumerate(("0.1", "0.2", "0.3", "0.4", "0.5"))}


def source(version: str, any_or_all: str = "any") -> str:
    text, versions = re.subn(r"(FAULT, )\"0\.1\"", rf'\1"{version}"', (FAKES / "keras" / "__init__.py").read_text())
    assert versions == 1
    return text.replace("np.any(inputs", f"np.{any_or_all}(inputs")


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Has five releases of the fake Keras; from 0.5 on another step is masked."""
    with serve() as index:
        monkeypatch.setenv("UV_INDEX", index.url)
        for version, uploaded in DATES.items():
            needs = ("there-is-no-such-package-of-masks",) if version == "0.4" else ()
            content = wheel("keras", version, source(version, "all" if version == "0.5" else "any"), needs)
            index.add("keras", f"keras-{version}-py3-none-any.whl", content, uploaded, version == "0.3" and "a mistake")
        yield index


@pytest.fixture
def released(command: Command, local: LocalIndex, tmp_path: Path) -> Command:
    """The program with two declared targets, Keras 0.1 and 0.5, which are installed from that index."""
    base = fake_base(tmp_path / "base.txt", requires=["numpy", "pytest"])
    install.lock(base)
    declared = [
        fake_target(f"fake-{v}", keras=v, base=base, requires=[f"keras=={v}"], own=tmp_path / f"{v}.txt")
        for v in ("0.1", "0.5")
    ]
    for target in declared:
        install.lock(target)
    command.about |= {"targets": declared, "cache": tmp_path / "cache", "provision": None}
    return command
