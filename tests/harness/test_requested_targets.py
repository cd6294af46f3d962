"""Targets requested on the command line: what is resolved for them, and what happens if nothing can be."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from conformance.local.bundle import make_bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.targets import install, registry, requested, resolution, wheels
from conformance.targets.install import Environment
from conformance.targets.registry import Target
from conformance.targets.requested import TargetRequest
from conformance.vocabulary import MODES
from tests.support.fakes import FAKES, THIS_PYTHON, fake_target, run_prepared

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "keras"
version = "0.1"
[tool.setuptools]
packages = ["keras"]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources of the fake Keras, as a distribution."""
    folder = tmp_path / "checkout"
    shutil.copytree(FAKES / "keras", folder / "keras", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text(PYPROJECT)
    return folder


def fake_column(tmp_path: Path, *requirements: str) -> requested.PreparedTarget:
    """A column with NumPy, on the base of the fake ones."""
    asked = TargetRequest([*requirements, "numpy"], THIS_PYTHON, backend="numpy")
    return requested.prepare(asked, [fake_target()], tmp_path / "cache")


def test_a_checkout_is_a_column(checkout: Path, tmp_path: Path) -> None:
    before = sorted(checkout.rglob("*"))
    column = fake_column(tmp_path, str(checkout))
    assert sorted(checkout.rglob("*")) == before  # nothing was built in it
    target = column.target
    numpy = next(pin.removeprefix("numpy==") for pin in target.pins() if pin.startswith("numpy=="))
    assert target.id.startswith(f"keras-0.1+numpy-{numpy}+local-")
    assert target.title.startswith(f"Keras 0.1 on NumPy {numpy}, local-")
    assert (target.tier, target.keras, target.base.python) == (registry.AD_HOC, "0.1", THIS_PYTHON)
    assert (target.modes, target.lacks) == (fake_target().modes, fake_target().lacks)
    assert "keras==0.1" in target.pins() and any(pin.startswith("pytest==") for pin in target.pins())
    assert not any("/" in pin for pin in target.pins())
    assert target.base.lock.read_text().count("--hash=sha256:") >= len(target.pins())


def test_equal_sources_are_an_equal_column(checkout: Path, tmp_path: Path) -> None:
    first = fake_column(tmp_path, str(checkout)).target
    (checkout / "build" / "lib" / "keras").mkdir(parents=True)
    (checkout / "build" / "lib" / "keras" / "stale.py").touch()
    shutil.copytree(checkout, tmp_path / "elsewhere")
    for file in (tmp_path / "elsewhere").rglob("*.py"):
        file.touch()
    assert fake_column(tmp_path, str(tmp_path / "elsewhere")).target == first

    (checkout / "keras" / "__init__.py").write_text("__version__ = '0.1'\n")
    changed = fake_column(tmp_path, str(checkout)).target
    assert changed.id != first.id and changed.base.lock != first.base.lock


def test_a_wheel_may_go_after_it_was_named(checkout: Path, tmp_path: Path) -> None:
    wheel = wheels.wheel(checkout, tmp_path / "other cache", Path(shutil.which("python") or ""))
    assert zipfile.is_zipfile(wheel)
    copy = shutil.copy(wheel, tmp_path)
    column = fake_column(tmp_path, copy)
    Path(copy).unlink()
    python = column.environment().python
    assert column.environment().python == python
    assert list(python.parent.parent.glob("lib/*/site-packages/keras/__init__.py"))


def test_it_runs_once_and_is_remembered(checkout: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "cache", FAKES / "cases")
    column = fake_column(tmp_path, str(checkout))
    found = run_prepared(column, bundle, tmp_path / "cache")
    assert [c.verdict for c in found.cells] == ["conforms", "deviates"] and found.problems == []
    assert found.targets[0].versions["keras"] == "0.1"

    def nothing() -> Environment:
        raise AssertionError("nothing has to run")

    again = requested.PreparedTarget(fake_column(tmp_path, str(checkout)).target, nothing)
    assert run_prepared(again, bundle, tmp_path / "cache").cells == found.cells


def test_sources_that_lie_about_their_version_do_not_run(checkout: Path, tmp_path: Path) -> None:
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace("0.1", "0.3"))
    bundle = make_bundle(tmp_path / "cache", FAKES / "cases")
    found = run_prepared(fake_column(tmp_path, str(checkout)), bundle, tmp_path / "cache")
    assert {c.verdict for c in found.cells} == {"not-run"}
    assert found.targets[0].reason == "reports keras 0.1, but 0.3 is declared"


def test_an_altered_wheel_is_refused(checkout: Path, tmp_path: Path) -> None:
    column = fake_column(tmp_path, str(checkout))
    (kept,) = (tmp_path / "cache" / "wheels").glob("*/*.whl")
    with zipfile.ZipFile(kept, "a") as archive:
        archive.writestr("keras/more.py", "")
    with pytest.raises(Unavailable, match="(?i)hash mismatch"):
        column.environment()


def test_what_cannot_be_built_says_why(checkout: Path, tmp_path: Path) -> None:
    (checkout / "pyproject.toml").write_text(PYPROJECT.replace('version = "0.1"', 'version = "new"'))
    column = fake_column(tmp_path, str(checkout))
    assert (column.target.id, column.target.title) == ("checkout+numpy+not-resolved", "checkout, numpy")
    with pytest.raises(Unavailable, match="^uv build failed: .*version"):
        column.environment()


def test_what_cannot_be_resolved_says_why(tmp_path: Path) -> None:
    column = fake_column(tmp_path, "keras==99")
    assert column.target.modes == list(MODES)
    with pytest.raises(Unavailable, match="^uv pip failed: .*there is no version of keras==99"):
        column.environment()


def test_a_cache_that_cannot_be_written_is_named(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(Unavailable, match=r"^cannot be resolved: .*/cache/wheels.*: Not a directory$"):
        fake_column(tmp_path, str(checkout)).environment()


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ("keras==", "keras==: Expected"),
        (
            "keras @ https://example.org/keras.whl",
            "keras @ https://example.org/keras.whl: URLs are not supported; download it and name",
        ),
        ("./nowhere", "nowhere: no such file or folder"),
        ("nowhere.whl", "nowhere.whl: no such file or folder"),
        (".", ".: a folder without pyproject.toml or setup.py"),
        ("./some.txt", "some.txt: not a wheel"),
    ],
)
def test_requirements_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requirement: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some.txt").touch()
    with pytest.raises(UsageError, match=f"^{message}"):
        fake_column(tmp_path, requirement)


def test_a_python_is_a_minor_version(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^--python 3: not a minor version, such as 3.12$"):
        requested.prepare(TargetRequest(["keras"], "3"), registry.load(), tmp_path)


class Resolver:
    """Stands for uv: notes what is required, and finds what a test says."""

    def __init__(self, *pins: str):
        self.pins = pins

    def __call__(self, requires: list[str], whom: list[str], drops: list[str], lock: Path) -> None:
        self.requires, self.whom, self.drops = requires, whom, drops
        lock.write_text("".join(f"{pin}\n" for pin in self.pins))


DECLARED = registry.load()


def ask(
    tmp_path: Path,
    patch: pytest.MonkeyPatch,
    pins: Sequence[str],
    *requirements: str,
    declared: Sequence[Target] = DECLARED,
    **about: str,
) -> tuple[Target, Resolver]:
    """The column of `requirements` where `pins` are found, and what was asked of the resolver."""
    resolver = Resolver(*pins)
    patch.setattr(install, "resolve", resolver)  # stands for uv and the package index
    # Stands for the interpreters of this machine.
    patch.setattr(resolution, "find_python", lambda version: Path(f"/python{version}"))
    return requested.prepare(TargetRequest(requirements, **about), declared, tmp_path).target, resolver


TF = "tensorflow-cpu==2.21.0"
CASES = {
    # what is asked for: what is found, the Python, what is added, what is dropped, the column
    "keras==3.12.4 tensorflow-cpu==2.20": (
        ["keras==3.12.4", "tensorflow-cpu==2.20.0"],
        "3.11",
        "pytest",
        "keras-nightly libclang tensorflow tf-nightly tf-nightly-cpu",
        "keras-3.12.4+tf-2.20.0: Keras 3.12.4 on TF 2.20.0",
    ),
    "keras-nightly": (
        ["keras-nightly==3.16.0.dev1", TF],
        "3.11",
        "pytest tensorflow-cpu==2.21.0",
        "keras libclang tensorflow tf-nightly tf-nightly-cpu",
        "keras-3.16.0.dev1+tf-2.21.0: Keras 3.16.0.dev1 on TF 2.21.0",
    ),
    "tensorflow-cpu==2.20": (
        ["keras==3.15.1", "tensorflow-cpu==2.20.0"],
        "3.11",
        "pytest",
        "libclang tensorflow tf-nightly tf-nightly-cpu",
        "keras-3.15.1+tf-2.20.0: Keras 3.15.1 on TF 2.20.0",
    ),
    "tensorflow-cpu==2.4.4": (
        ["tensorflow-cpu==2.4.4"],
        "3.7",
        "pytest protobuf<3.21",
        "tensorflow tf-nightly tf-nightly-cpu",
        "tf-2.4.4: tf.keras 2.4.4",
    ),
    "tensorflow==1.14.0": (
        ["tensorflow==1.14.0"],
        "3.7",
        "pytest protobuf<3.21 h5py<3",
        "tensorflow-cpu tf-nightly tf-nightly-cpu",
        "tf-1.14.0: tf.keras 1.14.0",
    ),
    "tensorflow==2.11.1": (
        ["keras==2.11.0", "tensorflow==2.11.1"],
        "3.8",
        "pytest numpy<1.24",
        "libclang tensorflow-cpu tf-nightly tf-nightly-cpu",
        "tf-2.11.1: tf.keras 2.11.1",
    ),
    "tensorflow-cpu<2.10": (
        ["keras==2.9.0", "tensorflow-cpu==2.9.3"],
        "3.7",
        "pytest numpy<1.24;python_version>='3.8'",
        "libclang tensorflow tf-nightly tf-nightly-cpu",
        "tf-2.9.3: tf.keras 2.9.3",
    ),
    "tf-nightly": (
        ["keras-nightly==3.16.0.dev1", "tf-nightly==2.22.0.dev1"],
        "3.11",
        "pytest",
        "libclang tensorflow tensorflow-cpu tf-nightly-cpu",
        "keras-3.16.0.dev1+tf-2.22.0.dev1: Keras 3.16.0.dev1 on TF 2.22.0.dev1",
    ),
    "tf-keras==2.15.1": (
        ["keras==2.15.0", "tensorflow-cpu==2.15.1", "tf-keras==2.15.1"],
        "3.11",
        "pytest tensorflow-cpu==2.15.1",
        "libclang tensorflow tf-keras-nightly tf-nightly tf-nightly-cpu",
        "tf-keras-2.15.1+tf-2.15.1: tf_keras 2.15.1 on TF 2.15.1",
    ),
    "tensorflow-cpu==2.20 front_end=tf_keras": (
        ["keras==3.15.1", "tensorflow-cpu==2.20.0", "tf-keras==2.20.1"],
        "3.11",
        "pytest tf-keras==2.20.1",
        "libclang tensorflow tf-keras-nightly tf-nightly tf-nightly-cpu",
        "tf-keras-2.20.1+tf-2.20.0: tf_keras 2.20.1 on TF 2.20.0",
    ),
    "tensorflow==1.15.5 front_end=keras": (
        ["keras==2.3.1", "tensorflow==1.15.5"],
        "3.7",
        "pytest protobuf<3.21 keras==2.3.1",
        "keras-nightly tensorflow-cpu tf-nightly tf-nightly-cpu",
        "keras-2.3.1+tf-1.15.5: Keras 2.3.1 on TF 1.15.5",
    ),
    "keras==2.10.0": (
        ["keras==2.10.0", "tensorflow-cpu==2.10.1"],
        "3.7",
        "pytest tensorflow-cpu==2.10.1 numpy<1.24;python_version>='3.8'",
        "keras-nightly libclang tensorflow tf-nightly tf-nightly-cpu",
        "tf-2.10.1: tf.keras 2.10.1",
    ),
    "keras==3.15.1 backend=jax": (
        ["jax==0.10.2", "keras==3.15.1"],
        "3.11",
        "pytest jax[cpu]==0.10.2",
        "keras-nightly",
        "keras-3.15.1+jax-0.10.2: Keras 3.15.1 on JAX 0.10.2",
    ),
    "jax==0.6.0 python=3.12": (
        ["jax==0.6.0", "keras==3.15.1"],
        "3.12",
        "pytest keras==3.15.1",
        "keras-nightly",
        "keras-3.15.1+jax-0.6.0: Keras 3.15.1 on JAX 0.6.0",
    ),
    "keras<3.14 torch": (
        ["keras==3.13.2", "torch==2.13.0+cpu"],
        "3.11",
        "pytest numpy",
        "keras-nightly",
        "keras-3.13.2+torch-2.13.0: Keras 3.13.2 on PyTorch 2.13.0",
    ),
}


@pytest.mark.parametrize("asked", CASES)
def test_what_is_not_asked_for_is_that_of_the_nearest_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    pins, python, added, dropped, named = CASES[asked]
    words = asked.split()
    requirements = [word for word in words if not word.startswith(("front_end=", "backend=", "python="))]
    about = dict(word.split("=") for word in words if word not in requirements)
    target, found = ask(tmp_path, monkeypatch, pins, *requirements, **about)
    assert f"{target.id}: {target.title}" == named
    assert found.whom[:2] == ["--python", f"/python{python}"]
    assert found.requires[: len(requirements)] == requirements
    assert sorted(text.replace(" ", "") for text in found.requires[len(requirements) :]) == sorted(added.split())
    assert " ".join(found.drops) == dropped
    assert target.pins() == pins
    assert sorted([*target.modes, *target.lacks]) == sorted(MODES)


def test_the_worker_must_find_the_versions_that_were_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, _ = ask(tmp_path, monkeypatch, [TF, "keras==3.12.4"], "keras==3.12.4")
    assert (target.keras, target.base.tensorflow) == ("3.12.4", "2.21.0")
    old, _ = ask(tmp_path, monkeypatch, ["tensorflow==1.15.5"], "tensorflow==1.15.5")
    assert (old.keras, old.base.tensorflow) == ("", "1.15.5")  # its Keras is no distribution
    pins = ["keras==2.4.3", "tensorflow-cpu==2.4.4"]  # this one is, and only calls that of TensorFlow, which is 2.4.0
    both, _ = ask(tmp_path, monkeypatch, pins, "keras==2.4.3")
    assert (both.id, both.keras, both.base.tensorflow) == ("tf-2.4.4", "", "2.4.4")


def test_a_front_end_that_nothing_brings_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = TargetRequest(["tensorflow==2.4.0"], front_end="keras")
    ask(tmp_path, monkeypatch, ["tensorflow==2.4.0"])
    with pytest.raises(Unavailable, match="^none of the requirements installs keras: tensorflow==2.4.0$"):
        requested.prepare(asked, registry.load(), tmp_path).environment()


def test_what_is_not_pinned_is_looked_up_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_OFFLINE", raising=False)
    asked = ("keras-nightly", "tensorflow-cpu==2.21.0", "jax==0.6.*")
    _, found = ask(tmp_path, monkeypatch, [TF, "keras-nightly==3.16.0.dev1"], *asked)
    assert found.whom[2:] == ["--refresh-package", "keras-nightly", "--refresh-package", "jax"]
    monkeypatch.setenv("UV_OFFLINE", "1")  # uv refuses both together
    _, found = ask(tmp_path, monkeypatch, [TF, "keras-nightly==3.16.0.dev1"], *asked)
    assert found.whom[2:] == []


def test_a_declared_column_keeps_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [
        msgspec.structs.replace(t, id="keras-3.15.1+tf-2.21.0") if t.id == "keras-3.15" else t for t in registry.load()
    ]
    target, _ = ask(tmp_path, monkeypatch, [TF, "keras==3.15.1"], "keras==3.15.1", declared=declared)
    assert target.id == "keras-3.15.1+tf-2.21.0+ad-hoc"


def test_pins_of_wheels_name_no_folder(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("torch @ file:///some/torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl \\\n    --hash=sha256:0\n")
    assert registry.pins(lock) == ["torch==2.13.0+cpu"]
