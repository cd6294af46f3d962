"""The columns of the matrix, read from `targets.toml`."""

import tomllib
from pathlib import Path

import msgspec

from conformance.errors import UsageError, unknown

PACKAGE = Path(__file__).parent
MODES = ("eager", "graph", "session", "jit")


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column, as declared; see the head of `targets.toml` for the fields."""

    id: str
    title: str
    front_end: str
    keras: str
    tensorflow: str = ""
    backend: str = "tensorflow"
    python: str
    tier: str
    processes: list[list[str]]
    requires: list[str]
    drops: list[str] = []
    lacks: dict[str, str] = {}

    @property
    def modes(self) -> list[str]:
        """Modes this column has, in the usual order."""
        return [m for m in MODES if any(m in group for group in self.processes)]

    @property
    def lock(self) -> Path:
        """Pinned and hashed requirements; made by `nox -s lock`."""
        return PACKAGE / "locks" / f"{self.id}.txt"

    def pins(self) -> list[str]:
        """The lock without its hashes: "name==version" lines."""
        lines = self.lock.read_text().splitlines()
        return [line.split(";")[0].strip(" \\") for line in lines if line and not line.startswith((" ", "#"))]


class _Registry(msgspec.Struct, forbid_unknown_fields=True):
    target: list[Target]


def load(path: Path = PACKAGE / "targets.toml") -> list[Target]:
    """All targets in the order of the page.

    Raises:
        UsageError: the file is not valid, two targets share an id, or a mode is neither
            in a process nor in `lacks` (or in both).
    """
    try:
        registry = msgspec.convert(tomllib.loads(path.read_text()), _Registry)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    seen: set[str] = set()
    for target in registry.target:
        if target.id in seen:
            raise UsageError(f"{path.name}: two targets have the id '{target.id}'")
        seen.add(target.id)
        grouped = [mode for group in target.processes for mode in group]
        if sorted(grouped + list(target.lacks)) != sorted(MODES):
            raise UsageError(
                f"{path.name}: {target.id}: each of {', '.join(MODES)} must be once in `processes` or in `lacks`"
            )
    return registry.target


def choose(targets: list[Target], ids: list[str], tier: str) -> list[Target]:
    """The targets with these ids or, with none given, those of the tier ("all" is every one)."""
    known = {t.id: t for t in targets}
    for name in ids:
        if name not in known:
            raise unknown("target", name, known)
    if ids:
        return [t for t in targets if t.id in ids]
    return [t for t in targets if tier in ("all", t.tier)]
