"""What is made of the results: the page, what stands beside it, documents."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from conformance import results
from conformance.files import write_text
from conformance.judging.expectations import Expectation
from conformance.report import badge, changes, junit, page, summary
from conformance.repro.stored import Stored
from conformance.results import Results

HERE = Path(__file__).parent
REPRO = HERE.parent / "repro"
BESIDE: dict[str, Callable[[Results, Sequence[Expectation]], str]] = {
    "summary.md": summary.summary,
    "junit.xml": junit.junit,
    "badge.svg": lambda found, _: badge.badge(found),
    "changes.json": lambda found, _: changes.as_json(changes.changes(found)),
}
RULES = (
    "judging/compare.py",
    "judging/difference.py",
    "judging/expectations.py",
    "judging/judge.py",
    "vocabulary.py",
    "worker/values.py",
)  # what the files are made by, beside this folder


def write_report(
    found: Results,
    known: Sequence[Expectation],
    out: Path,
    scripts_of: Callable[[Results], Stored | None] = lambda _: None,
) -> None:
    """Write `results.json`, the files of `BESIDE` and `index.html` into `out`.

    What is there already is left as it is: results that differ only in when they were found,
    and a page that was made by this code from the same results and expectations.
    scripts_of: what the stand-alone scripts on the page are joined from; asked for only if it is written.
    """
    file = out / "results.json"
    if not _are_stored(found, file):
        results.write(found, file)
    stamp = _stamp(file, known)
    page_file = out / "index.html"
    if _begins_with(page_file, stamp) and all((out / name).is_file() for name in BESIDE):
        return
    found = results.read(file)  # so that the same file always gives the same page
    for name, make in BESIDE.items():
        write_text(out / name, make(found, known))
    beside = ("results.json", *BESIDE)
    write_text(page_file, page.render(found, known, stamp, beside, scripts_of(found)))


def _are_stored(found: Results, file: Path) -> bool:
    try:
        stored = msgspec.json.decode(file.read_bytes(), type=Results)
    except (OSError, msgspec.DecodeError):
        return False
    stored.created, stored.seconds = found.created, found.seconds
    return stored == found


def _stamp(file: Path, known: Sequence[Expectation]) -> str:
    """Stands for all that the page is made of."""
    total = hashlib.sha256(file.read_bytes())
    total.update(msgspec.json.encode(known))
    for source in sorted(p for part in (HERE, REPRO) for p in part.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        total.update(source.read_bytes())
    for source in (HERE.parent / name for name in RULES):
        total.update(source.read_bytes())
    return total.hexdigest()[:16]


def _begins_with(page_file: Path, stamp: str) -> bool:
    try:
        with page_file.open("rb") as file:
            return f'content="{stamp}"'.encode() in file.read(1000)
    except OSError:
        return False
