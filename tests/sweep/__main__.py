"""Measure the real thing in the place of each stand-in: `python -m tests.sweep`.

Exit code: 0 both agree wherever a target ran; 1 one differs, or a target could not run; 2 usage.
"""

import argparse
import datetime
import fnmatch
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.vocabulary import MODES
from tests.sweep.run import Evidence, Sweep
from tests.sweep.substitutions import SUBSTITUTIONS

START, END = "<!-- written by nox -s sweep -- --write -->", "<!-- end -->"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sweep", description=__doc__)
    parser.add_argument("--target", action="append", metavar="ID|TAG", help="only on these targets (default: all)")
    parser.add_argument("--substitution", action="append", metavar="GLOB", help="only these (repeatable)")
    parser.add_argument("--mode", action="append", choices=MODES, help="only in this mode (repeatable)")
    parser.add_argument("--jobs", type=int, metavar="N", help="workers at a time (default: as cores and memory allow)")
    parser.add_argument("--fresh", action="store_true", help="ignore the result cache")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="update the table of this page")
    options = parser.parse_args(arguments)
    if options.write and options.substitution:
        parser.error("--write needs all substitutions")
    globs = options.substitution or ["*"]
    chosen = [one for one in SUBSTITUTIONS if any(fnmatch.fnmatch(one.name, glob) for glob in globs)]
    if not chosen:
        parser.error(
            f"no substitution is called {' or '.join(globs)}; there are {', '.join(s.name for s in SUBSTITUTIONS)}"
        )
    try:
        project = Project()
        targets = project.choose(options.target or [], "all")
        sweep = Sweep(project, options.mode or MODES, options.jobs, options.fresh)
        found = sweep.run(chosen, targets, tell)
    except UsageError as error:
        parser.error(str(error))
    if options.write and any(one.failed for one in found):
        print(f"{options.write} is left unchanged: not every target could run")
    elif options.write:
        write(found, options.mode or MODES, options.write)
    return exit_code(found)


def exit_code(found: list[Evidence]) -> int:
    """Return 0 if there is evidence and each substitution agrees with the real thing everywhere, else 1."""
    return 0 if found and all(one.state == "same" for one in found) else 1


def tell(evidence: Evidence) -> None:
    """Print the row of a substitution on a target, followed by what differs."""
    print(f"{evidence.substitution.name:<20} {evidence.target:<22} {evidence.state:<8} {evidence.cells:>4} cells")
    if evidence.failed is not None:
        print(f"    could not run: {evidence.failed}")
    for (case, mode), (was, is_now) in sorted(evidence.differs.items()):
        print(f"    {case} in {mode}: {was}; with {evidence.substitution.real}: {is_now}")
    sys.stdout.flush()


def write(found: list[Evidence], modes: Sequence[str], page: Path) -> None:
    """Write the evidence between the two markers of a page."""
    by_name: dict[str, list[Evidence]] = {}
    for one in found:
        by_name.setdefault(one.substitution.name, []).append(one)
    today = datetime.datetime.now(datetime.UTC).date()
    headings = ("substitution", "stand-in", "real thing", "cases", "date", "targets", "modes", "cells", "result")
    lines = [f"| {' | '.join(headings)} |", "| --- " * len(headings) + "|"]
    for name, of_targets in by_name.items():
        substitution = of_targets[0].substitution
        cases = ", ".join(f"`{case}`" for case in substitution.cases)
        targets = ", ".join(one.target for one in of_targets)
        cells = sum(one.cells for one in of_targets)
        different = [f"`{case}` in {mode} on {e.target}" for e in of_targets for case, mode in sorted(e.differs)]
        result = f"differs: {', '.join(different)}" if different else "same"
        declared = (name, substitution.stand_in, substitution.real, cases)
        row = (*declared, str(today), targets, ", ".join(modes), str(cells), result)
        lines.append(f"| {' | '.join(row)} |")
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n" + "\n".join(lines) + f"\n\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
