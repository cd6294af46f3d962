"""Selects cases by patterns, and the modes that a case runs in."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from conformance.local.errors import unknown


class HasId(Protocol):
    @property
    def id(self) -> str: ...


class HasModes(HasId, Protocol):
    @property
    def modes(self) -> Sequence[str]: ...


C = TypeVar("C", bound=HasId)


def modes_on(modes: Sequence[str], has: Collection[str]) -> list[str]:
    """Return those of a case's `modes` on a target that has the modes `has`: of "eager | session" the first it has."""
    choices = [entry.split(" | ") for entry in modes]
    return [next((mode for mode in either if mode in has), either[0]) for either in choices]


def choose(cases: Sequence[C], patterns: Sequence[str]) -> list[C]:
    """Return the cases whose id matches one of the globs, all for none.

    A pattern without a variant in brackets stands for all variants.
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
    """Return (case id, mode) of every cell of a target that has the modes `has`, as far as it is in `modes`."""
    return [(case.id, mode) for case in cases for mode in modes_on(case.modes, has) if mode in modes]
