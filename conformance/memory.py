"""What earlier runs observed, so that nothing is measured twice and an interrupted run goes on where it was.

An entry is kept under a digest of everything it depends on: the source of the case and
what that uses, the worker, the lock, the Python and the mode. Each entry is a file
written atomically: two runs at once, or a kill at any moment, do no harm.
"""

from pathlib import Path
from typing import Any

import msgspec

from conformance.bundle import Bundle
from conformance.results import Case, digest, write_text
from conformance.sources import used_source
from conformance.targets import Target

_FORMAT = "1"  # of an entry
_LASTING = ("completed", "raised", "unsupported")  # a crash or a time-out may have had its reason outside


class Memory:
    """Remembers cells and the checks of units for one bundle, in a folder of the cache.

    fresh: forget what is there (but remember what comes).
    """

    def __init__(self, cache: Path, bundle: Bundle, fresh: bool = False):
        self.folder = cache / "cells"
        self._bundle = bundle
        self._fresh = fresh

    def cell(self, target: Target, case: Case, mode: str) -> str:
        """The key of a cell; empty where nothing is to be remembered."""
        if target.installed is not None:
            return ""
        source = used_source(self._bundle.cases / case.file, case.function)
        return digest(["cell", case.id, source, mode, *self._common(target)])

    def unit(self, target: Target, modes: list[str]) -> str:
        """The key of what a process for these modes says of itself before the first case."""
        if target.installed is not None:
            return ""
        return digest(["unit", modes, *self._common(target)])

    def _common(self, target: Target) -> list[str]:
        locks = [lock.read_text() if lock.is_file() else target.id for lock in target.locks]
        return [_FORMAT, self._bundle.worker, *locks, target.base.python, target.front_end, target.backend]

    def recall(self, key: str) -> dict[str, Any] | None:
        """What was kept under `key`; None if nothing was, or nothing that can be read."""
        if self._fresh or not key:
            return None
        try:
            kept = msgspec.json.decode(self._path(key).read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return kept if isinstance(kept, dict) else None

    def keep(self, key: str, content: dict[str, Any]) -> None:
        if key and content.get("status", "completed") in _LASTING:
            write_text(self._path(key), msgspec.json.encode(content).decode())

    def forget(self, key: str) -> None:
        """Make sure that this is measured again."""
        if key:
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
