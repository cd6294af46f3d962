"""The cases as the worker's plug-in lists them, and which of them a pattern means; no Keras is needed."""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from typing import Any, Protocol, TypeVar

from conformance.bundle import Bundle
from conformance.errors import UsageError, unknown


class HasId(Protocol):
    @property
    def id(self) -> str: ...


C = TypeVar("C", bound=HasId)


def listed(bundle: Bundle) -> list[dict[str, Any]]:
    """What each case says of itself, in the order of their files.

    Raises:
        UsageError: a case file does not import, or a case describes itself wrongly.
    """
    done = subprocess.run(
        [sys.executable, "-m", "conformance.worker", "list", str(bundle.cases)],
        capture_output=True,
        text=True,
        cwd=bundle.folder,
        # What is installed here, this package's own plug-in included, is not in the bundle.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    if done.returncode != 0:
        raise UsageError("the cases cannot be collected:\n" + (done.stderr.strip() or done.stdout.strip()))
    return [json.loads(line) for line in done.stdout.splitlines()]


def modes_on(modes: Sequence[str], has: Collection[str]) -> list[str]:
    """Those of a case's `modes` on a column that has the modes `has`: of "eager | session" the first that it has."""
    choices = [entry.split(" | ") for entry in modes]
    return [next((mode for mode in either if mode in has), either[0]) for either in choices]


def choose(cases: Sequence[C], patterns: Sequence[str]) -> list[C]:
    """The cases whose id matches one of the globs; all for none.

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
