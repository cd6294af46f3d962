"""The target of an environment that exists already: found, described, measured anew each time."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.local.launch import Environment
from conformance.local.probe import describe
from conformance.targets import existing, interpreters, registry, requested
from conformance.targets.requested import TargetRequest
from conformance.worker import probe
from tests.support.fakes import FAKES, THIS_PYTHON, FakeRuns, fake_target, run_prepared

DECLARED = [fake_target()]


@pytest.fixture(autouse=True)
def nothing_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("KERAS_BACKEND", "VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def bundle(run_fake: FakeRuns) -> Bundle:
    return make_bundle(run_fake.folder / "cache", FAKES / "cases")


def column(run_fake: FakeRuns, bundle: Bundle, fault: str = "none", **about: str) -> requested.PreparedTarget:
    return existing.prepare(str(run_fake.interpreter(fault)), TargetRequest(**about), DECLARED, bundle)  # type: ignore[arg-type]


def test_whatever_keras_is_there_is_a_column(run_fake: FakeRuns, bundle: Bundle, tmp_path: Path) -> None:
    here_now = column(run_fake, bundle)
    target = here_now.target
    assert target.id.startswith("keras-0.1+numpy-") and target.id.endswith("+here")
    assert target.title.startswith("Keras 0.1 on NumPy ") and target.title.endswith(", here")
    assert (target.front_end, target.backend, target.keras, target.tier) == ("keras", "numpy", "0.1", registry.AD_HOC)
    assert target.base.python == THIS_PYTHON
    assert {"numpy", "pytest"} <= {pin.split("==")[0] for pin in target.pins()}
    found = run_prepared(here_now, bundle, tmp_path)
    assert [c.verdict for c in found.cells] == ["conforms", "deviates"]
    assert found.problems == [] and found.targets[0].pins == target.pins()


def test_nothing_of_it_is_remembered(run_fake: FakeRuns, bundle: Bundle, tmp_path: Path) -> None:
    measured = []

    def environment() -> existing.Environment:
        measured.append(1)
        return column(run_fake, bundle).environment()

    for _ in range(2):
        run_prepared(requested.PreparedTarget(column(run_fake, bundle).target, environment), bundle, tmp_path)
    assert len(measured) == 2
    assert not (tmp_path / "cells").exists()


@pytest.mark.parametrize(
    ("fault", "about", "message"),
    [
        ("no-import", {}, "/python-no-import: ImportError: libfake.so.1: cannot open shared object file$"),
        ("dies", {}, "/python-dies exited with -11: something went very wrong$"),
        ("none", {"front_end": "tf_keras"}, "/python-none has no tf_keras$"),
        ("none", {"backend": "jax"}, "/python-none: keras uses backend numpy, not jax$"),
    ],
)
def test_what_cannot_be_described(
    run_fake: FakeRuns, bundle: Bundle, fault: str, about: dict[str, str], message: str
) -> None:
    missing = column(run_fake, bundle, fault, **about)
    assert missing.target.id == "here+not-resolved"
    with pytest.raises(Unavailable, match=message):
        missing.environment()


def test_one_that_hangs_is_given_up(run_fake: FakeRuns, bundle: Bundle) -> None:
    where = Environment(run_fake.interpreter("hangs"))
    with pytest.raises(Unavailable, match="/python-hangs timed out: no answer for 2 s$"):
        describe(where, "", "", fake_target().for_worker, bundle, seconds=2.0)


def test_an_empty_environment_says_what_it_needs(bundle: Bundle, tmp_path: Path) -> None:
    base = str(interpreters.find_python(THIS_PYTHON))
    subprocess.run(interpreters.uv_command("venv", "--quiet", "--python", base, str(tmp_path / "v")), check=True)
    with pytest.raises(Unavailable, match=r"/v/bin/python has no numpy, no pytest, no Keras$"):
        existing.prepare(str(tmp_path / "v"), TargetRequest(), DECLARED, bundle).environment()


def test_modules_on_the_callers_path_do_not_count(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FAKES))
    with pytest.raises(Unavailable, match="has no Keras$"):
        existing.prepare(sys.executable, TargetRequest(), DECLARED, bundle).environment()


def test_an_interpreter_that_is_not_there_is_a_mistake(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="/nowhere: no such interpreter$"):
        existing.prepare(str(tmp_path / "nowhere"), TargetRequest(), DECLARED, bundle)


def test_an_interpreter_that_does_not_start_is_named(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "python").write_text("not a program")
    with pytest.raises(Unavailable, match="^cannot start .*/python: Permission denied$"):
        existing.prepare(str(tmp_path / "python"), TargetRequest(), DECLARED, bundle).environment()


class TestTheCurrentEnvironment:
    """Which interpreter `--here` means where none is named."""

    def python(self, folder: Path) -> Path:
        path = folder / "bin" / "python"
        path.parent.mkdir(parents=True)
        path.symlink_to(sys.executable)
        return path

    @pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
    def test_the_active_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, str(tmp_path / "active"))
        active = self.python(tmp_path / "active")
        assert existing.interpreter("").python == active

    def test_not_that_of_this_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
        other = self.python(tmp_path / "other")
        monkeypatch.setenv("PATH", f"{sys.prefix}/bin:{other.parent}")
        assert existing.interpreter("").python == other

    def test_unless_it_has_a_keras(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(FAKES))
        monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
        assert existing.interpreter("").python == Path(sys.prefix) / "bin" / "python"

    def test_none_at_all(self, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(
            Unavailable,
            match="no environment is active and there is no `python` on the PATH; specify one: --here PYTHON",
        ):
            existing.prepare("", TargetRequest(), DECLARED, bundle).environment()


def test_distributions_are_listed_as_they_are_imported(tmp_path: Path) -> None:
    for folder, name, about in [
        ("first", "Some_Thing-2.0.dist-info/METADATA", "Name: Some_Thing\nVersion: 2.0\n\nVersion: of the text\n"),
        ("first", "old-1.0.egg-info/PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n"),
        ("first", "older-0.1.egg-info", "Name: older\nVersion: 0.1\n"),
        ("first", "broken-3.0.dist-info/RECORD", ""),
        ("first", "nameless-3.0.dist-info/METADATA", "Version: 3.0\n"),
        ("second", "some.thing-1.0.dist-info/METADATA", "Name: some.thing\nVersion: 1.0\n"),
    ]:
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(about)
    folders = [str(tmp_path / name) for name in ("first", "second", "third")]
    assert probe.pins(folders) == ["old==1.0", "older==0.1", "some-thing==2.0"]


def test_a_folder_is_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hollow").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not probe.is_there("hollow")
    assert probe.is_there("json") and not probe.is_there("no_such_module")
