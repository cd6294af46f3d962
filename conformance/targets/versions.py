"""Versions as Keras and its backends report them, including those of nightlies and local builds."""

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version


def parse(text: str) -> Version | None:
    """Return the version, or None if it does not conform to PEP 440 ("2.2.4-tf")."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def same(one: str, other: str) -> bool:
    """Return whether two texts are the same version: "2.22.0-dev20261101" is "2.22.0.dev20261101"."""
    return one == other or (parse(one) is not None and parse(one) == parse(other))


def is_prerelease(text: str) -> bool:
    """Return whether this is the version of a nightly, an alpha, a beta or a release candidate."""
    version = parse(text)
    return version is not None and version.is_prerelease


def release(version: Version) -> Version:
    """Return the release that a nightly, an alpha or a release candidate precedes; other versions as they are."""
    return Version(version.base_version) if version.is_prerelease else version


def within(version: str | None, range_: SpecifierSet) -> bool:
    """Return whether a version is in a range.

    3.16.0.dev1 counts as 3.16.0: PEP 440 alone would have it below 3.16, and in no range without pre-releases.
    """
    parsed = parse(version) if version else None
    return parsed is not None and range_.contains(release(parsed))
