"""What only pytest knows of a case: which of the values in its decorators are its own."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from conformance.errors import UsageError


class Collected(msgspec.Struct, frozen=True):
    """parameters: by name, (place of the value in its decorator, how it is written if that is simple)."""

    id: str
    backends: list[str]
    parameters: dict[str, tuple[int, str | None]]


def collect(cases: Path, files: Iterable[str]) -> dict[str, Collected]:
    """All cases of these files of a folder, by id.

    Raises:
        UsageError: they cannot be collected.
    """
    command = [sys.executable, "-m", "conformance.repro.listing", str(cases), *files]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise UsageError("the cases cannot be collected:\n" + (done.stderr.strip() or done.stdout.strip()))
    found = [msgspec.json.decode(line, type=Collected) for line in done.stdout.splitlines() if line.startswith("{")]
    return {one.id: one for one in found}
