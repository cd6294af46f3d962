"""Measure the budgets and write performance.json, performance.md and performance.svg: `python -m bench`."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from bench import record as records
from bench.budgets import rows
from bench.chart import draw
from bench.checkout import Checkout
from bench.measure import Bench
from bench.page import page
from bench.record import Entry, Record
from conformance.cache import cache_folder
from conformance.files import write_text
from conformance.local.errors import UsageError, unknown
from conformance.targets import registry

WHATS = ("core", "overhead", "plain", "history", "disk")  # disk last, to include the bytecode that runs write
TARGETS = ("tf-1.15", "tf-2.15", "keras-3.15")
CHANGED = "masking.default-mask-value"
QUICK_REPEATS = 3  # at least, of measurements that take seconds


@click.command()
@click.option("--what", default=",".join(WHATS), show_default=True, metavar="LIST", help="What to measure.")
@click.option(
    *("--target", "--column", "target_ids"),
    multiple=True,
    default=TARGETS,
    show_default=True,
    help="For overhead and plain. Repeatable. --column is deprecated.",
)
@click.option("--case", "patterns", multiple=True, metavar="GLOB", help="Only these cases, for a trial. Repeatable.")
@click.option(
    "--repeats", type=click.IntRange(1), default=1, show_default=True, help="Runs, or pairs of runs, of each kind."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs"), show_default=True, help="Output folder.")
@click.option("--render", is_flag=True, help="Measure nothing; render page and chart from the record in OUT.")
def main(
    what: str, target_ids: tuple[str, ...], patterns: tuple[str, ...], repeats: int, out: Path, render: bool
) -> None:
    """Measure the budgets and write the page about them.

    New measurements replace those of the same kind in the record in OUT; the others are kept. Measuring everything
    takes hours: a run of the history, and for each target some 150 processes of plain pytest.

    Exit code: 0 everything was measured, within its budget or not; 1 something could not be measured; 2 usage.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the processes it started
    try:
        if render:
            write(records.read(out / "performance.json"), out)
            return
        failed = measure(what.split(","), list(target_ids), sorted(patterns), repeats, out)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(1 if failed else 0)


def measure(whats: list[str], target_ids: list[str], patterns: list[str], repeats: int, out: Path) -> int:
    """Measure, and write record, page and chart after each measurement.

    Returns:
        Number of measurements that failed.
    """
    targets = registry.load()
    for kind, names, known in (("measurement", whats, WHATS), ("target", target_ids, [t.id for t in targets])):
        for name in names:
            if name not in known:
                raise unknown(kind, name, known)
    record = records.open_record(out / "performance.json", patterns)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(
            Checkout(Path(folder), cache_folder()),
            targets,
            patterns,
            repeats=repeats,
            quick_repeats=max(QUICK_REPEATS, repeats),
            changed=CHANGED,
        )
        for entry in _entries(bench, whats, target_ids):
            failed += entry.failure is not None
            record.put(entry)
            write(record, out)
            click.echo(_told(entry))
    for row in rows(record):
        click.echo(f"{row.label}: {row.measured or '-'} (budget: {row.budget or 'none'}), {row.state}")
    return failed


def _entries(bench: Bench, whats: list[str], target_ids: list[str]) -> Iterator[Entry]:
    for what in whats:
        click.echo(f"measuring: {what}")
        if what in ("core", "history"):
            yield from bench.runs(what)
        elif what == "disk":
            yield from (bench.disk(tier) for tier in registry.TIERS)
        else:
            yield from (getattr(bench, what)(one) for one in target_ids)


def _told(entry: Entry) -> str:
    if entry.failure is not None:
        return f"{entry.what} {entry.of}: FAILED: {entry.failure}"
    if entry.megabytes is not None:
        return f"{entry.what} {entry.of}: {entry.megabytes:.1f} MB {entry.detail}"
    sides = [("suite", entry.suite_runs)] + ([("other", entry.other)] if entry.other else [])
    return f"{entry.what} {entry.of}: " + "; ".join(
        f"{side} " + ", ".join(f"{s.wall:.1f} s wall, {s.cpu:.1f} s processor, {s.cells} cells" for s in samples)
        for side, samples in sides
    )


def write(record: Record, out: Path) -> None:
    """Write the record, and the page and the chart rendered from it."""
    records.write(record, out / "performance.json")
    write_text(out / "performance.md", page(record))
    write_text(out / "performance.svg", draw(rows(record)))


if __name__ == "__main__":
    main()
