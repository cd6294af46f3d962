"""`docs/cases.md` and `docs/findings.md`: all cases, and everything that does not conform."""

import re
from collections.abc import Iterable, Sequence

from conformance.judging.compare import Comparer
from conformance.judging.counting import count_between
from conformance.judging.expectations import Expectation, ExpectationIndex, plain
from conformance.local.errors import UsageError
from conformance.report import changes_table
from conformance.report.data import area
from conformance.report.text import escape, where
from conformance.results import Case, Results
from conformance.vocabulary import MODES, SEVERITIES

_KINDS = {
    "bug": ("Bugs", "Keras violates its documentation, or what its own source or tests establish."),
    "intended": ("Intended", "Upstream changed the behaviour on purpose, or decided against its own documentation."),
    "undefined": ("Undefined", "Undocumented behaviour: an exception where other targets return a result."),
}
_MADE = "Written by `conformance docs`"


def cases_document(cases: Sequence[Case]) -> str:
    """Return all cases with title, contract, basis and modes; variants of one test share a line.

    The document contains no measurements, so it changes only with the cases.
    """
    areas: dict[str, dict[str, list[Case]]] = {}
    for case in cases:
        areas.setdefault(area(case), {}).setdefault(plain(case.id), []).append(case)
    counts = {name: sum(map(len, members.values())) for name, members in areas.items()}
    lines = [f"<!-- {_MADE} from cases/; do not edit. -->", "# The cases", ""]
    lines.append(
        f"{len(cases)} behaviours in {len(areas)} areas. The page shows what each target does, and the source of"
    )
    lines.append('each case. "all" stands for the four [modes](modes.md).')
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
    modes += "".join(f"; {one.mode} thinned" for one in case.thinned)
    cells = [f"`{id}` {escape(names)}".strip(), f"*{escape(case.title)}* {escape(case.contract)}", case.basis, modes]
    return f"| {' | '.join(cells)} |"


def findings_document(results: Results, expectations: list[Expectation]) -> str:
    """Return everything that does not conform, with the reason."""
    severity = {case.id: SEVERITIES.index(case.severity) for case in results.cases}
    for case, rank in list(severity.items()):
        severity[plain(case)] = min(rank, severity.get(plain(case), rank))
    index = ExpectationIndex(expectations, results)
    explained: dict[str, set[str]] = {}  # expectation -> targets
    for cell in results.cells:
        explanation = index.explanation(cell)
        if explanation:
            explained.setdefault(explanation.id, set()).add(cell.target)
    lines = [f"<!-- {_MADE} from reports/history; do not edit. -->", "# What does not conform, and why", ""]
    lines += [
        "Each entry was confirmed in the source of an affected version. Ranges between measured targets follow",
        "upstream's history or, where that is inconclusive, extend to the next measured target.",
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
                workaround = expectation.workaround
                verified = _verified_on(workaround.case, explained.get(expectation.id, set()), results)
                lines += [f"Workaround: {workaround.text} Verified by `{workaround.case}` on {verified}.", ""]
            lines += [f"Source: {sources}. Reviewed {expectation.reviewed}.", ""]
            lines += ["| behaviour | where | outcome |", "| --- | --- | --- |"]
            for cells in expectation.cells:
                modes = f" ({', '.join(cells.modes)})" if cells.modes else ""
                on = ", ".join(f"`{text}`" for text in cells.on)
                lines.append(f"| `{cells.case}` | {on}{modes} | {escape(cells.outcome)} |")
    return "\n".join([*lines, ""])


def _verified_on(case_id: str, targets: set[str], results: Results) -> str:
    """Return those of the targets on which the case of a workaround conforms, in words."""
    case = next((case for case in results.cases if case.id == case_id), None)
    works = [c for c in results.cells if c.case == case_id and c.target in targets and c.verdict == "conforms"]
    return where(works, case, results) if case and works else "no measured target"


def _linked(source: str) -> str:
    thread = re.fullmatch(r"([\w.-]+/[\w.-]+)#(\d+)", source)
    return f"[{source}](https://github.com/{thread[1]}/issues/{thread[2]})" if thread else source


def _anchor(heading: str) -> str:
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


_HEADLINE = re.compile(
    r"\d+ behaviours? changes? from (?P<before>[^:]+?)\s+to\s+(?P<after>[^:]+?):.*?unchanged\.", re.DOTALL
)


def with_headlines(text: str, results: Results, expectations: Sequence[Expectation]) -> str:
    """Return a document with the numbers of these results: what it says about "N behaviours change from A to B: ...".

    Where they agree already, however the lines are broken, the text stays as it is.

    Raises:
        UsageError: The document names a target that the results do not have.
    """
    ids = {target.title: target.id for target in results.targets}

    def headline(found: re.Match[str]) -> str:
        titles = [" ".join(found[name].split()) for name in ("before", "after")]
        for title in titles:
            if title not in ids:
                raise UsageError(f"a document counts the changes of {title!r}, which these results do not have")
        ends = (ids[titles[0]], ids[titles[1]])
        counts = count_between(Comparer(results, expectations), *ends)
        said = changes_table.headline(counts, results, *ends)
        return found[0] if " ".join(found[0].split()) == said else said

    return _HEADLINE.sub(headline, text)


def documents(cases: Sequence[Case], results: Results, expectations: list[Expectation]) -> Iterable[tuple[str, str]]:
    """Yield names and texts of the files.

    Args:
        cases: All cases of the suite.
        results: Results in which the findings occur.
        expectations: The findings.
    """
    yield "cases.md", cases_document(cases)
    yield "findings.md", findings_document(results, expectations)
