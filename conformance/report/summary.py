"""`summary.md`: counts, and everything that is not as promised, most harmful first."""

from collections import Counter

from conformance.expectations import BAD
from conformance.judge import outcome
from conformance.results import VERDICTS, Case, Cell, Results

SEVERITIES = ("silent", "raises", "warns", "cosmetic")


def summary(results: Results) -> str:
    """The results as Markdown."""
    lines = ["# Masks in Keras: conformance", ""]
    sizes = f"{len(results.cases)} behaviours, {len(results.targets)} columns, {len(results.cells)} cells"
    lines += [f"{sizes}; {results.created}.", ""]
    lines += _counts(results)
    for problem in results.problems:
        lines.append(f"- **The run itself:** {escape(problem)}")
    if results.problems:
        lines.append("")
    lines += _deviations(results)
    return "\n".join(lines)


def _counts(results: Results) -> list[str]:
    shown = [v for v in VERDICTS if any(c.verdict == v for c in results.cells)]
    lines = ["| column | " + " | ".join(shown) + " |", "| --- |" + " ---: |" * len(shown)]
    for target in results.targets:
        count = Counter(c.verdict for c in results.cells if c.target == target.id)
        cells = " | ".join(str(count[v]) if count[v] else "" for v in shown)
        lines.append(f"| {target.id} | {cells} |")
        if target.reason:
            lines[-1] += f" {escape(target.reason)}"
    return [*lines, ""]


def _deviations(results: Results) -> list[str]:
    cases = {c.id: c for c in results.cases}
    by_case: dict[str, list[Cell]] = {}
    for cell in results.cells:
        if cell.verdict in BAD and cases[cell.case].basis != "unspecified":
            by_case.setdefault(cell.case, []).append(cell)
    if not by_case:
        return ["Every promise is kept.", ""]
    lines = ["## Not as promised", ""]
    for case_id in sorted(by_case, key=lambda c: SEVERITIES.index(cases[c].severity)):
        case = cases[case_id]
        lines.append(f"- **`{case_id}`** ({case.severity}): {escape(case.contract)}")
        cells_of: dict[str, list[Cell]] = {}
        for cell in by_case[case_id]:
            cells_of.setdefault(_what(cell, results), []).append(cell)
        lines += [f"  - {where(cells, case, results)}: {escape(what)}" for what, cells in cells_of.items()]
    return [*lines, ""]


def where(cells: list[Cell], case: Case, results: Results) -> str:
    """The columns of these cells of a case, each with the modes unless they are all that the case has there."""
    modes_of: dict[str, list[str]] = {}
    for cell in cells:
        modes_of.setdefault(cell.target, []).append(cell.mode)
    titles = []
    for target in results.targets:
        if target.id in modes_of:
            modes = modes_of[target.id]
            every = [m for m in case.modes_on(target.modes) if m not in target.lacks]
            titles.append(target.title + ("" if set(modes) >= set(every) else f" ({', '.join(modes)})"))
    return ", ".join(titles)


def _what(cell: Cell, results: Results) -> str:
    assert cell.observation is not None
    text = outcome(results.observations[cell.observation], results.values)
    return f"{text}: {cell.reason}" if cell.reason else text


def escape(text: str) -> str:
    """Text from a target as data: nothing in it is Markdown or HTML, on one line."""
    text = " ".join(text.split())
    for character in "\\`*_[]<>|#":
        text = text.replace(character, "\\" + character)
    return text
