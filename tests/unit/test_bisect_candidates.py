"""The releases between two columns: which there are, and what each stands on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.version import Version

from conformance.bisect import candidates
from conformance.judging import compare
from conformance.local.errors import Unavailable
from conformance.project import Project
from conformance.targets import install, registry, resolution
from conformance.targets.package_index import Release
from conformance.targets.registry import Target

DECLARED = {target.id: target for target in registry.load()}
DAY = datetime(2024, 6, 25, tzinfo=UTC)


def listed(*versions: str, yanked: str = "") -> list[Release]:
    return [Release(Version(v), DAY, "" if v == yanked else None) for v in versions]


def project(cache: Path) -> Project:
    return Project(targets=[*DECLARED.values()], cache=cache)


RELEASES = {
    "keras": listed(
        *("2.3.1", "2.4.0", "2.15.0", "3.0.5", "3.1.0", "3.1.1", "3.2.0", "3.2.1"),
        *("3.3.0", "3.3.3", "3.4.0", "3.4.1", "3.12.4", "3.13.0"),
        yanked="3.4.0",
    ),
    "tf-keras": listed("2.16.0", "2.17.0", "2.18.0"),
    "tensorflow-cpu": listed(
        "2.4.4", "2.5.0", "2.5.1", "2.5.3", "2.16.2", "2.17.0", "2.17.1", "2.18.0", "2.18.1", "2.21.0"
    ),
    "tensorflow": listed("1.15.5", "2.0.0", "2.0.4"),
}


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("keras-3.3", "keras-3.4", ["Keras 3.4.0 on TensorFlow 2.17.1"]),
        ("keras-3.4", "keras-3.5", []),
        (
            "keras-3.1",
            "keras-3.2",
            [
                "Keras 3.2.0 on TensorFlow 2.16.2",
                "Keras 3.2.1 on TensorFlow 2.16.2",
                "Keras 3.2.1 on TensorFlow 2.17.0",
            ],
        ),
        (
            "keras-3.12+tf-2.17",
            "keras-3.12",
            ["Keras 3.12.4 on TensorFlow 2.18.0", "Keras 3.12.4 on TensorFlow 2.18.1"],
        ),
        ("tf-2.4", "tf-2.5", ["TensorFlow 2.5.0", "TensorFlow 2.5.1"]),
        ("tf-1.15", "tf-2.0", ["TensorFlow 2.0.0"]),
        (
            "tf-keras-2.16",
            "tf-keras-2.17",
            ["tf_keras 2.17.0 on TensorFlow 2.16.2", "tf_keras 2.17.0 on TensorFlow 2.17.0"],
        ),
        ("keras-2.3.1+tf-2.2", "keras-3.0", []),  # what was called Keras between these is tf.keras
        ("tf-2.15", "keras-3.0", []),
        ("keras-3.15", "keras-3.15+jax", []),
    ],
)
def test_every_release_between_two_columns_is_a_stop(first: str, last: str, names: list[str], tmp_path: Path) -> None:
    found = candidates.between(DECLARED[first], DECLARED[last], project(tmp_path), RELEASES.__getitem__)
    assert [stop.name for stop in found] == names
    assert [stop.refused for stop in found if "3.4.0" in stop.name] in ([], ["yanked: no reason given"])


def test_a_release_stands_on_the_declared_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[Target] = []

    def lock(target: Target) -> Path:
        assert target.own
        target.own.parent.mkdir(exist_ok=True)
        target.own.write_text("keras==3.4.0\n")
        locked.append(target)
        return target.own

    monkeypatch.setattr(install, "lock", lock)  # stands for uv and the package index
    (stop,) = candidates.between(DECLARED["keras-3.3"], DECLARED["keras-3.4"], project(tmp_path), RELEASES.__getitem__)
    target, again = stop.build().target, stop.build().target
    assert target == again and locked == [target]  # resolved once
    assert (target.id, target.tier, target.keras) == ("keras-3.4.0+tf-2.17", "ad-hoc", "3.4.0")
    assert target.base == DECLARED["keras-3.3"].base and target.requires == ["keras==3.4.0"]
    assert candidates.packages(target) == {"keras": "3.4.0", "tensorflow": "2.17.1"}

    def refuse(target: Target) -> Path:
        raise Unavailable("uv pip failed: no solution")

    monkeypatch.setattr(install, "lock", refuse)  # stands for uv and the package index
    (tmp_path / "locks").rename(tmp_path / "gone")
    with pytest.raises(Unavailable, match="no solution"):
        stop.build().environment()


def test_a_lock_that_cannot_be_installed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[str] = []

    def resolve(requires: list[str], whom: list[str], drops: list[str], lock: Path) -> None:
        resolved.append(requires[0])
        lock.write_text(f"{requires[0]}\n")

    def fail(target: Target, cache: Path) -> install.Environment:
        raise Unavailable("hash mismatch")

    monkeypatch.setattr(install, "resolve", resolve)  # stands for uv and the package index
    # Stands for the interpreters of this machine.
    monkeypatch.setattr(resolution, "find_python", lambda version: Path(f"/python{version}"))
    first, last = DECLARED["tf-2.4"], DECLARED["tf-2.5"]
    stop = candidates.between(first, last, project(tmp_path), RELEASES.__getitem__)[0]
    column = stop.build()
    assert stop.build().target == column.target
    assert resolved == ["tensorflow-cpu==2.5.0"]
    monkeypatch.setattr(install, "provision", fail)  # stands for uv and the package index
    with pytest.raises(Unavailable, match="hash mismatch"):
        column.environment()
    stop.build()
    assert resolved == ["tensorflow-cpu==2.5.0"] * 2
    assert first.base.lock.is_file() and last.base.lock.is_file()


def test_a_tensorflow_that_a_base_has_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Stands for uv and the package index.
    monkeypatch.setattr(install, "lock", lambda target: target.own)
    first, last = DECLARED["keras-3.12+tf-2.17"], DECLARED["keras-3.12"]
    found = candidates.between(first, last, project(tmp_path), RELEASES.__getitem__)
    target = next(stop for stop in found if "2.18.1" in stop.name).build().target
    assert target.base == DECLARED["tf-keras-2.18"].base and target.requires == ["keras==3.12.4"]


def test_columns_of_other_front_ends_are_passed_over() -> None:
    ids = [t.id for t in compare.path([*DECLARED.values()], "tf-2.14", "keras-3.1")]
    assert ids == ["tf-2.14", "tf-2.15", "keras-3.0", "keras-3.1"]
