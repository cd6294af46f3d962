"""Steps between two columns as Markdown: what `summary.md` and `conformance compare` show."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from conformance.judging.compare import Step, between
from conformance.report.text import code, escape, plural
from conformance.results import Results
from conformance.vocabulary import SEVERITIES

HARM = {"silent": "silently", "raises": "with an exception", "warns": "with a warning", "cosmetic": "cosmetically"}
VARIANTS_SHOWN = 4


def headline(found: Sequence[Step], same: int, results: Results, from_id: str, to_id: str) -> str:
    """In a sentence or two how many behaviours differ, and in what way, each by its most harmful step.

    same: how many were compared and do not differ.
    """
    where = f"from {title(results, from_id)} to {title(results, to_id)}"
    counts = Counter(step.severity for step in worst_of_cases(found))
    unknown = counts.pop(None, 0)
    total = sum(counts.values())
    if total:
        ways = ", ".join(f"{counts[severity]} {HARM[severity]}" for severity in SEVERITIES if counts[severity])
        text = f"{plural(total, 'behaviour changes', 'behaviours change')} {where}: {ways}"
        broken = len({step.case for step in found if step.kind == "regressed"})
        text += f"; {plural(broken, 'kept promise is', 'kept promises are')} broken" if broken else ""
    elif same:
        text = f"Nothing changes {where}"
    else:
        text = f"Nothing could be compared {where}"
    text += f". {plural(same, 'behaves', 'behave')} the same." if same else "."
    return text + (f" Of {unknown} it is not known." if unknown else "")


def worst_of_cases(found: Sequence[Step]) -> list[Step]:
    """The first, and so the most harmful, step of each case."""
    first: dict[str, Step] = {}
    for step in found:
        first.setdefault(step.case, step)
    return list(first.values())


def tables(found: Sequence[Step], results: Results, from_id: str, to_id: str) -> list[str]:
    """Lines of Markdown: a table for each severity, the most harmful first; variants that changed alike in one row."""
    lines: list[str] = []
    for severity in (*SEVERITIES, None):
        steps = [step for step in found if step.severity == severity]
        if not steps:
            continue
        lines += ["", f"### {HARM[severity].capitalize() if severity else 'Not known'}", ""]
        lines += ["| behaviour | modes | what changes | promise | first column |", "| --- | --- | --- | --- | --- |"]
        for variants in _alike(steps):
            step = variants[0]
            promise = f"{step.before.promise} \u2192 {step.after.promise}"
            column = escape(since(step, results, from_id, to_id))
            cells = [_names(variants), ", ".join(step.modes).replace("->", "\u2192"), code(step.text), promise, column]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _alike(steps: Iterable[Step]) -> list[list[Step]]:
    groups: dict[Step, list[Step]] = {}
    for step in steps:
        groups.setdefault(msgspec.structs.replace(step, case=step.case.split("[")[0]), []).append(step)
    return list(groups.values())


def _names(variants: list[Step]) -> str:
    """`layer.mask[a]`, or `layer.mask` for a, b, c and 9 more."""
    if len(variants) == 1:
        return code(variants[0].case)
    plain = variants[0].case.split("[")[0]
    names = [step.case[len(plain) :].strip("[]") or "itself" for step in variants]
    more = len(names) - VARIANTS_SHOWN
    shown = ", ".join(map(escape, names[:VARIANTS_SHOWN]))
    return f"{code(plain)} for {shown}" + (f" and {more} more" if more > 0 else "")


def since(step: Step, results: Results, from_id: str, to_id: str) -> str:
    """The column in which it changed; "by" that column if those before it were not measured."""
    last, first = step.last or from_id, step.since or to_id
    path = [from_id, *(target.id for target in between(results, from_id, to_id)), to_id]
    exact = path.index(first) - path.index(last) == 1
    return f"{'' if exact else 'by '}{title(results, first)}"


def title(results: Results, column: str) -> str:
    return next(target.title for target in results.targets if target.id == column)
