"""The record of the bench: what was measured, where and when. The page is rendered from it alone."""

import os
import platform
from pathlib import Path

import msgspec
import psutil

from conformance.files import write_text
from conformance.local.errors import UsageError


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where numbers were measured; those of another machine cannot be compared with them.

    Attributes:
        processor: Name of the processor.
        cores: Number of cores.
        memory_gb: Memory in units of 10^9 bytes.
        system: Operating system and architecture.
        python: Version of the Python of the host.
    """

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measurement of time.

    Attributes:
        wall: Wall time in seconds.
        cpu: Processor seconds of all processes started for it.
        others: Processor seconds that other processes used meanwhile.
        cells: Number of executed cells.
    """

    wall: float
    cpu: float
    others: float
    cells: int

    def share_of_others(self, cores: int) -> float:
        """Return the share of the machine that other processes used."""
        return self.others / (self.wall * cores) if self.wall else 0.0


class Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One measurement: times of the suite and its counterpart, or a size.

    An entry has either numbers or the reason why there are none, never both.

    Attributes:
        what: A key of `budgets.MEASURES`.
        of: "core", "history" or the id of a target.
        created: When it was measured, in ISO 8601.
        load: Load average before the bench began.
        suite: Digest of the worker and the cases.
        suite_runs: Runs of the suite.
        other: Runs of the counterpart, alternating with those of the suite.
        megabytes: A size in units of 10^6 bytes.
        detail: What the numbers refer to.
        failure: Why there are no numbers.
    """

    what: str
    of: str
    created: str
    load: float
    suite: str
    suite_runs: list[Sample] = []
    other: list[Sample] = []
    megabytes: float | None = None
    detail: str = ""
    failure: str | None = None

    def __post_init__(self) -> None:
        has_numbers = bool(self.suite_runs) or self.megabytes is not None
        if has_numbers == (self.failure is not None) or (self.other and len(self.other) != len(self.suite_runs)):
            raise ValueError(
                f"{self.what} of {self.of}: an entry needs either numbers or a failure, and complete pairs"
            )


class Record(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All entries of one machine; `patterns` are the globs of the cases, empty for all, which budgets require."""

    machine: Machine
    patterns: list[str]
    entries: list[Entry]

    def put(self, entry: Entry) -> None:
        """Add an entry; it replaces an older one of the same kind."""
        self.entries = [e for e in self.entries if (e.what, e.of) != (entry.what, entry.of)] + [entry]

    def get(self, what: str, of: str) -> Entry | None:
        """Return the entry of a kind about a target or a tier, None if there is none."""
        return next((e for e in self.entries if (e.what, e.of) == (what, of)), None)

    def subjects(self, what: str) -> list[str]:
        """List the targets or tiers that have an entry of a kind, sorted."""
        return sorted(e.of for e in self.entries if e.what == what)


def this_machine() -> Machine:
    """Describe the machine that this process runs on."""
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
    """Read the record in a file.

    Raises:
        UsageError: The file cannot be read or is no record.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a record of the bench: {error}") from error


def open_record(path: Path, patterns: list[str]) -> Record:
    """Read the record in a file, or create an empty one if there is no file.

    Raises:
        UsageError: The record was measured on another machine or with other cases.
    """
    machine = this_machine()
    if not path.exists():
        return Record(machine=machine, patterns=patterns, entries=[])
    found = read(path)
    if found.machine != machine or found.patterns != patterns:
        raise UsageError(f"{path} was measured on another machine or with other cases; delete it or use another --out")
    return found


def write(record: Record, path: Path) -> None:
    """Write the record to a file, atomically."""
    write_text(path, msgspec.json.format(msgspec.json.encode(record), indent=1).decode() + "\n")
