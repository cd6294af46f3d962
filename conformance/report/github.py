"""Annotations for a GitHub Actions job: unexpected results, at the line of the case."""

from collections.abc import Sequence

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.gate import check_cell, check_expectations
from conformance.report.text import plural, where
from conformance.results import Case, Cell, Results

SHOWN = 10  # GitHub drops further annotations of a level in a workflow step
FOLDER = "cases"  # of the case files, in this repository


def annotations(results: Results, expectations: Sequence[Expectation] = (), complete: bool = False) -> list[str]:
    """Return workflow commands to print: errors, warnings, and a notice that counts the others.

    Args:
        results: The results of the run.
        expectations: What is expected of them.
        complete: As for `gate.find_unexpected`.
    """
    errors = [command("error", problem, title="Problem with the run itself") for problem in results.problems]
    errors += [*_cells(results, expectations)]
    if complete:
        errors += [
            command("error", str(one), file=f"{FOLDER}/expectations.toml", title="Expectation without effect")
            for one in check_expectations(results, expectations)
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
    """Return one error per case, with all its unexpected outcomes."""
    index = ExpectationIndex(expectations, results)
    found: dict[str, dict[str, list[Cell]]] = {}
    for cell in results.cells:
        unexpected = check_cell(cell, index)
        if unexpected:
            found.setdefault(cell.case, {}).setdefault(unexpected.why, []).append(cell)
    return [_case(case, found[case.id], results) for case in results.cases if case.id in found]


def _case(case: Case, cells_of: dict[str, list[Cell]], results: Results) -> str:
    message = "\n".join(f"{where(cells, case, results)}: {why}" for why, cells in cells_of.items())
    return command("error", message, file=f"{FOLDER}/{case.file}", line=str(case.line), title=case.id)


def command(level: str, message: str, **properties: str) -> str:
    """Return `::level name=value,...::message` on one line, escaped so that no value starts another command."""
    fields = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {fields}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
