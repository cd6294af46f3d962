"""The record of a bench: what was measured, where and when. All that the page says comes from it."""

import os
import platform
from pathlib import Path

import msgspec
import psutil

from conformance.files import write_text
from conformance.local.errors import UsageError


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str  # of the host


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measurement of a time, in seconds.

    cpu: of all processes that were started for it; others: processor time that the rest of the
    machine used meanwhile; cells: how many cells were executed.
    """

    wall: float
    cpu: float
    others: float
    cells: int

    def share_of_others(self, cores: int) -> float:
        """Which part of the machine somebody else had."""
        return self.others / (self.wall * cores) if self.wall else 0.0


class Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was measured of something: times of the suite and of what it is compared with, or a size.

    An entry has either numbers or the reason why there are none, never both.

    what: a key of `budgets.MEASURES`; of: "core", "history" or a column; load: the load average
    before the bench began; suite: digest of the worker and the cases; other: what the suite is
    compared with, measured in turns with it.
    """

    what: str
    of: str
    created: str
    load: float
    suite: str
    suite_runs: list[Sample] = []
    other: list[Sample] = []
    megabytes: float | None = None  # of 10^6 bytes
    detail: str = ""
    failure: str | None = None

    def __post_init__(self) -> None:
        has_numbers = bool(self.suite_runs) or self.megabytes is not None
        if has_numbers == (self.failure is not None) or (self.other and len(self.other) != len(self.suite_runs)):
            raise ValueError(f"{self.what} of {self.of}: an entry has numbers or a failure, and pairs are complete")


class Record(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """patterns: the cases that were chosen; empty: all, only then budgets can be judged."""

    machine: Machine
    patterns: list[str]
    entries: list[Entry]

    def put(self, entry: Entry) -> None:
        """Add an entry; it takes the place of an older one about the same."""
        self.entries = [e for e in self.entries if (e.what, e.of) != (entry.what, entry.of)] + [entry]

    def get(self, what: str, of: str) -> Entry | None:
        return next((e for e in self.entries if (e.what, e.of) == (what, of)), None)

    def columns(self, what: str) -> list[str]:
        """What entries of a kind are about, sorted."""
        return sorted(e.of for e in self.entries if e.what == what)


def this_machine() -> Machine:
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def read(path: Path) -> Record:
    """The record in a file.

    Raises:
        UsageError: naming the file and what is wrong with it.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a record of the bench: {error}") from error


def open_record(path: Path, patterns: list[str]) -> Record:
    """The record to add to: that in the file if it is there, else an empty one.

    Raises:
        UsageError: what is there was measured on another machine or with other cases.
    """
    machine = this_machine()
    if not path.exists():
        return Record(machine=machine, patterns=patterns, entries=[])
    found = read(path)
    if found.machine != machine or found.patterns != patterns:
        raise UsageError(f"{path} was measured on another machine or with other cases; delete it or use another --out")
    return found


def write(record: Record, path: Path) -> None:
    write_text(path, msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n")
