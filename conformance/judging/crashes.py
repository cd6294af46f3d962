"""Declared crashes: cells that are known to end their process, and so are not executed (`cases/crashes.toml`).

A declaration names the exact case, target, TensorFlow and mode. It holds for nothing else: a nightly, a target of
`--with` or `--here`, and a declared target whose TensorFlow has changed execute the case. `conformance run
--execute-crashes` executes all of them, and has a problem if one ends no process.
"""

import datetime
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from conformance.local.errors import UsageError
from conformance.targets.registry import Target
from conformance.vocabulary import MODES


class DeclaredCrash(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cells that end their process in the same way.

    Attributes:
        cases: Ids of the cases, with their variants.
        targets: The TensorFlow with which it was seen, by id of the target.
        modes: The modes.
        what: What ended, and where.
        seen: When that was last seen.
    """

    cases: list[str]
    targets: dict[str, str]
    modes: list[str]
    what: str
    seen: datetime.date


class _CrashesFile(msgspec.Struct, forbid_unknown_fields=True):
    crash: list[DeclaredCrash]


class DeclaredCrashes:
    """All declared crashes.

    Args:
        declared: The entries.
    """

    def __init__(self, declared: Sequence[DeclaredCrash] = ()):
        self.declared = declared
        self._found = {
            (case, target, mode): (tensorflow, one)
            for one in declared
            for case in one.cases
            for target, tensorflow in one.targets.items()
            for mode in one.modes
        }

    def reason(self, case: str, target: Target, mode: str) -> str | None:
        """Return in words what ended, and when that was seen; None for a cell that is not declared to crash."""
        tensorflow, one = self._found.get((case, target.id, mode), ("", None))
        if one is None or target.base.tensorflow != tensorflow:
            return None
        return f"{one.what}; seen {one.seen}, not executed again"


NONE = DeclaredCrashes()


def load(path: Path) -> DeclaredCrashes:
    """Load the declared crashes; there are none if there is no such file.

    Raises:
        UsageError: The file cannot be read or is invalid.
    """
    if not path.exists():
        return NONE
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _CrashesFile).crash
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    for one in found:
        where = f"{path.name}: the crash of {', '.join(one.cases) or 'no case'}"
        if not (one.cases and one.targets and one.modes and one.what.strip()):
            raise UsageError(f"{where} needs cases, targets, modes and what ended")
        for mode in one.modes:
            if mode not in MODES:
                raise UsageError(f"{where}: unknown mode '{mode}'")
    return DeclaredCrashes(found)
