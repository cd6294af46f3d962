"""Print the line and branch coverage of conformance/, of what the processes of the tests themselves execute.

Exit code: 1 if either is below its floor, which is a little below what was reached last.
"""

import json
import sys
import tempfile
from pathlib import Path

import coverage

FLOORS = {"lines": 0.80, "branches": 0.71}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        measured = coverage.Coverage()
        measured.load()
        measured.json_report(outfile=str(report))
        of = json.loads(report.read_text())["totals"]
    counts = {
        "lines": (of["covered_lines"], of["num_statements"]),
        "branches": (of["covered_branches"], of["num_branches"]),
    }
    low = False
    for what, (covered, every) in counts.items():
        print(f"coverage of conformance/: {covered} of {every} {what}, {covered / every:.1%}")
        if covered / every < FLOORS[what]:
            print(f"coverage of {what} is below {FLOORS[what]:.0%}: which tests cover what you added?")
            low = True
    return int(low)


if __name__ == "__main__":
    sys.exit(main())
