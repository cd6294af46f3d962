"""`summary.md`: counts, and everything that is not as promised, most harmful first."""

from collections import Counter

from conformance.judge import mismatch
from conformance.results import VERDICTS, Case, Cell, Results
from conformance.targets import MODES

_SEVERITY = ("silent", "raises", "warns", "cosmetic")


def summary(results: Results) -> str:
    """The results as Markdown."""
    lines = ["# Masks in Keras: conformance", ""]
    sizes = f"{len(results.cases)} behaviours, {len(results.targets)} columns, {len(results.cells)} cells"
    lines += [f"{sizes}; {results.created}.", ""]
    lines += _counts(results)
    for problem in results.problems:
        lines.append(f"- **The run itself:** {_escape(problem)}")
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
            lines[-1] += f" {_escape(target.reason)}"
    return [*lines, ""]


def _deviations(results: Results) -> list[str]:
    bad = ("deviates", "raises", "crashes", "times-out")
    cases = {c.id: c for c in results.cases}
    titles = {t.id: t.title for t in results.targets}
    lacks = {t.id: t.lacks for t in results.targets}
    by_case: dict[str, list[Cell]] = {}
    for cell in results.cells:
        if cell.verdict in bad and cases[cell.case].basis != "unspecified":
            by_case.setdefault(cell.case, []).append(cell)
    if not by_case:
        return ["Every promise is kept.", ""]
    lines = ["## Not as promised", ""]
    for case_id in sorted(by_case, key=lambda c: _SEVERITY.index(cases[c].severity)):
        case = cases[case_id]
        lines.append(f"- **`{case_id}`** ({case.severity}): {_escape(case.contract)}")
        where: dict[str, dict[str, list[str]]] = {}
        for cell in by_case[case_id]:
            where.setdefault(_what(cell, results), {}).setdefault(cell.target, []).append(cell.mode)
        for what, modes_of in where.items():
            columns = [titles[t] + _only(modes, case, lacks[t]) for t, modes in modes_of.items()]
            lines.append(f"  - {', '.join(columns)}: {_escape(what)}")
    return [*lines, ""]


def _only(modes: list[str], case: Case, lacks: dict[str, str]) -> str:
    """The modes in parentheses, unless they are all that the case has in this column."""
    return "" if modes == [m for m in MODES if m in case.modes and m not in lacks] else f" ({', '.join(modes)})"


def _what(cell: Cell, results: Results) -> str:
    """What a cell did instead, in a few words; the messages of exceptions are in the page."""
    assert cell.observation is not None
    observation = results.observations[cell.observation]
    if observation.exception:
        return f"raises {observation.exception.raised[0]} in phase {observation.exception.phase}"
    if cell.verdict != "deviates":
        return f"{cell.verdict}: {cell.reason}"
    found = []
    for fact in observation.facts:
        why, observed = mismatch(fact, results.values), results.values[fact.observed]
        if why and isinstance(observed, dict) and "raised" in observed:
            why = f"raises {observed['raised'][0]}"
        if why:
            found.append(f"{fact.name}: {why}")
    return "; ".join(found)


def _escape(text: str) -> str:
    """Text from a target as data: nothing in it is Markdown or HTML, on one line."""
    text = " ".join(text.split())
    for character in "\\`*_[]<>|#":
        text = text.replace(character, "\\" + character)
    return text
