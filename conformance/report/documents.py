"""`docs/cases.md` and `docs/findings.md`: which cases there are, and what does not conform, as text."""

import re
from collections.abc import Iterable, Sequence

from conformance.judging.expectations import Expectation, ExpectationIndex, plain
from conformance.report.data import area
from conformance.report.text import escape, where
from conformance.results import Case, Results
from conformance.vocabulary import MODES, SEVERITIES

_KINDS = {
    "bug": ("Bugs", "Keras documents or otherwise promises something else."),
    "intended": ("Intended", "Upstream decided so, after it had been otherwise or against what its documents say."),
    "undefined": ("Undefined", "Nothing is promised; an exception, where other targets have an answer."),
}
_MADE = "Written by `conformance docs`"


def cases_document(cases: Sequence[Case]) -> str:
    """Every case with its title, contract, basis and modes; variants of one test share a line.

    Nothing in it was measured, so it changes only with the cases.
    """
    areas: dict[str, dict[str, list[Case]]] = {}
    for case in cases:
        areas.setdefault(area(case), {}).setdefault(plain(case.id), []).append(case)
    counts = {name: sum(map(len, members.values())) for name, members in areas.items()}
    lines = [f"<!-- {_MADE} from cases/; do not edit. -->", "# The cases", ""]
    lines.append(f"{len(cases)} behaviours in {len(areas)} areas. What each target does is on the page, where a case's")
    lines.append("source and code are as well. Four [modes](modes.md) are all that there are.")
    lines += ["", "| area | cases |", "| --- | ---: |"]
    lines += [f"| [{name}](#{_anchor(name)}) | {count} |" for name, count in counts.items()]
    for name, members in areas.items():
        lines += ["", f"## {name}", "", "| case | contract | basis | modes |", "| --- | --- | --- | --- |"]
        lines += [_row(id, variants) for id, variants in members.items()]
    return "\n".join([*lines, ""])


def _row(id: str, variants: list[Case]) -> str:
    case = variants[0]
    names = ", ".join(one.id.removeprefix(id) for one in variants if one.id != id)
    modes = "all" if case.modes == list(MODES) else ", ".join(case.modes).replace("|", "or")
    cells = [f"`{id}` {escape(names)}".strip(), f"*{escape(case.title)}* {escape(case.contract)}", case.basis, modes]
    return f"| {' | '.join(cells)} |"


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
    lines = [f"<!-- {_MADE} from reports/history; do not edit. -->", "# What does not conform, and why", ""]
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


def documents(cases: Sequence[Case], results: Results, expectations: list[Expectation]) -> Iterable[tuple[str, str]]:
    """Names and texts of the files.

    Args:
        cases: All cases of the suite.
        results: What the findings are illustrated with.
        expectations: The findings.
    """
    yield "cases.md", cases_document(cases)
    yield "findings.md", findings_document(results, expectations)
