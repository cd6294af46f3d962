"""Do cells and plain scripts agree? Repeats cells, drawn at random, by their stand-alone scripts: `nox -s audit`.

Exit code: 0 all agree; 1 one does not, or could not be repeated; 2 usage.
"""

import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from conformance import repro, results
from conformance.cache import cache_folder
from conformance.files import write_text
from conformance.local import bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.report.audit import FILE, AuditRecord
from conformance.repro.execute import execute
from conformance.repro.parts import Parts
from conformance.repro.suite_scripts import parts_of
from conformance.results import Cell, Results, Value
from conformance.suite import catalogue
from conformance.targets import install, registry
from conformance.targets.registry import Target
from conformance.worker import values
from tests.audit.compare import VERDICTS, disagreement, draw, other_values

OBSERVER = Path(__file__).with_name("observer.py")


@dataclass
class Audit:
    """Repeats cells of stored results; collects what disagrees.

    Attributes:
        found: The results.
        targets: Targets by id.
        parts: What scripts are made of, by case.
        failures: A line for each cell that was not repeated.
    """

    found: Results
    targets: dict[str, Target]
    parts: dict[str, Parts]
    failures: list[str] = field(default_factory=list)

    def repeat(self, cell: Cell) -> str | None:
        """Run the script of a cell. Returns how it differs, None if it agrees."""
        assert cell.observation is not None
        target = self.targets[cell.target]
        try:
            script = repro.script(target, cell.mode, self.parts[cell.case])
            where = install.provision(target, cache_folder())
            with tempfile.TemporaryDirectory(prefix="audit-") as folder:
                out = Path(folder, "values.jsonl")
                done = execute(script, target, where, under=[OBSERVER, values.__file__, out])
                lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
        except (UsageError, Unavailable) as error:
            return f"could not be repeated: {error}"
        recorded: list[tuple[str, Value]] = [tuple(json.loads(line)) for line in lines]
        why = disagreement(done, cell, self.found)
        if why:
            return " | ".join([why, *(line for line in done.errors[-4:] if line.strip())])
        return other_values(recorded, self.found.observations[cell.observation], self.found.values)

    def told(self, cell: Cell) -> None:
        """Repeat a cell and print a line if it does not agree."""
        why = self.repeat(cell)
        if why:
            self.failures.append(f"{cell.case} on {cell.target} in {cell.mode} ({cell.verdict}): {why}")
            click.echo(self.failures[-1])


@click.command()
@click.option("--results", "path", type=click.Path(path_type=Path), help="Results to audit  [default: the published]")
@click.option("--each", default=5, show_default=True, help="Cells of each target and mode.")
@click.option("--seed", default=1, show_default=True, help="Another seed draws other cells.")
@click.option("--target", "ids", multiple=True, help="Only this target; repeatable.")
@click.option("--case", "patterns", multiple=True, help="Only cases of this id or glob; repeatable.")
@click.option("--mode", "modes", multiple=True, help="Only this mode; repeatable.")
@click.option("--jobs", default=2, show_default=True, help="Scripts that run at once.")
@click.option("--write", is_flag=True, help="Write the figures beside the published results, for the page.")
def main(
    path: Path | None,
    each: int,
    seed: int,
    ids: tuple[str, ...],
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    jobs: int,
    write: bool,
) -> None:
    """Repeat cells, drawn at random, by their stand-alone scripts in the environments of their targets."""
    if write and (path or ids or patterns or modes):
        raise click.UsageError("--write is about all of the published results")
    found = results.read(path or results.PUBLISHED)
    the_bundle = bundle.make_bundle(cache_folder())
    known = {case.id: case.digest for case in catalogue.choose(catalogue.collect(the_bundle), list(patterns))}
    current = {case.id for case in found.cases if known.get(case.id) == case.digest}
    targets = {target.id: target for target in registry.choose(registry.load(), list(ids), "history")}
    cells = [c for c in found.cells if c.case in current and c.target in targets and c.verdict in VERDICTS]
    chosen = draw([c for c in cells if not modes or c.mode in modes], each, seed)
    if not chosen:
        raise click.UsageError("no cell fits: nothing is audited")
    audit = Audit(found, targets, parts_of(the_bundle))
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(audit.told, chosen))
    agreed = len(chosen) - len(audit.failures)
    places = Counter((cell.target, cell.mode) for cell in chosen)
    counts = {
        "cells": len(chosen),
        "agreed": agreed,
        "cases": len({cell.case for cell in chosen}),
        "targets": len({cell.target for cell in chosen}),
    }
    click.echo(
        f"{agreed} of {len(chosen)} cells agree with their scripts: {counts['cases']} cases, "
        f"{counts['targets']} targets, {min(places.values())} to {max(places.values())} cells of each target and mode"
    )
    left = len(found.cases) - len(current)
    if left and not patterns:
        click.echo(f"left out: {left} cases that are not those of these results")
    if write:
        record = AuditRecord(date=datetime.now(UTC).date().isoformat(), seed=seed, measured=found.created, **counts)
        write_text(results.PUBLISHED.parent / FILE, msgspec.json.format(msgspec.json.encode(record), indent=1).decode())
    sys.exit(1 if audit.failures else 0)


if __name__ == "__main__":
    main()
