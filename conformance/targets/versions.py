"""Versions as Keras and what it computes on report them: also of nightlies and of builds of one's own."""

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version


def parse(text: str) -> Version | None:
    """The version, or None if it is none by PEP 440 ("2.2.4-tf")."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def same(one: str, other: str) -> bool:
    """Whether these are one version: "2.22.0-dev20261101" is "2.22.0.dev20261101"."""
    return one == other or (parse(one) is not None and parse(one) == parse(other))


def release(version: Version) -> Version:
    """The release that a nightly, an alpha or a candidate leads to; other versions as they are."""
    return Version(version.base_version) if version.is_prerelease else version


def within(version: str | None, range_: SpecifierSet) -> bool:
    """Whether a version is in a range; 3.16.0.dev1 counts as 3.16.0, which by PEP 440 alone is in no range up to it."""
    parsed = parse(version) if version else None
    return parsed is not None and range_.contains(release(parsed))
