"""`summary.md`: changes and unexpected results, for the summary of a CI job; expected results are only counted."""

import itertools
from collections import Counter
from collections.abc import Sequence

from conformance.judging.compare import Comparer, between, default_pair
from conformance.judging.counting import count, count_between
from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.gate import check_cell
from conformance.report import changes_table
from conformance.report.text import code, escape, plural, where
from conformance.results import Cell, Results
from conformance.vocabulary import BAD, VERDICTS

UNEXPECTED_SHOWN = 100
LIMIT = 900_000  # characters; GitHub takes a summary of at most 1 MiB


def summary(results: Results, expectations: Sequence[Expectation] = ()) -> str:
    """Return a summary of the results as Markdown."""
    lines = ["# Masks in Keras: conformance", ""]
    sizes = [plural(len(results.cases), "behaviour"), plural(len(results.targets), "target")]
    lines += [f"{', '.join(sizes)}, {plural(len(results.cells), 'cell')}; {escape(results.created)}.", ""]
    lines += _counts(results)
    if results.problems:
        lines += ["## Problems with the run itself", "", *(f"- {escape(p)}" for p in results.problems), ""]
    lines += _unexpected(results, ExpectationIndex(expectations, results))
    lines += _changes(results, expectations)
    text = "\n".join([*lines, ""])
    return text if len(text) <= LIMIT else text[: text.rindex("\n", 0, LIMIT)] + "\n\nTruncated; see index.html.\n"


def _counts(results: Results) -> list[str]:
    counts = {target.id: Counter[str]() for target in results.targets}
    for cell in results.cells:
        counts[cell.target][cell.verdict] += 1
    shown = [v for v in VERDICTS if any(count[v] for count in counts.values())]
    lines = ["| target | " + " | ".join(shown) + " |", "| --- |" + " ---: |" * len(shown)]
    for target in results.targets:
        cells = " | ".join(str(counts[target.id][v] or "") for v in shown)
        lines.append(f"| {escape(target.id)} | {cells} |")
    not_run = [f"- {escape(t.title)} did not run: {escape(t.reason)}" for t in results.targets if t.reason]
    return [*lines, "", *not_run, *([""] if not_run else [])]


def _unexpected(results: Results, index: ExpectationIndex) -> list[str]:
    """List what no expectation explains, one line for cells of a case with the same outcome; count the rest."""
    cases = {case.id: case for case in results.cases}
    groups: dict[tuple[str, str], list[Cell]] = {}
    explained = 0  # deviations from a contract
    for cell in results.cells:
        unexpected = check_cell(cell, index)
        if unexpected:
            groups.setdefault((cell.case, unexpected.why), []).append(cell)
        elif cell.verdict in BAD and cases[cell.case].basis != "unspecified":
            explained += 1
    lines = []
    if groups:
        lines += [f"## Unexpected: {plural(sum(map(len, groups.values())), 'cell')}", ""]
        for (case, why), cells in list(groups.items())[:UNEXPECTED_SHOWN]:
            lines.append(f"- {code(case)} on {escape(where(cells, cases[case], results))}: {escape(why)}")
        more = len(groups) - UNEXPECTED_SHOWN
        lines += [f"- and {more} more: see junit.xml"] if more > 0 else []
        lines.append("")
    elif results.cells:
        lines += ["Every measured cell is as expected.", ""]
    if explained:
        lines += [
            f"{plural(explained, 'cell deviates', 'cells deviate')} for a known reason: see index.html.",
            "",
        ]
    return lines


def _changes(results: Results, expectations: Sequence[Expectation]) -> list[str]:
    pair = default_pair(results)
    if pair is None:
        return ["Fewer than two targets ran: there is nothing to compare.", ""]
    comparer = Comparer(results, expectations)
    titles = [escape(changes_table.title(results, target)) for target in pair]
    found, counts = comparer.changes(*pair), count_between(comparer, *pair)
    lines = [f"## From {titles[0]} to {titles[1]}", "", escape(changes_table.headline(counts, results, *pair)), ""]
    path = [pair[0], *(t.id for t in between(results, *pair) if t.reason is None), pair[1]]
    if len(path) > 2:
        lines += ["| change to | silent | raises | warns | cosmetic |", "| --- | ---: | ---: | ---: | ---: |"]
        for one, other in itertools.pairwise(path):
            step = count(comparer.changes(one, other)).by_severity
            numbers = " | ".join(str(number or "") for number in step.values())
            lines.append(f"| {escape(changes_table.title(results, other))} | {numbers} |")
    shown = [change for change in found if change.severity not in ("cosmetic", None)]
    return [*lines, *changes_table.tables(shown, results, *pair), ""]
