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
from rich.console import Console

from conformance import cli
from conformance.local import bundle as bundle_module
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import Unavailable
from conformance.results import Results
from conformance.run import plan, scheduler
from conformance.run.progress import PlainProgress
from conformance.run.result_cache import ResultCache
from conformance.run.reuse import ReusedResults
from conformance.suite import catalogue
from conformance.targets import install, registry
from conformance.targets.install import Environment
from conformance.targets.install import provision as real_provision
from conformance.targets.registry import Base, Target
from conformance.targets.requested import PreparedTarget
from conformance.vocabulary import MODES
from tests.local_index import LocalIndex, serve, wheel
from tests.page_browser import browser, comparing, context, opened  # noqa: F401

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
        self._lock = threading.Lock()

    def interpreter(self, fault: str) -> Path:
        """An executable that is this Python with the fake Keras before everything else."""
        path = self.folder / f"python-{fault}"
        with self._lock:  # threads ask at once; one that is being executed must not be written
            if not path.exists():
                path.write_text(
                    "#!/bin/sh\n"
                    f'PYTHONPATH="$PYTHONPATH{os.pathsep}{FAKES}" FAKE_FAULT="{fault}" exec "{sys.executable}" "$@"\n'
                )
                path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def provision(self, target: Target) -> Environment:
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
        case_seconds: float = 20.0,
        jobs: int = 2,
        fresh: bool = True,
        previous: ReusedResults | None = None,
    ) -> Results:
        bundle = make_bundle(self.folder / "cache", cases)
        chosen = catalogue.choose(catalogue.collect(bundle), list(patterns))
        the_plan = plan.make_plan(chosen, list(target_list), list(modes))
        with PlainProgress(the_plan, Console(quiet=True)) as progress:
            memory = ResultCache(self.folder / "cache", bundle, fresh)
            return scheduler.run(
                *(the_plan, chosen, list(target_list), bundle, memory, self.provision, progress, jobs, case_seconds),
                previous=previous,
            )


def run_column(column: PreparedTarget, bundle: Bundle, cache: Path) -> Results:
    """Two of the good cases on a column that nobody declared."""
    cases = catalogue.choose(catalogue.collect(bundle), ["good.masking", "good.deviates"])
    the_plan = plan.make_plan(cases, [column.target], ["eager"])
    with PlainProgress(the_plan, Console(quiet=True)) as progress:
        memory = ResultCache(cache, bundle)
        return scheduler.run(
            the_plan, cases, [column.target], bundle, memory, lambda _: column.environment(), progress, 1, 20.0
        )


@pytest.fixture(scope="module")
def run_fake(tmp_path_factory: pytest.TempPathFactory) -> FakeRuns:
    return FakeRuns(tmp_path_factory.mktemp("fake"))


@pytest.fixture
def command(run_fake: FakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The program with fake targets and cases, writing to `tmp_path`."""
    fakes = [fake_target(), fake_target("fake-uninstallable", tier="history")]
    monkeypatch.setenv("KERAS_MASK_CACHE", str(run_fake.folder / "cache"))
    monkeypatch.setattr(registry, "load", lambda: fakes)
    monkeypatch.setattr(install, "provision", lambda target, cache: run_fake.provision(target))
    monkeypatch.setattr(bundle_module, "cases_folder", lambda: FAKES / "cases")
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli.main, arguments)

    return invoke


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
def released(
    command: Callable[..., Result], local: LocalIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Result]:
    """The program with two declared columns, Keras 0.1 and 0.5, which are installed from that index."""
    monkeypatch.setenv("KERAS_MASK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "provision", real_provision)
    base = fake_base(tmp_path / "base.txt", requires=["numpy", "pytest"])
    install.lock(base)
    declared = [
        fake_target(f"fake-{v}", keras=v, base=base, requires=[f"keras=={v}"], own=tmp_path / f"{v}.txt")
        for v in ("0.1", "0.5")
    ]
    for target in declared:
        install.lock(target)
    monkeypatch.setattr(registry, "load", lambda: declared)
    return command
