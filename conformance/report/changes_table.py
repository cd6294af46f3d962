"""Changes between two targets as Markdown, for `summary.md` and `conformance compare`."""

from collections.abc import Iterable, Sequence

import msgspec

from conformance.judging.compare import BehaviourChange, Kind, Promise, between
from conformance.judging.counting import ChangeCounts
from conformance.report.text import code, escape, plural
from conformance.results import Results
from conformance.vocabulary import SEVERITIES

SEVERITY_ADVERBS = {
    "silent": "silently",
    "raises": "with an error",
    "warns": "with a warning",
    "cosmetic": "harmlessly",
}
SEVERITY_HEADINGS = {"silent": "Silent", "raises": "Raises", "warns": "Warns", "cosmetic": "Harmless"}
STATUS_OF_KIND: dict[Kind, str] = {
    "regressed": "regression",
    "fixed": "fixed",
    "intended": "intended change",
    "vanished": "not available",
    "appeared": "new",
    "unknown": "unknown",
}
PROMISE_WORDS: dict[Promise, str] = {
    "kept": "conforms",
    "broken": "broken",
    "intended": "intended deviation",
    "undefined": "undefined",
    "unspecified": "undocumented",
}
HEADINGS = ("behaviour", "modes", "what changes", "status", "first changed in")
VARIANTS_SHOWN = 4


def status(change: BehaviourChange) -> str:
    """Return what the change means for the contract, in a few words: "regression", "undocumented", ..."""
    if change.kind in STATUS_OF_KIND:
        return STATUS_OF_KIND[change.kind]
    before, after = (PROMISE_WORDS[side.promise] for side in (change.before, change.after))
    return before if before == after else f"{before} -> {after}"


def headline(counts: ChangeCounts, results: Results, from_id: str, to_id: str) -> str:
    """Summarise the changes between two targets of `results` in a few sentences."""
    route = f"from {title(results, from_id)} to {title(results, to_id)}"
    if counts.total:
        how = ", ".join(
            f"{number} {SEVERITY_ADVERBS[severity]}" for severity, number in counts.by_severity.items() if number
        )
        text = f"{plural(counts.total, 'behaviour changes', 'behaviours change')} {route}: {how}"
        counted = [plural(counts.regressed, "regression")] if counts.regressed else []
        counted += [plural(counts.fixed, "fix", "fixes")] if counts.fixed else []
        text += f"; {', '.join(counted)}" if counted else ""
    elif counts.same:
        text = f"Nothing changes {route}"
    else:
        text = f"Nothing could be compared {route}"
    text += f". {plural(counts.same, 'behaviour is', 'behaviours are')} unchanged." if counts.same else "."
    return text + (f" {plural(counts.unknown, 'behaviour')} could not be compared." if counts.unknown else "")


def tables(changes: Sequence[BehaviourChange], results: Results, from_id: str, to_id: str) -> list[str]:
    """Return Markdown lines: a table per severity, the worst first; variants that change alike share a row.

    Args:
        changes: As `Comparer.changes` returns them.
        results: The results with both targets.
        from_id: Id of the earlier target.
        to_id: Id of the later target.
    """
    lines: list[str] = []
    for severity in (*SEVERITIES, None):
        of_severity = [change for change in changes if change.severity == severity]
        if not of_severity:
            continue
        lines += ["", f"### {SEVERITY_HEADINGS[severity] if severity else 'Not compared'}", ""]
        lines += [f"| {' | '.join(HEADINGS)} |", "| --- " * len(HEADINGS) + "|"]
        for variants in _alike(of_severity):
            change = variants[0]
            modes, arrow = ", ".join(change.modes), "\u2192"
            target = escape(first_changed_in(change, results, from_id, to_id))
            cells = [_names(variants), modes.replace("->", arrow), code(change.text)]
            cells += [status(change).replace("->", arrow), target]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _alike(changes: Iterable[BehaviourChange]) -> list[list[BehaviourChange]]:
    groups: dict[BehaviourChange, list[BehaviourChange]] = {}
    for change in changes:
        groups.setdefault(msgspec.structs.replace(change, case=change.case.split("[")[0]), []).append(change)
    return list(groups.values())


def _names(variants: list[BehaviourChange]) -> str:
    """Format `layer.mask[a]`, or `layer.mask` for a, b, c and 9 more."""
    if len(variants) == 1:
        return code(variants[0].case)
    plain = variants[0].case.split("[")[0]
    names = [change.case[len(plain) :].strip("[]") or "itself" for change in variants]
    more = len(names) - VARIANTS_SHOWN
    shown = ", ".join(map(escape, names[:VARIANTS_SHOWN]))
    return f"{code(plain)} for {shown}" + (f" and {more} more" if more > 0 else "")


def first_changed_in(change: BehaviourChange, results: Results, from_id: str, to_id: str) -> str:
    """Return the title of the first target that changed, "... or earlier" if its predecessor was not measured.

    Args:
        change: A change between the two targets.
        results: The results with both targets.
        from_id: Id of the earlier target.
        to_id: Id of the later target.
    """
    last, first = change.last or from_id, change.since or to_id
    path = [from_id, *(target.id for target in between(results, from_id, to_id)), to_id]
    is_exact = path.index(first) - path.index(last) == 1
    return title(results, first) + ("" if is_exact else " or earlier")


def title(results: Results, target_id: str) -> str:
    """Return the title of a target."""
    return next(target.title for target in results.targets if target.id == target_id)
