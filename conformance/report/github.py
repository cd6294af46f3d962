"""Annotations of a GitHub Actions job: what is not as expected, at the line of its case."""

from collections.abc import Sequence

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.gate import of_entries, surprise
from conformance.report.text import plural, where
from conformance.results import Case, Cell, Results

SHOWN = 10  # GitHub drops what is more than that of a level in one step
FOLDER = "cases"  # of the case files, in this repository


def annotations(results: Results, expectations: Sequence[Expectation] = (), complete: bool = False) -> list[str]:
    """Workflow commands, to be printed: errors, warnings, and a notice of how many others there are.

    complete: as for `gate.surprises`.
    """
    errors = [command("error", problem, title="The run itself") for problem in results.problems]
    errors += [*_cells(results, expectations)]
    if complete:
        errors += [
            command("error", str(one), file=f"{FOLDER}/expectations.toml", title="An expectation matches nothing")
            for one in of_entries(results, expectations)
        ]
    warnings = [command("warning", t.reason, title=f"{t.title} did not run") for t in results.targets if t.reason]
    more = [
        plural(len(lines) - SHOWN, f"more {level}")
        for lines, level in ((errors, "error"), (warnings, "warning"))
        if len(lines) > SHOWN
    ]
    notice = [command("notice", f"{' and '.join(more)}: see summary.md", title="Masks in Keras")] if more else []
    return [*errors[:SHOWN], *warnings[:SHOWN], *notice]


def _cells(results: Results, expectations: Sequence[Expectation]) -> list[str]:
    """One error for each case, with all that it does unexpectedly."""
    book = ExpectationIndex(expectations, results)
    found: dict[str, dict[str, list[Cell]]] = {}
    for cell in results.cells:
        why = surprise(cell, book)
        if why:
            found.setdefault(cell.case, {}).setdefault(why.why, []).append(cell)
    return [_case(case, found[case.id], results) for case in results.cases if case.id in found]


def _case(case: Case, ways: dict[str, list[Cell]], results: Results) -> str:
    message = "\n".join(f"{where(cells, case, results)}: {why}" for why, cells in ways.items())
    return command("error", message, file=f"{FOLDER}/{case.file}", line=str(case.line), title=case.id)


def command(level: str, message: str, **properties: str) -> str:
    """`::level name=value,...::message` on one line; nothing in the values is read as another command."""
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
