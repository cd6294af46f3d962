"""Writes the folder of a report: the results, the page and the files beside it."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from conformance import results
from conformance.files import write_text
from conformance.judging.expectations import Expectation
from conformance.local.dependencies import program_digest
from conformance.local.errors import UsageError
from conformance.local.paths import cases_folder
from conformance.report import audit as audits
from conformance.report import badge, changes, junit, page, summary
from conformance.repro.stored import Stored
from conformance.results import Results

BESIDE: dict[str, Callable[[Results, Sequence[Expectation]], str]] = {
    "summary.md": summary.summary,
    "junit.xml": junit.junit,
    "badge.svg": lambda found, _: badge.badge(found),
    "changes.json": lambda found, _: changes.as_json(changes.changes(found)),
}


def write_report(
    found: Results,
    known: Sequence[Expectation],
    out: Path,
    scripts_of: Callable[[Results], Stored | None] = lambda _: None,
) -> None:
    """Write the results, the files of `BESIDE` and `index.html` into a folder.

    Files that would not change are not written: results that differ only in when they were measured, and a page that
    this program made from the same results, expectations and cases. Compressed results stay compressed.

    Args:
        found: The results, judged.
        known: What is expected of them.
        out: The folder.
        scripts_of: Returns the texts of the standalone scripts; called only if the page is written.
    """
    file = results.file_in(out)
    if not _are_stored(found, file):
        results.write(found, file)
    audit = audits.read(out, found)
    stamp = _stamp(file, known, audit)
    page_file = out / "index.html"
    if _begins_with(page_file, stamp) and all((out / name).is_file() for name in BESIDE):
        return
    found = results.read(file)  # so that the same file always gives the same page
    for name, make in BESIDE.items():
        write_text(out / name, make(found, known))
    beside = (file.name, *BESIDE)
    write_text(page_file, page.render(found, known, stamp, beside, scripts_of(found), audit))


def _are_stored(found: Results, file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        stored = msgspec.json.decode(results.read_bytes(file), type=Results)
    except (UsageError, msgspec.DecodeError):
        return False
    stored.created, stored.seconds = found.created, found.seconds
    return stored == found


def _stamp(file: Path, known: Sequence[Expectation], audit: audits.AuditRecord | None) -> str:
    """Return a digest of everything that the page is made from."""
    total = hashlib.sha256(results.read_bytes(file))
    total.update(msgspec.json.encode(known) + msgspec.json.encode(audit))
    total.update(program_digest(cases_folder()).encode())
    return total.hexdigest()[:16]


def _begins_with(page_file: Path, stamp: str) -> bool:
    try:
        with page_file.open("rb") as file:
            return f'content="{stamp}"'.encode() in file.read(1000)
    except OSError:
        return False
