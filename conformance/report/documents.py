"""`docs/cases.md` and `docs/findings.md`: every behaviour, and everything that does not conform, as text."""

import re
from collections.abc import Iterable, Iterator

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.judge import behaviours, describe_facts, outcome
from conformance.report.data import area
from conformance.report.text import escape, where
from conformance.results import Case, Cell, Results
from conformance.vocabulary import BAD, SEVERITIES

_FACTS_SHOWN = 240  # characters
_KINDS = {
    "bug": ("Bugs", "Keras documents or otherwise promises something else."),
    "intended": ("Intended", "Upstream decided so, after it had been otherwise or against what its documents say."),
    "undefined": ("Undefined", "Nothing is promised; an exception, where other columns have an answer."),
}
_MADE = "<!-- Written by `conformance docs` from reports/history; do not edit. -->"


def cases_document(results: Results, expectations: list[Expectation]) -> str:
    """Every case with its contract, its basis, and what each column does."""
    book = ExpectationIndex(expectations, results)
    numbers = behaviours(results)
    cells: dict[str, list[Cell]] = {}
    lacks = {target.id: target.lacks for target in results.targets}
    for cell in results.cells:
        if cell.mode not in lacks[cell.target]:
            cells.setdefault(cell.case, []).append(cell)
    areas: dict[str, list[Case]] = {}
    for case in results.cases:
        areas.setdefault(area(case), []).append(case)
    lines = [_MADE, "# The cases", ""]
    lines.append(f"{len(results.cases)} behaviours in {len(areas)} areas, on {len(results.targets)} columns.")
    lines.append("What the modes are: [modes](modes.md); what the verdicts mean: [reading](reading-the-page.md).")
    lines += ["", "| area | cases |", "| --- | ---: |"]
    lines += [f"| [{name}](#{_anchor(name)}) | {len(members)} |" for name, members in areas.items()]
    for name, members in areas.items():
        lines += ["", f"## {name}"]
        for case in members:
            lines += ["", f"### `{case.id}`", "", f"{escape(case.contract)}", ""]
            lines.append(f"- {case.basis.capitalize()}: {escape(case.source)}")
            if case.issues:
                lines.append(f"- Upstream: {', '.join(case.issues)}")
            lines.append(f"- If it breaks: {case.severity}. Modes: {', '.join(case.modes)}")
            lines += [f"- {line}" for line in _answers(case, cells.get(case.id, []), numbers, results, book)]
    return "\n".join([*lines, ""])


def _answers(
    case: Case, cells: list[Cell], numbers: dict[tuple[str, str | None], int], results: Results, book: ExpectationIndex
) -> Iterator[str]:
    """One line for each thing that columns do, in the order of the columns."""
    groups: dict[tuple[str, str, str | None], list[Cell]] = {}
    for cell in cells:
        known = book.explanation(cell)
        groups.setdefault((cell.verdict, _answer(cell, numbers, results), known.id if known else None), []).append(cell)
    for (verdict, text, _), members in groups.items():
        line = f"**{verdict}** {where(members, case, results)}"
        known = book.explanation(members[0])
        if text:
            line += f": {escape(text)}"
        yield line + (f" ([{known.kind}](findings.md#{known.id}))" if known else "")


def _answer(cell: Cell, numbers: dict[tuple[str, str | None], int], results: Results) -> str:
    if cell.observation is None or cell.verdict == "unsupported":
        return cell.reason or ""
    observation = results.observations[cell.observation]
    if cell.verdict in BAD:
        return outcome(observation, results.values).partition(": ")[2]
    if cell.verdict == "conforms":
        return ""
    text = describe_facts(observation.facts, results.values)
    shown = text if len(text) <= _FACTS_SHOWN else text[: _FACTS_SHOWN - 3] + "..."
    return f"{chr(ord('A') + numbers[cell.case, cell.observation])}, {shown}"


def findings_document(results: Results, expectations: list[Expectation]) -> str:
    """Everything that does not conform, with the reason."""
    severity = {case.id: SEVERITIES.index(case.severity) for case in results.cases}
    for case, rank in list(severity.items()):
        plain = case.split("[")[0]
        severity[plain] = min(rank, severity.get(plain, rank))
    book = ExpectationIndex(expectations, results)
    explained: dict[str, set[str]] = {}  # expectation -> columns
    for cell in results.cells:
        found = book.explanation(cell)
        if found:
            explained.setdefault(found.id, set()).add(cell.target)
    lines = [_MADE, "# What does not conform, and why", ""]
    lines += [
        "Each entry was looked up in the source of a version that shows it. Versions between measured columns",
        "are filled in from upstream's history or, where that is silent, up to the next measured column.",
    ]
    for kind, (heading, meaning) in _KINDS.items():
        members = [e for e in expectations if e.kind == kind]
        if not members:
            continue
        members.sort(key=lambda e: min(severity.get(k.case, len(SEVERITIES)) for k in e.cells))
        lines += ["", f"## {heading}", "", meaning]
        for expectation in members:
            worst = min(severity.get(k.case, len(SEVERITIES) - 1) for k in expectation.cells)
            sources = "; ".join(_linked(source) for source in expectation.sources)
            lines += ["", f"### {expectation.id}", ""]
            lines += [f"*{SEVERITIES[worst]}.* {' '.join(expectation.reason.split())}", ""]
            if expectation.workaround:
                helps = expectation.workaround
                shown = _helps_on(helps.case, explained.get(expectation.id, set()), results)
                lines += [f"What helps: {helps.text} `{helps.case}` shows it on {shown}.", ""]
            lines += [f"Source: {sources}. Reviewed {expectation.reviewed}.", ""]
            lines += ["| behaviour | where | outcome |", "| --- | --- | --- |"]
            for known in expectation.cells:
                modes = f" ({', '.join(known.modes)})" if known.modes else ""
                on = ", ".join(f"`{text}`" for text in known.on)
                lines.append(f"| `{known.case}` | {on}{modes} | {escape(known.outcome)} |")
    return "\n".join([*lines, ""])


def _helps_on(case_id: str, columns: set[str], results: Results) -> str:
    """Those of the columns on which the case of a workaround conforms."""
    case = next((case for case in results.cases if case.id == case_id), None)
    works = [c for c in results.cells if c.case == case_id and c.target in columns and c.verdict == "conforms"]
    return where(works, case, results) if case and works else "no column that was measured"


def _linked(source: str) -> str:
    thread = re.fullmatch(r"([\w.-]+/[\w.-]+)#(\d+)", source)
    return f"[{source}](https://github.com/{thread[1]}/issues/{thread[2]})" if thread else source


def _anchor(heading: str) -> str:
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def documents(results: Results, expectations: list[Expectation]) -> Iterable[tuple[str, str]]:
    """Names and texts of the files."""
    yield "cases.md", cases_document(results, expectations)
    yield "findings.md", findings_document(results, expectations)
