"""The declared targets, read from `targets.toml`: generations, bases, targets."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from conformance.local.errors import UsageError, unknown
from conformance.local.paths import PACKAGE
from conformance.local.process_group import WorkerTarget
from conformance.vocabulary import MODES

LOCKS = PACKAGE / "locks"
TIERS = ("core", "history")
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""The only index of PyTorch's builds without CUDA."""
AD_HOC = "ad-hoc"  # the tier of targets that no file declares


class Base(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An installation that several targets may share: a Python with the library that Keras computes on.

    Attributes:
        id: Name of the base.
        title: The library and its version.
        python: Minor version of Python.
        tensorflow: Version that TensorFlow must report; empty without TensorFlow.
        requires: What is installed.
        drops: Distributions that are not installed, whatever requires them, in the base and its targets.
        leaves: Distributions that are not installed in the base; a target may add them.
        lock: Pinned and hashed requirements.
    """

    id: str
    title: str
    python: str
    tensorflow: str = ""
    requires: list[str]
    drops: list[str] = []
    leaves: list[str] = []
    lock: Path


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One Keras on one backend; see the head of `targets.toml` for the fields that are not listed here.

    Attributes:
        own: Lock of what is installed on top of the base; None if that is nothing.
        installed: What an environment holds that was not built here, as "name==version" lines. It may change
            unnoticed, so what is measured there is never cached. None for an environment that is built from locks.
    """

    id: str
    title: str
    generation: str
    front_end: str
    keras: str
    backend: str = "tensorflow"
    tier: str
    base: Base
    requires: list[str] = []
    own: Path | None = None
    installed: list[str] | None = None
    processes: list[list[str]]
    lacks: dict[str, str] = {}

    @property
    def modes(self) -> list[str]:
        """The modes of the target, in the usual order."""
        return [m for m in MODES if any(m in group for group in self.processes)]

    @property
    def for_worker(self) -> WorkerTarget:
        """What a worker has to know of it."""
        return WorkerTarget(self.id, self.front_end, self.backend)

    @property
    def tags(self) -> list[str]:
        """What a target can be chosen by, besides its id; the core is part of the history."""
        tiers = ["core", "history"] if self.tier == "core" else [self.tier]
        return [*tiers, self.generation, self.backend]

    @property
    def locks(self) -> list[Path]:
        """Pinned and hashed requirements, the base's first; made by `nox -s lock`."""
        return [self.base.lock] if self.own is None else [self.base.lock, self.own]

    def pins(self) -> list[str]:
        """Return what is installed, as "name==version" lines; empty while a lock is missing."""
        if self.installed is not None:
            return self.installed
        return [pin for lock in self.locks if lock.is_file() for pin in pins(lock)]


def pins(lock: Path) -> list[str]:
    """Return a lock without its hashes: "name==version" lines."""
    lines = lock.read_text().splitlines()
    return [_pin(line.split(";")[0].strip(" \\")) for line in lines if line and not line.startswith((" ", "#"))]


def _pin(line: str) -> str:
    name, is_wheel, url = line.partition(" @ ")
    # A wheel is named name-version-tags.whl. Its folder must not get into results.
    return f"{name}=={unquote(url.rpartition('/')[2]).split('-')[1]}" if is_wheel else line


def load(path: Path = PACKAGE / "targets.toml") -> list[Target]:
    """Read all declared targets, in the order of the page.

    Args:
        path: The file.

    Raises:
        UsageError: The file is not valid, two targets share an id, a generation or a base is unknown, or a mode is
            neither in `processes` nor in `lacks`, or in both.
    """
    try:
        registry = tomllib.loads(path.read_text())
        unexpected = sorted(set(registry) - {"generation", "base", "target"})
        if unexpected:
            raise UsageError(f"unknown table `{unexpected[0]}`, expected generation, base or target")
        bases = {
            name: msgspec.convert({"id": name, "lock": LOCKS / f"base-{name}.txt"} | fields, Base)
            for name, fields in registry.get("base", {}).items()
        }
        targets = [_target(fields, registry.get("generation", {}), bases) for fields in registry.get("target", [])]
        _check(targets)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UsageError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    return targets


class _Declared(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A target as declared in the file; what is None is taken from its generation."""

    id: str
    generation: str
    base: str
    keras: str
    tier: str = "history"
    title: str = ""
    backend: str = "tensorflow"
    requires: list[str] = []
    processes: list[list[str]] | None = None
    lacks: dict[str, str] | None = None


def _target(fields: Any, generations: Mapping[str, Any], bases: Mapping[str, Base]) -> Target:
    declared = msgspec.convert(fields, _Declared)
    for kind, name, known in (("generation", declared.generation, generations), ("base", declared.base, bases)):
        if name not in known:
            raise UsageError(f"{declared.id}: {unknown(kind, name, known)}")
    common = generations[declared.generation]
    own = {k: v for k, v in msgspec.structs.asdict(declared).items() if v not in (None, "")}
    named = {
        "title": f"{common['title']} {declared.id.rpartition('-')[2]}",
        "base": bases[declared.base],
        "own": LOCKS / f"{declared.id}.txt" if declared.requires else None,
    }
    about = {k: v for k, v in common.items() if k != "title"} | named | own | {"base": bases[declared.base]}
    return msgspec.convert(about, Target)


def _check(targets: list[Target]) -> None:
    seen: set[str] = set()
    for target in targets:
        if target.id in seen:
            raise UsageError(f"two targets have the id '{target.id}'")
        seen.add(target.id)
        if target.tier not in TIERS:
            raise UsageError(f"{target.id}: unknown tier '{target.tier}', expected {' or '.join(TIERS)}")
        grouped = [mode for group in target.processes for mode in group]
        if sorted(grouped + list(target.lacks)) != sorted(MODES):
            raise UsageError(f"{target.id}: each of {', '.join(MODES)} must appear once, in `processes` or in `lacks`")


def choose(targets: list[Target], ids: list[str], tier: str) -> list[Target]:
    """Choose targets.

    Args:
        targets: The declared targets.
        ids: Ids or tags (tier, generation, backend).
        tier: "history" for all targets, "core", or "none"; counts only without ids.

    Raises:
        UsageError: There is no such id or tag.
    """
    known = {t.id: t for t in targets}
    tags = {tag for t in targets for tag in t.tags}
    for name in ids:
        if name not in known and name not in tags:
            raise unknown("target", name, [*known, *tags])
    if ids:
        return [t for t in targets if t.id in ids or set(t.tags) & set(ids)]
    return [t for t in targets if tier in ("history", t.tier)]
