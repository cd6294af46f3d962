"""What the tests share: a fake Keras as a target, a way to run cases on it, and an index of packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from conformance.targets import install
from tests.support.fakes import DATES, FAKES, Command, FakeRuns, fake_base, fake_target, source
from tests.support.local_index import LocalIndex, serve, wheel
from tests.support.paths import TESTS

# The tests draw the same examples in every run: whoever runs them without a change gets the same answer. New ones are
# drawn by `nox -s explore`; a counter-example that it finds is added to its test with `@example`. Time is no failure.
settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "explore", settings.get_profile("fixed"), derandomize=False, max_examples=1000, print_blob=True
)
settings.load_profile("fixed")  # unless pytest is given --hypothesis-profile


FOLDERS = ("targets", "page", "repository", "harness", "unit")
"""In the order of execution: files that take long come first, so that no process is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: FOLDERS.index(_folder(item)))
    for item in items:
        if _folder(item) in ("page", "targets"):
            item.add_marker(_folder(item))
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("property")


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=6, help="how often a run is killed at a random moment  [default: 6]")


@pytest.fixture(autouse=True, scope="session")
def no_job() -> Iterator[None]:
    """The same output in a job of GitHub Actions as anywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_ACTIONS", raising=False)
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        yield


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
