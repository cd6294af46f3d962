"""What `--with` takes: a requirement of an index, a wheel, or a folder of sources."""

import os
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from conformance.local.errors import UsageError
from conformance.targets import wheels

# Distributions that hold the same module: of these only what is asked for is installed, whoever requires another.
TENSORFLOW = ("tensorflow-cpu", "tensorflow", "tf-nightly-cpu", "tf-nightly")
KERAS = ("keras", "keras-nightly")
TF_KERAS = ("tf-keras", "tf-keras-nightly")
FAMILIES = (TENSORFLOW, KERAS, TF_KERAS)
DISTRIBUTIONS = frozenset(name for family in FAMILIES for name in family)
"""Those that bring a Keras, or what has one."""


@dataclass(frozen=True)
class ParsedRequirement:
    """A requirement. text: for uv; mark: tells a wheel that comes from no index from others."""

    name: str
    text: str
    range: SpecifierSet
    mark: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether it is the same tomorrow: one version, or a file."""
        pinned = any(one.operator == "==" and not one.version.endswith("*") for one in self.range)
        return pinned or bool(self.mark)


def is_path(text: str) -> bool:
    """Whether it names a file or folder. A bare name never does: "keras" is Keras, even where a folder is called so."""
    return "://" not in text and (os.sep in text or text.startswith(".") or text.endswith(".whl"))


def check(text: str) -> None:
    """Raises:
    UsageError: it cannot be read, or names a file that is not there.
    """
    if is_path(text):
        wheels.check(Path(text))
        return
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"{text}: {str(error).splitlines()[0]}") from error
    if requirement.url:
        raise UsageError(f"{text}: fetch it first, then name the wheel or the folder")


def read(text: str, cache: Path, python: Path) -> ParsedRequirement:
    """A requirement that passes `check`; of a folder a wheel is built with this Python.

    Raises:
        Unavailable: it cannot be built.
    """
    if not is_path(text):
        requirement = Requirement(text)
        return ParsedRequirement(canonicalize_name(requirement.name), text, requirement.specifier)
    wheel = wheels.wheel(Path(text), cache, python)
    name, version, _, _ = parse_wheel_filename(wheel.name)
    return ParsedRequirement(
        name, f"{name} @ {wheel.as_uri()}", SpecifierSet(f"=={version}"), f"local-{wheel.parent.name[:8]}"
    )
