"""The end of a run: the report is written, what is not as it should be is said, and the exit code tells."""

import os
from collections import Counter
from pathlib import Path

from rich.console import Console

from conformance import results
from conformance.judging import expectations
from conformance.judging.gate import surprises
from conformance.report import github
from conformance.report.folder import write_report
from conformance.repro.suite_scripts import scripts_for
from conformance.vocabulary import VERDICTS


def conclude(
    found: results.Results,
    known: list[expectations.Expectation],
    out: Path,
    console: Console,
    complete: bool,
    allow_not_run: bool,
    annotations: bool = False,
) -> int:
    """Write the report, say what is not as it should be, and return the exit code.

    complete: as for `gate.surprises`; annotations: also print it for GitHub Actions.
    """
    write_report(found, known, out, scripts_for)
    _print_outcome(found, out, console)
    unexpected = surprises(found, known, complete)
    say(console, [f"unexpected: {line}" for line in unexpected])
    for line in github.annotations(found, known, complete) if annotations else []:
        print(line)
    if job_summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(job_summary).open("a", encoding="utf-8") as file:
            file.write((out / "summary.md").read_text(encoding="utf-8"))
    not_run = [t for t in found.targets if t.reason]
    if len(not_run) == len(found.targets):
        return 3
    return 1 if found.problems or unexpected or (not_run and not allow_not_run) else 0


def say(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_outcome(found: results.Results, out: Path, console: Console) -> None:
    say(console, [f"{target.id}: not run: {target.reason}" for target in found.targets if target.reason])
    say(console, [f"problem: {problem}" for problem in found.problems])
    counts = Counter(cell.verdict for cell in found.cells)
    text = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    say(console, [f"{text}; {found.seconds:.0f} s; {out / 'index.html'}"])
