"""Lists the releases between two targets, each as a target that is not declared."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.version import Version

from conformance.local.errors import Unavailable
from conformance.local.launch import Environment
from conformance.project import Project
from conformance.targets import install
from conformance.targets.package_index import Release
from conformance.targets.registry import AD_HOC, Base, Target, pins
from conformance.targets.requested import PreparedTarget, TargetRequest, not_resolved
from conformance.targets.versions import parse
from conformance.vocabulary import FRONT_ENDS

Releases = Callable[[str], list[Release]]
"""Lists the releases of a distribution; raises `Unavailable`."""

_DISTRIBUTIONS = {"keras": "keras", "tf_keras": "tf-keras"}  # tf.keras comes with TensorFlow
_TENSORFLOW = ("tensorflow-cpu", "tensorflow")


@dataclass(frozen=True)
class Candidate:
    """A target of a release.

    Attributes:
        name: Front end and version, and the base.
        build: Makes the target, for which the resolver may take seconds.
        refused: Why it is skipped, None if it is not.
    """

    name: str
    build: Callable[[], PreparedTarget]
    refused: str | None = None


def line(target: Target) -> tuple[str, str, int]:
    """Return what is equal for targets between which there can be releases: front end, backend, major Keras version."""
    version = parse(target.keras) if target.front_end == "keras" else None
    return target.front_end, target.backend, version.major if version else 0


def packages(target: Target) -> dict[str, str]:
    """Return versions of the distributions that may decide how a target behaves."""
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


def between(first: Target, last: Target, project: Project, releases: Releases) -> list[Candidate]:
    """Return every release between two neighbouring targets: first of Keras, then of the TensorFlow under it.

    Args:
        first: The earlier target.
        last: The later target.
        project: Has the declared bases.
        releases: Lists the releases of a distribution.

    Returns:
        The releases in their order; none if no release can be between the two.

    Raises:
        Unavailable: The releases cannot be listed.
    """
    if line(first) != line(last):
        return []
    found: list[Candidate] = []
    same_base = first.base == last.base
    if first.front_end in _DISTRIBUTIONS:
        name = _DISTRIBUTIONS[first.front_end]
        for release in _between(releases(name), first.keras, last.keras, with_last=not same_base):
            found.append(_of_keras(project, first, first.base, str(release.version), release))
    if not same_base and first.base.tensorflow and last.base.tensorflow:
        name = _tensorflow(last.base)
        for release in _between(releases(name), first.base.tensorflow, last.base.tensorflow, with_last=False):
            found.append(_of_tensorflow(project, last, name, release))
    return found


def released(target: Target, distributions: Sequence[str], releases: Releases) -> Release | None:
    """Return the newest release among these distributions of a target (see `packages`)."""
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
    return None if release.yanked is None else f"yanked: {release.yanked or 'no reason given'}"


def _of_tensorflow(project: Project, last: Target, name: str, release: Release) -> Candidate:
    version = str(release.version)
    title, asked = f"TensorFlow {version}", [f"{name}=={version}"]
    if last.front_end in _DISTRIBUTIONS:
        like = (last.base.python, last.base.leaves)
        bases = (
            t.base for t in project.targets if t.base.tensorflow == version and (t.base.python, t.base.leaves) == like
        )
        base = next(bases, None)
        if base:
            return _of_keras(project, last, base, last.keras, release)
        title = f"{FRONT_ENDS[last.front_end]} {last.keras} on {title}"
        asked.append(f"{_DISTRIBUTIONS[last.front_end]}=={last.keras}")

    def build() -> PreparedTarget:
        request = TargetRequest(asked, None, last.front_end, last.backend, settled=True)
        return _settled(project.prepare_requested(request), project.cache)

    return Candidate(title, build, _refused(release))


def _of_keras(project: Project, like: Target, base: Base, version: str, release: Release) -> Candidate:
    """Return this Keras on a declared base: only what Keras itself requires has to be installed."""
    title = f"{FRONT_ENDS[like.front_end]} {version} on {base.title}"

    def build() -> PreparedTarget:
        try:
            target = _on_base(project, like, base, version, title)
        except (Unavailable, OSError) as why:
            return not_resolved(TargetRequest(front_end=like.front_end, backend=like.backend), str(why), title)
        return _settled(project.prepare(target), project.cache)

    return Candidate(title, build, _refused(release))


def _settled(prepared: PreparedTarget, cache: Path) -> PreparedTarget:
    """Return the target, with a lock in the cache that is deleted if it cannot be installed: another one may."""
    target = prepared.target

    def installed() -> Environment:
        try:
            return prepared.environment()
        except Unavailable:
            if cache in target.locks[-1].parents:
                target.locks[-1].unlink(missing_ok=True)
            raise

    return PreparedTarget(target, installed)


def _on_base(project: Project, like: Target, base: Base, version: str, title: str) -> Target:
    name = _DISTRIBUTIONS[like.front_end]
    id = f"{name}-{version}+{base.id}"
    if id in {target.id for target in project.targets}:
        id += f"+{AD_HOC}"
    # Resolved once: cells of a release are cached under its lock.
    text = base.lock.read_text() if base.lock.is_file() else ""
    own = project.cache / "locks" / f"{id}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.txt"
    target = msgspec.structs.replace(
        like, id=id, title=title, keras=version, tier=AD_HOC, base=base, own=own, requires=[f"{name}=={version}"]
    )
    if not own.is_file():
        install.lock(target)
    return target
