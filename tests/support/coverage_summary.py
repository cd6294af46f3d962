"""Print the line and branch coverage of conformance/, of what the processes of the tests themselves execute."""

import json
import tempfile
from pathlib import Path

import coverage


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        measured = coverage.Coverage()
        measured.load()
        measured.json_report(outfile=str(report))
        of = json.loads(report.read_text())["totals"]
    for what, covered, every in (
        ("lines", of["covered_lines"], of["num_statements"]),
        ("branches", of["covered_branches"], of["num_branches"]),
    ):
        print(f"coverage of conformance/: {covered} of {every} {what}, {covered / every:.1%}")


if __name__ == "__main__":
    main()
