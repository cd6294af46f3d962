"""What an audit of the results found: how many cells their stand-alone scripts repeat."""

from pathlib import Path

import msgspec

from conformance.local.errors import UsageError
from conformance.results import Results

FILE = "audit.json"
"""Its name beside the results."""


class AuditRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An audit of results.

    Attributes:
        date: Day of the audit, YYYY-MM-DD.
        seed: Seed of the draw.
        measured: When the results were written (`Results.created`).
        cells: How many cells were repeated.
        agreed: How many of them agreed in verdict, exception and values.
        cases: How many cases they are of.
        targets: How many targets they are of.
    """

    date: str
    seed: int
    measured: str
    cells: int
    agreed: int
    cases: int
    targets: int


def read(folder: Path, results: Results) -> AuditRecord | None:
    """Read the audit beside results; None if there is none of these results.

    Raises:
        UsageError: The file is not such a record.
    """
    try:
        content = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        record = msgspec.json.decode(content, type=AuditRecord)
    except msgspec.DecodeError as error:
        raise UsageError(f"{folder / FILE} is no record of an audit: {error}") from error
    return record if record.measured == results.created else None
