"""`summary.md`: what differs, for the summary of a CI job; what is as expected is only counted."""

import itertools
from collections import Counter
from collections.abc import Sequence

from conformance.judging.compare import Comparer, between, default_pair
from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.gate import surprise
from conformance.report import steps as steps_
from conformance.report.text import code, escape, plural, where
from conformance.results import Cell, Results
from conformance.vocabulary import BAD, SEVERITIES, VERDICTS

UNEXPECTED_SHOWN = 100
LIMIT = 900_000  # characters; GitHub takes a summary of at most 1 MiB


def summary(results: Results, expectations: Sequence[Expectation] = ()) -> str:
    """The results as Markdown."""
    lines = ["# Masks in Keras: conformance", ""]
    sizes = [plural(len(results.cases), "behaviour"), plural(len(results.targets), "column")]
    lines += [f"{', '.join(sizes)}, {plural(len(results.cells), 'cell')}; {escape(results.created)}.", ""]
    lines += _counts(results)
    if results.problems:
        lines += ["## Problems of the run itself", "", *(f"- {escape(p)}" for p in results.problems), ""]
    lines += _unexpected(results, ExpectationIndex(expectations, results))
    lines += _changes(results, expectations)
    text = "\n".join([*lines, ""])
    return text if len(text) <= LIMIT else text[: text.rindex("\n", 0, LIMIT)] + "\n\nCut here; see index.html.\n"


def _counts(results: Results) -> list[str]:
    counts = {target.id: Counter[str]() for target in results.targets}
    for cell in results.cells:
        counts[cell.target][cell.verdict] += 1
    shown = [v for v in VERDICTS if any(count[v] for count in counts.values())]
    lines = ["| column | " + " | ".join(shown) + " |", "| --- |" + " ---: |" * len(shown)]
    for target in results.targets:
        cells = " | ".join(str(counts[target.id][v] or "") for v in shown)
        lines.append(f"| {escape(target.id)} | {cells} |")
    not_run = [f"- {escape(t.title)} did not run: {escape(t.reason)}" for t in results.targets if t.reason]
    return [*lines, "", *not_run, *([""] if not_run else [])]


def _unexpected(results: Results, book: ExpectationIndex) -> list[str]:
    """What no expectation explains, one line for cells of a case that do the same; the rest in one line."""
    cases = {case.id: case for case in results.cases}
    groups: dict[tuple[str, str], list[Cell]] = {}
    explained = 0  # of what is promised
    for cell in results.cells:
        unexpected = surprise(cell, book)
        if unexpected:
            groups.setdefault((cell.case, unexpected.why), []).append(cell)
        elif cell.verdict in BAD and cases[cell.case].basis != "unspecified":
            explained += 1
    lines = []
    if groups:
        lines += [f"## Not as expected: {plural(sum(map(len, groups.values())), 'cell')}", ""]
        for (case, why), cells in list(groups.items())[:UNEXPECTED_SHOWN]:
            lines.append(f"- {code(case)} on {escape(where(cells, cases[case], results))}: {escape(why)}")
        more = len(groups) - UNEXPECTED_SHOWN
        lines += [f"- and {more} more: see junit.xml"] if more > 0 else []
        lines.append("")
    elif results.cells:
        lines += ["Every cell that was measured is as expected.", ""]
    if explained:
        lines += [
            f"{plural(explained, 'cell is', 'cells are')} not as promised, for known reasons: see index.html.",
            "",
        ]
    return lines


def _changes(results: Results, expectations: Sequence[Expectation]) -> list[str]:
    pair = default_pair(results)
    if pair is None:
        return ["Fewer than two columns ran: there is nothing to compare.", ""]
    comparer = Comparer(results, expectations)
    titles = [escape(steps_.title(results, column)) for column in pair]
    found = comparer.steps(*pair)
    differ = {step.case for step in found}
    same = len(comparer.compared(*pair) - comparer.on_neither(*pair) - differ)
    lines = [f"## From {titles[0]} to {titles[1]}", "", escape(steps_.headline(found, same, results, *pair)), ""]
    path = [pair[0], *(t.id for t in between(results, *pair) if t.reason is None), pair[1]]
    if len(path) > 2:
        lines += ["| step to | silent | raises | warns | cosmetic |", "| --- | ---: | ---: | ---: | ---: |"]
        for one, other in itertools.pairwise(path):
            worst = Counter(step.severity for step in steps_.worst_of_cases(comparer.steps(one, other)))
            numbers = " | ".join(str(worst[severity] or "") for severity in SEVERITIES)
            lines.append(f"| {escape(steps_.title(results, other))} | {numbers} |")
    shown = [step for step in found if step.severity not in ("cosmetic", None)]
    return [*lines, *steps_.tables(shown, results, *pair), ""]
