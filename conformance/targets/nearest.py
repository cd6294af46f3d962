"""The declared column that is nearest to any other Keras: what holds for it is taken to hold for that one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from conformance.local.errors import UsageError
from conformance.targets.registry import AD_HOC, Base, Target
from conformance.targets.versions import parse, release
from conformance.vocabulary import FRONT_ENDS

_PATCHES = range(20)


def by_tensorflow(declared: Iterable[Target], range_: SpecifierSet, front_end: str | None) -> Target:
    """The newest column on a TensorFlow of this range, or else the one before; with this front end, if there is one.

    Raises:
        UsageError: no column is on TensorFlow.
    """
    return _climb([(parse(t.base.tensorflow), t.front_end == front_end, t) for t in declared], range_, "TensorFlow")


def by_keras(declared: Iterable[Target], front_end: str, backend: str, range_: SpecifierSet) -> Target:
    """The newest column with a Keras of this range, or else the one before. The version of tf.keras is TensorFlow's.

    Raises:
        UsageError: there is no such front end on this backend.
    """
    # Keras 2.4 to 2.15 is what tf.keras is made of, and so is tf_keras before it had a column of its own.
    columns = [t for t in declared if t.backend == backend and t.front_end in (front_end, "tf.keras")]
    rungs = [(parse(t.base.tensorflow if front_end == "tf.keras" else t.keras), t.tier == "core", t) for t in columns]
    return _climb(rungs, range_, f"{front_end} on {backend}")


def _climb(rungs: Iterable[tuple[Version | None, bool, Target]], range_: SpecifierSet, what: str) -> Target:
    """Of (version, whether it is preferred, column), by minor versions."""
    ladder = sorted(((v, first, t) for v, first, t in rungs if v), key=lambda rung: rung[:2])
    if not ladder:
        raise UsageError(f"there is no column of {what} to go by")
    inside = [target for version, _, target in ladder if _meets(version, range_)]
    if inside:
        return inside[-1]
    named = [release(version) for one in range_ if (version := parse(one.version.removesuffix(".*")))]
    before = [t for version, _, t in ladder if named and Version(f"{version.major}.{version.minor}") <= max(named)]
    return before[-1] if before else ladder[0][-1]


def _meets(version: Version, range_: SpecifierSet) -> bool:
    """Whether some patch of this minor release is in the range."""
    return any(range_.contains(f"{version.major}.{version.minor}.{patch}", prereleases=True) for patch in _PATCHES)


@dataclass(frozen=True)
class InstalledKeras:
    """A Keras that is there.

    keras: its version, empty if only TensorFlow's is known; computes: the version of what it
    computes on; mark: tells it from another Keras of that version.
    """

    front_end: str
    keras: str
    backend: str
    computes: str
    python: str
    mark: str = ""


def make(
    found: InstalledKeras,
    declared: Sequence[Target],
    lock: Path,
    requires: Sequence[str] = (),
    installed: list[str] | None = None,
) -> Target:
    """The column of a Keras that was found, with the modes of the nearest declared one; its id is no declared one's.

    Raises:
        UsageError: nothing like it is declared.
    """
    version = parse(found.computes if found.front_end == "tf.keras" else found.keras)
    range_ = SpecifierSet(f"=={version.base_version}" if version else "")
    like = by_keras(declared, found.front_end, found.backend, range_)
    library, computes = like.base.title.split()[0], found.computes.partition("+")[0]  # 2.13.0+cpu is 2.13.0
    if found.front_end == "tf.keras":
        id, title = f"tf-{computes}", f"tf.keras {computes}"
    else:
        id = f"{found.front_end.replace('_', '-')}-{found.keras}"
        id += f"+{'tf' if found.backend == 'tensorflow' else found.backend}-{computes}"
        title = f"{FRONT_ENDS[found.front_end]} {found.keras} on {library.replace('TensorFlow', 'TF')} {computes}"
    id, title = id + (found.mark and f"+{found.mark}"), title + (found.mark and f", {found.mark}")
    id = re.sub(r"[^\w.+-]", "-", id)  # folders have its name, and versions are what a target says of itself
    if id in {target.id for target in declared}:
        id += f"+{AD_HOC}"
    tensorflow = found.computes if found.backend == "tensorflow" else ""
    base = Base(
        id=id,
        title=f"{library} {computes}",
        python=found.python,
        tensorflow=tensorflow,
        requires=list(requires),
        lock=lock,
    )
    return Target(
        id=id,
        title=title,
        generation=like.generation,
        front_end=found.front_end,
        keras=found.keras,
        backend=found.backend,
        tier=AD_HOC,
        base=base,
        installed=installed,
        processes=like.processes,
        lacks=like.lacks,
    )
