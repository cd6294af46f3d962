"""Step two of `--with`: from the requirements of a request to a lock and the versions in it.

What a request leaves open is taken from the nearest declared target: the Python, the library that Keras computes on,
the caps that old versions need. So each of these is stated once, in `targets.toml`.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from conformance.files import write_text
from conformance.local.errors import Unavailable
from conformance.targets import install, nearest
from conformance.targets.interpreters import find_python
from conformance.targets.naming import ResolvedTarget
from conformance.targets.registry import Target, pins
from conformance.targets.requirements import (
    FAMILIES,
    KERAS,
    TENSORFLOW,
    TF_KERAS,
    LocatedRequirement,
    ParsedRequirement,
)

_KERAS_OF = {"keras": KERAS, "tf.keras": KERAS, "tf_keras": TF_KERAS}
_BACKEND_OF = dict.fromkeys((*TENSORFLOW, *TF_KERAS), "tensorflow") | {b: b for b in ("jax", "torch", "openvino")}


def resolve(
    parsed: Sequence[ParsedRequirement],
    declared: Sequence[Target],
    cache: Path,
    *,
    python: str | None = None,
    front_end: str | None = None,
    backend: str | None = None,
    settled: bool = False,
) -> ResolvedTarget:
    """Resolve requirements into a lock.

    Args:
        parsed: The requirements.
        declared: The declared targets.
        cache: The cache folder.
        python: Minor version of Python; by default that of the nearest declared target.
        front_end: Name of the front end; by default the one that the requirements suggest.
        backend: Name of the backend; by default the one that the requirements suggest.
        settled: Whether to reuse an earlier resolution of the same requirements.

    Raises:
        UsageError: No declared target resembles this one.
        Unavailable: There is no solution, or a wheel cannot be built.
    """
    builder = find_python(python) if python else Path(sys.executable)
    requirements = [one.located(cache, builder) for one in parsed]
    names = {one.name for one in requirements}
    if backend is None:
        backend = next((backend for name, backend in _BACKEND_OF.items() if name in names), "tensorflow")
    model, brings_keras = _model(front_end, backend, requirements, declared)
    python = python or model.base.python
    defaults = dict.fromkeys(["pytest", *model.base.requires, *([] if brings_keras else model.requires)])
    added = [text for text in defaults if not names & {*_family(text)}]
    lock = _lock(requirements, added, model.base.drops, find_python(python), cache, settled)

    versions = dict(pin.split("==") for pin in pins(lock))
    front_end = front_end or _front_end(names, versions)
    keras = _version(versions, _KERAS_OF[front_end])
    library = _version(versions, TENSORFLOW if backend == "tensorflow" else (backend,))
    if not library or not (keras or front_end == "tf.keras"):
        missing = front_end if library else backend
        raise Unavailable(f"none of the requirements installs {missing}: {', '.join(one.text for one in parsed)}")
    if front_end == "tf.keras" and Version(library) < Version("2.6"):
        keras = ""  # a part of TensorFlow, whose version only TensorFlow itself reports
    return ResolvedTarget(
        front_end=front_end,
        keras=keras,
        backend=backend,
        library=library,
        python=python,
        label=next((one.label for one in requirements if one.label), ""),
        lock=lock,
        requires=[one.text for one in requirements] + added,
    )


def _model(
    front_end: str | None, backend: str, requirements: Sequence[LocatedRequirement], declared: Sequence[Target]
) -> tuple[Target, bool]:
    """Return the declared target that completes the requirements, and whether its base brings the Keras."""
    tensorflow = _range(requirements, TENSORFLOW)
    if tensorflow is not None and backend == "tensorflow":
        model = nearest.by_tensorflow(declared, tensorflow, front_end)
        return model, model.front_end != front_end or (front_end == "keras" and "keras" in model.base.leaves)
    front_end = front_end or ("keras" if _range(requirements, TF_KERAS) is None else "tf_keras")
    keras = _range(requirements, _KERAS_OF[front_end])
    return nearest.by_keras(declared, front_end, backend, SpecifierSet() if keras is None else keras), False


def _range(requirements: Sequence[LocatedRequirement], family: Sequence[str]) -> SpecifierSet | None:
    """Return the range of versions that is required of a family, None if nothing of it is."""
    ranges = [one.specifier for one in requirements if one.name in family]
    return reduce(SpecifierSet.__and__, ranges) if ranges else None


def _front_end(names: set[str], versions: dict[str, str]) -> str:
    if names & {*TF_KERAS}:
        return "tf_keras"
    keras = _version(versions, KERAS)
    # TensorFlow 2.6 to 2.15 takes tf.keras from the package keras; without that package it is a part of TensorFlow.
    return "tf.keras" if not keras or Version("2.4") <= Version(keras) < Version("3") else "keras"


def _version(versions: dict[str, str], family: Sequence[str]) -> str:
    return next((versions[name] for name in family if name in versions), "")


def _family(requirement: str) -> Sequence[str]:
    name = canonicalize_name(Requirement(requirement).name)
    return next((family for family in FAMILIES if name in family), (name,))


def _lock(
    requirements: Sequence[LocatedRequirement],
    added: Sequence[str],
    drops: Sequence[str],
    python: Path,
    cache: Path,
    settled: bool,
) -> Path:
    """Resolve into a file of the cache, named by its contents; if `settled`, once, named by what is required."""
    requires = [one.text for one in requirements] + [*added]
    required = {one.name for one in requirements} | {canonicalize_name(Requirement(text).name) for text in added}
    rivals = {name for family in FAMILIES if required & {*family} for name in family}
    options = ["--python", str(python)]
    if not os.environ.get("UV_OFFLINE"):  # the newest nightly, not the newest in the cache of uv
        floating = [one.name for one in requirements if not one.is_pinned]
        options += [argument for name in floating for argument in ("--refresh-package", name)]
    dropped = sorted((rivals | {*drops}) - required)
    lock = cache / "locks" / f"settled-{_digest(str([requires, options, dropped]))}.txt"
    if settled and lock.is_file():
        return lock
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "lock.txt")
        install.resolve(requires, options, dropped, draft)
        text = draft.read_text()
    if not settled:
        lock = lock.with_name(f"{_digest(text)}.txt")
    if not lock.is_file():
        write_text(lock, text)
    return lock


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
