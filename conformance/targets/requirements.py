"""Step one of `--with`: the requirements of a request, parsed. A wheel is built only in step two (`resolution`)."""

import os
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from conformance.local.errors import UsageError
from conformance.targets import wheels

# Distributions that provide the same module: only the one that is requested is installed, whatever another requires.
TENSORFLOW = ("tensorflow-cpu", "tensorflow", "tf-nightly-cpu", "tf-nightly")
KERAS = ("keras", "keras-nightly")
TF_KERAS = ("tf-keras", "tf-keras-nightly")
FAMILIES = (TENSORFLOW, KERAS, TF_KERAS)
DISTRIBUTIONS = frozenset(name for family in FAMILIES for name in family)
"""Distributions that provide a Keras."""


@dataclass(frozen=True)
class ParsedRequirement:
    """A requirement of an index, or the path of a wheel or a source folder.

    Attributes:
        text: As it was requested.
        requirement: The requirement; None for a path.
    """

    text: str
    requirement: Requirement | None

    def located(self, cache: Path, python: Path) -> "LocatedRequirement":
        """Return the requirement as uv takes it.

        Args:
            cache: The cache folder, where wheels are kept.
            python: Interpreter with which the wheel of a source folder is built.

        Raises:
            Unavailable: The wheel cannot be built.
        """
        if self.requirement is not None:
            name = canonicalize_name(self.requirement.name)
            return LocatedRequirement(name, self.text, self.requirement.specifier)
        wheel = wheels.wheel(Path(self.text), cache, python)
        name, version, _, _ = parse_wheel_filename(wheel.name)
        label = f"local-{wheel.parent.name[:8]}"
        return LocatedRequirement(name, f"{name} @ {wheel.as_uri()}", SpecifierSet(f"=={version}"), label)


@dataclass(frozen=True)
class LocatedRequirement:
    """A requirement that can be resolved.

    Attributes:
        name: Canonical name of the distribution.
        text: The requirement as uv takes it.
        specifier: Range of versions.
        label: Distinguishes a local wheel from a release of the same version; empty for a requirement of an index.
    """

    name: str
    text: str
    specifier: SpecifierSet
    label: str = ""

    @property
    def is_pinned(self) -> bool:
        """Whether it means the same tomorrow: one version, or a file."""
        pinned = any(one.operator == "==" and not one.version.endswith("*") for one in self.specifier)
        return pinned or bool(self.label)


def is_path(text: str) -> bool:
    """Return whether a text is a path. A bare name never is: "keras" is Keras, even next to a folder of that name."""
    return "://" not in text and (os.sep in text or text.startswith(".") or text.endswith(".whl"))


def parse(text: str) -> ParsedRequirement:
    """Parse a requirement: one of an index, or the path of a wheel or a source folder.

    Raises:
        UsageError: It is neither, or there is no such file.
    """
    if is_path(text):
        wheels.check(Path(text))
        return ParsedRequirement(text, None)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"{text}: {str(error).splitlines()[0]}") from error
    if requirement.url:
        raise UsageError(f"{text}: URLs are not supported; download it and name the wheel or the folder")
    return ParsedRequirement(text, requirement)
