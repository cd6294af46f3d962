"""Columns that no file declares, made of what the command line asks for (docs/any-version.md).

What it does not ask for is what the nearest declared column has: the Python, what Keras
computes on, the caps that old versions need. So each of these stands once, in `targets.toml`.
"""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import NoReturn

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from conformance.files import write_text
from conformance.local.errors import Unavailable, UsageError, said
from conformance.targets import install, nearest
from conformance.targets.install import Environment
from conformance.targets.interpreters import find_python
from conformance.targets.registry import AD_HOC, Base, Target, pins
from conformance.targets.requirements import (
    FAMILIES,
    KERAS,
    TENSORFLOW,
    TF_KERAS,
    ParsedRequirement,
    check,
    is_path,
    read,
)
from conformance.vocabulary import MODES

NO_LOCK = Path(os.devnull)
_PROVIDERS = {"keras": KERAS, "tf.keras": KERAS, "tf_keras": TF_KERAS}
_BACKENDS = dict.fromkeys((*TENSORFLOW, *TF_KERAS), "tensorflow") | {b: b for b in ("jax", "torch", "openvino")}


@dataclass(frozen=True)
class TargetRequest:
    """What the command line says. requirements: as uv takes them, or paths of wheels and of source folders.

    settled: what is resolved once is not resolved again, for what must be the same tomorrow.
    """

    requirements: Sequence[str] = ()
    python: str | None = None
    front_end: str | None = None
    backend: str | None = None
    settled: bool = False


@dataclass(frozen=True)
class PreparedTarget:
    """environment: gives what `target` runs in; raises `Unavailable` where there is nothing."""

    target: Target
    environment: Callable[[], Environment]


def prepare(asked: TargetRequest, declared: Sequence[Target], cache: Path) -> PreparedTarget:
    """The column that is asked for; if it cannot be resolved, one that does not run and says why.

    Raises:
        UsageError: a requirement cannot be read, a file is not there, or there is no such Keras.
    """
    if asked.python and not re.fullmatch(r"\d+\.\d+", asked.python):
        raise UsageError(f"--python {asked.python}: a minor version is asked for, such as 3.12")
    for text in asked.requirements:
        check(text)
    try:
        target = _resolve(asked, declared, cache)
    except Unavailable as why:
        return not_resolved(asked, str(why))
    except OSError as error:
        return not_resolved(asked, f"cannot be resolved: {said(error)}")
    return PreparedTarget(target, lambda: install.provision(target, cache))


def not_resolved(asked: TargetRequest, why: str, name: str = "") -> PreparedTarget:
    """A column of which nothing is known but why it does not run. name: by default what is asked for."""

    def environment() -> NoReturn:
        raise Unavailable(why)

    texts = [name] if name else [Path(text).name if is_path(text) else text for text in asked.requirements]
    target = Target(
        id="+".join(re.sub(r"[^\w.]+", "-", text).strip("-") for text in texts) + "+not-resolved",
        title=", ".join(texts),
        generation="not resolved",
        front_end=asked.front_end or "keras",
        keras="",
        backend=asked.backend or "tensorflow",
        tier=AD_HOC,
        base=Base(id="none", title="not resolved", python=asked.python or "not resolved", requires=[], lock=NO_LOCK),
        installed=[],
        processes=[list(MODES)],
    )
    return PreparedTarget(target, environment)


def _range(named: Sequence[ParsedRequirement], family: Sequence[str]) -> SpecifierSet | None:
    """The range of versions that is asked for, None if nothing of this family is."""
    ranges = [one.range for one in named if one.name in family]
    return reduce(SpecifierSet.__and__, ranges) if ranges else None


def _resolve(asked: TargetRequest, declared: Sequence[Target], cache: Path) -> Target:
    builder = find_python(asked.python) if asked.python else Path(sys.executable)
    named = [read(text, cache, builder) for text in asked.requirements]
    names = {one.name for one in named}
    backend = asked.backend or next((backend for name, backend in _BACKENDS.items() if name in names), "tensorflow")
    like, brings_keras = _like(asked.front_end, backend, named, declared)
    others = dict.fromkeys(["pytest", *like.base.requires, *([] if brings_keras else like.requires)])
    missing = [text for text in others if not names & {*_family(text)}]
    python = asked.python or like.base.python
    lock = _lock(named, missing, like.base.drops, find_python(python), cache, asked.settled)

    there = dict(pin.split("==") for pin in pins(lock))
    front_end = asked.front_end or _front_end(names, there)
    keras = _first(there, _PROVIDERS[front_end])
    computes = _first(there, TENSORFLOW if backend == "tensorflow" else (backend,))
    if not computes or not (keras or front_end == "tf.keras"):
        raise Unavailable(f"nothing that is asked for brings {front_end if computes else backend}")
    if front_end == "tf.keras" and Version(computes) < Version("2.6"):
        keras = ""  # a part of TensorFlow, with a version that nothing but itself tells
    mark = next((one.mark for one in named if one.mark), "")
    found = nearest.InstalledKeras(front_end, keras, backend, computes, python, mark)
    return nearest.make(found, declared, lock, [one.text for one in named] + missing)


def _like(
    front_end: str | None, backend: str, named: Sequence[ParsedRequirement], declared: Sequence[Target]
) -> tuple[Target, bool]:
    """The declared column that completes what is asked for, and whether its base brings the Keras."""
    tensorflow = _range(named, TENSORFLOW)
    if tensorflow is not None and backend == "tensorflow":
        like = nearest.by_tensorflow(declared, tensorflow, front_end)
        return like, like.front_end != front_end or (front_end == "keras" and "keras" in like.base.leaves)
    tf_keras = _range(named, TF_KERAS)
    front_end = front_end or ("keras" if tf_keras is None else "tf_keras")
    asked = _range(named, _PROVIDERS[front_end])
    return nearest.by_keras(declared, front_end, backend, SpecifierSet() if asked is None else asked), False


def _front_end(names: set[str], there: dict[str, str]) -> str:
    if names & {*TF_KERAS}:
        return "tf_keras"
    keras = _first(there, KERAS)
    # Keras 2.4 to 2.15 is tf.keras by another name; where there is none it is a part of TensorFlow.
    return "tf.keras" if not keras or Version("2.4") <= Version(keras) < Version("3") else "keras"


def _first(there: dict[str, str], family: Sequence[str]) -> str:
    return next((there[name] for name in family if name in there), "")


def _family(requirement: str) -> Sequence[str]:
    name = canonicalize_name(Requirement(requirement).name)
    return next((family for family in FAMILIES if name in family), (name,))


def _lock(
    named: Sequence[ParsedRequirement],
    missing: Sequence[str],
    drops: Sequence[str],
    python: Path,
    cache: Path,
    settled: bool,
) -> Path:
    """Resolve into a file of the cache: anew each time, named by its contents; once, named by what is asked."""
    requires = [one.text for one in named] + [*missing]
    there = {one.name for one in named} | {canonicalize_name(Requirement(text).name) for text in missing}
    rivals = {name for family in FAMILIES if there & {*family} for name in family}
    whom = ["--python", str(python)]
    if not os.environ.get("UV_OFFLINE"):  # the newest nightly, not the newest that uv has heard of
        floating = [one.name for one in named if not one.is_settled]
        whom += [argument for name in floating for argument in ("--refresh-package", name)]
    dropped = sorted((rivals | {*drops}) - there)
    lock = cache / "locks" / f"settled-{_digest(str([requires, whom, dropped]))}.txt"
    if settled and lock.is_file():
        return lock
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "lock.txt")
        install.resolve(requires, whom, dropped, draft)
        text = draft.read_text()
    if not settled:
        lock = lock.with_name(f"{_digest(text)}.txt")
    if not lock.is_file():
        write_text(lock, text)
    return lock


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
