"""The columns between two columns: declared ones, and those of the releases that no column stands for."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.version import Version

from conformance.local.errors import Unavailable
from conformance.targets import install, requested
from conformance.targets.install import Environment
from conformance.targets.package_index import Release
from conformance.targets.registry import AD_HOC, Base, Target, pins
from conformance.targets.requested import PreparedTarget, TargetRequest
from conformance.targets.versions import parse
from conformance.vocabulary import FRONT_ENDS

Releases = Callable[[str], list[Release]]
"""Lists the releases of a distribution; raises `Unavailable`."""

_DISTRIBUTIONS = {"keras": "keras", "tf_keras": "tf-keras"}  # tf.keras comes with TensorFlow
_TENSORFLOW = ("tensorflow-cpu", "tensorflow")


@dataclass(frozen=True)
class Candidate:
    """A column on the way. build: makes it, which may take the resolver seconds; refused: why it is passed over."""

    name: str
    build: Callable[[], PreparedTarget]
    refused: str | None = None


def line(target: Target) -> tuple[str, str, int]:
    """Equal for columns between which there can be releases: front end, backend, and Keras before 3 or not."""
    version = parse(target.keras) if target.front_end == "keras" else None
    return target.front_end, target.backend, version.major if version else 0


def packages(target: Target) -> dict[str, str]:
    """Versions of what may decide how a column behaves, by the name of the distribution."""
    pinned = dict(pin.split("==", 1) for pin in target.pins())
    found = {}
    if target.front_end in _DISTRIBUTIONS:
        found[_DISTRIBUTIONS[target.front_end]] = target.keras
    elif "keras" in pinned:
        found["keras"] = pinned["keras"]
    if target.base.tensorflow:
        found["tensorflow"] = target.base.tensorflow
    elif target.backend in pinned:
        found[target.backend] = pinned[target.backend]
    return found


def stops(first: Target, last: Target, declared: Sequence[Target], cache: Path, releases: Releases) -> list[Candidate]:
    """Every release from one column to the next, without these two: first of Keras, then of the TensorFlow under it.

    Empty if no release can lie between them.

    Raises:
        Unavailable: the releases cannot be listed.
    """
    if line(first) != line(last):
        return []
    found: list[Candidate] = []
    same_base = first.base == last.base
    if first.front_end in _DISTRIBUTIONS:
        name = _DISTRIBUTIONS[first.front_end]
        for release in _between(releases(name), first.keras, last.keras, with_last=not same_base):
            found.append(_of_keras(first, first.base, str(release.version), declared, cache, release))
    if not same_base and first.base.tensorflow and last.base.tensorflow:
        name = _tensorflow(last.base)
        for release in _between(releases(name), first.base.tensorflow, last.base.tensorflow, with_last=False):
            found.append(_of_tensorflow(last, name, release, declared, cache))
    return found


def released(target: Target, distributions: Sequence[str], releases: Releases) -> Release | None:
    """Of these distributions of a column (see `packages`), the one that came last."""
    found = []
    for name in distributions:
        version = packages(target)[name]
        listed = releases(_tensorflow(target.base) if name == "tensorflow" else name)
        found += [release for release in listed if str(release.version) == version and release.released]
    return max(found, key=lambda release: str(release.released), default=None)


def _between(listed: Sequence[Release], first: str, last: str, with_last: bool) -> Iterator[Release]:
    low, high = Version(first), Version(last)
    return (one for one in listed if low < one.version and (one.version < high or (with_last and one.version == high)))


def _tensorflow(base: Base) -> str:
    pinned = {pin.split("==")[0] for pin in pins(base.lock)} if base.lock.is_file() else set()
    return next((name for name in _TENSORFLOW if name in pinned), "tensorflow")


def _refused(release: Release) -> str | None:
    return None if release.yanked is None else f"yanked: {release.yanked or 'no reason is given'}"


def _of_tensorflow(last: Target, name: str, release: Release, declared: Sequence[Target], cache: Path) -> Candidate:
    version = str(release.version)
    title, asked = f"TensorFlow {version}", [f"{name}=={version}"]
    if last.front_end in _DISTRIBUTIONS:
        like = (last.base.python, last.base.leaves)
        bases = (t.base for t in declared if t.base.tensorflow == version and (t.base.python, t.base.leaves) == like)
        base = next(bases, None)
        if base:
            return _of_keras(last, base, last.keras, declared, cache, release)
        title = f"{FRONT_ENDS[last.front_end]} {last.keras} on {title}"
        asked.append(f"{_DISTRIBUTIONS[last.front_end]}=={last.keras}")

    def build() -> PreparedTarget:
        column = requested.prepare(
            TargetRequest(asked, None, last.front_end, last.backend, settled=True), declared, cache
        )
        return _settled(column.target, column.environment, cache)

    return Candidate(title, build, _refused(release))


def _of_keras(
    like: Target, base: Base, version: str, declared: Sequence[Target], cache: Path, release: Release
) -> Candidate:
    """This Keras on a declared base: nothing but what a Keras itself requires has to be installed."""
    title = f"{FRONT_ENDS[like.front_end]} {version} on {base.title}"

    def build() -> PreparedTarget:
        try:
            target = _on_base(like, base, version, title, declared, cache)
        except (Unavailable, OSError) as why:
            return requested.not_resolved(
                TargetRequest(front_end=like.front_end, backend=like.backend), str(why), title
            )
        return _settled(target, lambda: install.provision(target, cache), cache)

    return Candidate(title, build, _refused(release))


def _settled(target: Target, environment: Callable[[], Environment], cache: Path) -> PreparedTarget:
    """The column, whose lock in the cache is kept only if it can be installed: perhaps another one can."""

    def installed() -> Environment:
        try:
            return environment()
        except Unavailable:
            if cache in target.locks[-1].parents:
                target.locks[-1].unlink(missing_ok=True)
            raise

    return PreparedTarget(target, installed)


def _on_base(like: Target, base: Base, version: str, title: str, declared: Sequence[Target], cache: Path) -> Target:
    name = _DISTRIBUTIONS[like.front_end]
    id = f"{name}-{version}+{base.id}"
    if id in {target.id for target in declared}:
        id += f"+{AD_HOC}"
    # Resolved once: what is remembered of a release is kept under its lock.
    text = base.lock.read_text() if base.lock.is_file() else ""
    own = cache / "locks" / f"{id}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.txt"
    target = msgspec.structs.replace(
        like, id=id, title=title, keras=version, tier=AD_HOC, base=base, own=own, requires=[f"{name}=={version}"]
    )
    if not own.is_file():
        install.lock(target)
    return target
