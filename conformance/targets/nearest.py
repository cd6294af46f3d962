"""The declared target that is nearest to a range of versions: what it has is assumed of the versions in the range."""

from collections.abc import Iterable

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from conformance.local.errors import UsageError
from conformance.targets.registry import Target
from conformance.targets.versions import is_prerelease, parse, release

_PATCHES = range(20)


def by_tensorflow(declared: Iterable[Target], range_: SpecifierSet, front_end: str | None) -> Target:
    """Return the newest target with a TensorFlow of a range, or else the newest before the range.

    Args:
        declared: The declared targets.
        range_: Range of versions of TensorFlow.
        front_end: Name of the front end that is preferred.

    Raises:
        UsageError: No target has TensorFlow.
    """
    candidates = [(parse(t.base.tensorflow), t.front_end == front_end, t) for t in declared]
    return _newest(candidates, range_, "TensorFlow")


def by_keras(declared: Iterable[Target], front_end: str, backend: str, range_: SpecifierSet) -> Target:
    """Return the newest target with a Keras of a range, or else the newest before the range.

    Args:
        declared: The declared targets.
        front_end: Name of the front end.
        backend: Name of the backend.
        range_: Range of versions of Keras; of TensorFlow for the front end tf.keras.

    Raises:
        UsageError: No target has this front end on this backend.
    """
    # tf.keras is the package keras 2.4 to 2.15 by another name, and stands for tf_keras before that is a target.
    targets = [t for t in declared if t.backend == backend and t.front_end in (front_end, "tf.keras")]
    versions = [t.base.tensorflow if front_end == "tf.keras" else t.keras for t in targets]
    candidates = [(parse(version), t.tier == "core", t) for version, t in zip(versions, targets, strict=True)]
    return _newest(candidates, range_, f"{front_end} on {backend}")


def _newest(
    candidates: Iterable[tuple[Version | None, bool, Target]], range_: SpecifierSet, description: str
) -> Target:
    """Choose among (version, whether it is preferred, target), by minor versions; of what is released."""
    released = [one for one in candidates if not (is_prerelease(one[2].keras) or is_prerelease(one[2].base.tensorflow))]
    ordered = sorted(((v, preferred, t) for v, preferred, t in released if v), key=lambda one: one[:2])
    if not ordered:
        raise UsageError(f"no declared target has {description}")
    inside = [target for version, _, target in ordered if _meets(version, range_)]
    if inside:
        return inside[-1]
    bounds = [release(version) for one in range_ if (version := parse(one.version.removesuffix(".*")))]
    before = [t for version, _, t in ordered if bounds and Version(f"{version.major}.{version.minor}") <= max(bounds)]
    return before[-1] if before else ordered[0][-1]


def _meets(version: Version, range_: SpecifierSet) -> bool:
    """Return whether some patch release of this minor version is in the range."""
    return any(range_.contains(f"{version.major}.{version.minor}.{patch}", prereleases=True) for patch in _PATCHES)
