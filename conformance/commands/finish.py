"""Finishes a run: writes the report, prints what is not as expected, and decides the exit code."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from conformance.judging.expectations import Expectation
from conformance.judging.gate import find_unexpected
from conformance.project import Project
from conformance.report import github
from conformance.report.folder import write_report
from conformance.repro.suite_scripts import scripts_for
from conformance.results import Results
from conformance.vocabulary import VERDICTS


@dataclass(frozen=True)
class FinishOptions:
    """How a run is to end.

    Attributes:
        out: Folder of the report.
        allow_not_run: A target that could not run is no failure.
        annotations: Also print annotations for GitHub Actions.
    """

    out: Path
    allow_not_run: bool = False
    annotations: bool = False


def write(project: Project, found: Results, known: list[Expectation], out: Path) -> None:
    """Write the report, with the stand-alone scripts of the project's cases."""
    write_report(found, known, out, lambda results: scripts_for(results, project.bundle, project.targets))


def finish(
    project: Project,
    found: Results,
    known: list[Expectation],
    options: FinishOptions,
    console: Console,
    complete: bool = False,
) -> int:
    """Write the report, print what is not as expected, and return the exit code of `conformance run`.

    Args:
        project: Has the cases and targets of the results.
        found: The results.
        known: The expectations.
        options: How to end.
        console: Where to print.
        complete: Expectations that match no cell count as well.
    """
    write(project, found, known, options.out)
    _print_outcome(found, options.out, console)
    unexpected = find_unexpected(found, known, complete)
    say(console, [f"unexpected: {line}" for line in unexpected])
    for line in github.annotations(found, known, complete) if options.annotations else []:
        print(line)
    if job_summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(job_summary).open("a", encoding="utf-8") as file:
            file.write((options.out / "summary.md").read_text(encoding="utf-8"))
    not_run = [target for target in found.targets if target.reason]
    if len(not_run) == len(found.targets):
        return 3
    return 1 if found.problems or unexpected or (not_run and not options.allow_not_run) else 0


def say(console: Console, lines: list[str]) -> None:
    """Print lines as they are: what a target wrote is no markup."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_outcome(found: Results, out: Path, console: Console) -> None:
    say(console, [f"{target.id}: not run: {target.reason}" for target in found.targets if target.reason])
    say(console, [f"problem: {problem}" for problem in found.problems])
    counts = Counter(cell.verdict for cell in found.cells)
    text = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    say(console, [f"{text}; {found.seconds:.0f} s; {out / 'index.html'}"])
