"""Break masks on purpose and check that the cases notice: `python -m tests.mutants`.

Exit code: 0 every fault was noticed and no control was; 1 otherwise; 2 usage.
"""

import argparse
import fnmatch
import sys
import time
from pathlib import Path

from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.targets import registry
from tests.mutants.run import Mutants, Outcome, exit_code

START, END = "<!-- written by nox -s mutants -- --write -->", "<!-- end -->"
ROW = "{:<44} {:<11} {:<9} {:>5} {:>7} {:>5}  {}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--target", action="append", metavar="ID", help="only on this target (repeatable)")
    parser.add_argument("--fault", action="append", metavar="GLOB", help="only these faults (repeatable)")
    parser.add_argument("--cases", type=Path, metavar="FOLDER", help="folder of the cases (default: the suite)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="mutants that run in parallel (default: 2)")
    parser.add_argument("--fresh", action="store_true", help="ignore the result cache")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="update the table of this page")
    options = parser.parse_args(arguments)
    if options.write and (options.target or options.fault):
        parser.error("--write needs all faults and all their targets")
    try:
        return run(options)
    except UsageError as error:
        parser.error(str(error))


def run(options: argparse.Namespace) -> int:
    """Run the chosen faults, print the outcomes and return the exit code."""
    started = time.monotonic()
    project = Project(cases=options.cases)
    mutants = Mutants(project, fresh=options.fresh, jobs=options.jobs)
    faults = [f for f in mutants.faults if any(fnmatch.fnmatch(f.name, glob) for glob in options.fault or ["*"])]
    ids = sorted({target for fault in faults for target in fault.targets})
    chosen = registry.choose(project.targets, [i for i in ids if i in (options.target or ids)] or options.target, "all")
    print(ROW.format("fault", "target", "", "cells", "changed", "wrong", "noticed first by"))
    outcomes = mutants.run(faults, chosen, tell)
    if options.write:
        write(outcomes, options.write)
    for target in chosen:
        mine = [o for o in outcomes if o.target == target.id and not o.fault.control]
        print(f"{target.id}: {sum(o.good for o in mine)} of {len(mine)} faults noticed")
    print(f"{time.monotonic() - started:.0f} s")
    return exit_code(outcomes)


def tell(outcome: Outcome) -> None:
    """Print the row of an outcome, followed by the cells that do not count."""
    first = "{} ({})".format(*outcome.changed[0]) if outcome.changed else ""
    counts = outcome.cells, len(outcome.changed), outcome.wrong
    lines = [ROW.format(outcome.fault.name, outcome.target, outcome.state, *counts, first)]
    if outcome.broken is not None:
        lines.append(f"    broken: {outcome.broken}")
    for what, cells in (("only raise", outcome.raised), ("the case itself fails", outcome.failed)):
        if cells:
            lines.append(f"    {what}: " + ", ".join(sorted({case for case, _ in cells})))
    print("\n".join(lines), flush=True)


def write(outcomes: list[Outcome], page: Path) -> None:
    """Write the table of all outcomes between the two markers of a page."""
    ids = sorted({o.target for o in outcomes})
    by_fault: dict[str, dict[str, Outcome]] = {}
    for outcome in outcomes:
        by_fault.setdefault(outcome.fault.name, {})[outcome.target] = outcome
    lines = ["| fault | effect | " + " | ".join(ids) + " |", "| --- | --- |" + " --- |" * len(ids)]
    for name, per_target in by_fault.items():
        description = next(iter(per_target.values())).fault.description
        lines.append(f"| {name} | {description} | " + " | ".join(_entry(per_target.get(i)) for i in ids) + " |")
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n" + "\n".join(lines) + f"\n\n{END}{after}")


def _entry(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    if outcome.state != "noticed":
        return outcome.state
    return f"{len(outcome.changed)} of {outcome.cells}: `{outcome.changed[0][0]}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
