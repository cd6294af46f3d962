"""Selects cases by patterns, and the modes that a case runs in."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from conformance.local.errors import unknown


class HasId(Protocol):
    """A case, as far as patterns select it."""

    @property
    def id(self) -> str:
        """The id, with any variant in brackets."""


class HasModes(HasId, Protocol):
    """A case, as far as a plan needs it."""

    @property
    def modes(self) -> Sequence[str]:
        """The modes that it declares, such as "graph" or "eager | session"."""


C = TypeVar("C", bound=HasId)


def modes_on(modes: Sequence[str], has: Collection[str]) -> list[str]:
    """Return the modes in which a case runs on a target.

    Args:
        modes: The modes that the case declares. Of "eager | session" it runs in the first that the target has; if that
            has none of them, the first stands for the missing mode.
        has: The modes of the target.
    """
    choices = [entry.split(" | ") for entry in modes]
    return [next((mode for mode in either if mode in has), either[0]) for either in choices]


def choose(cases: Sequence[C], patterns: Sequence[str]) -> list[C]:
    """Return the cases whose id matches one of the globs, all for none.

    A pattern without a variant in brackets selects all variants.

    Raises:
        UsageError: A glob matches nothing.
    """
    if not patterns:
        return list(cases)
    chosen: set[str] = set()
    for pattern in patterns:
        # "[" starts a set in a glob; in a case id it starts a variant.
        glob = pattern.replace("[", "[[]")
        hits = {c.id for c in cases if fnmatch.fnmatchcase(c.id, glob) or fnmatch.fnmatchcase(c.id.split("[")[0], glob)}
        if not hits:
            raise unknown("case", pattern, [c.id for c in cases])
        chosen |= hits
    return [c for c in cases if c.id in chosen]


def rows(cases: Iterable[HasModes], has: Collection[str], modes: Collection[str]) -> list[tuple[str, str]]:
    """Return the case id and the mode of every cell of a target.

    Args:
        cases: The cases.
        has: The modes of the target.
        modes: The modes to include.
    """
    return [(case.id, mode) for case in cases for mode in modes_on(case.modes, has) if mode in modes]
