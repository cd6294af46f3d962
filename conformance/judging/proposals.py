"""Proposes entries for `cases/expectations.toml`, for a person to review, shorten and explain.

Existing entries are never widened automatically: comments say which of them would have to change.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
from packaging.version import Version

from conformance.judging.expectations import MEASURED, Expectation, ExpectationIndex, ExpectedCells, plain, version
from conformance.judging.gate import find_unexpected
from conformance.results import Results, TargetResult
from conformance.targets.versions import parse
from conformance.vocabulary import BAD, MODES


def update(results: Results, expectations: Sequence[Expectation]) -> str:
    """Return the proposed entries as TOML, with comments on the existing entries that have to change."""
    contradicted: dict[tuple[str, str], list[str]] = {}
    for one in find_unexpected(results, expectations):
        if one.expectations:
            contradicted.setdefault((one.case, one.why), []).append(f"{one.target} ({one.mode})")
    lines = [f"  # to change: {case}: {why}: on {', '.join(on)}\n" for (case, why), on in contradicted.items()]
    for entry in propose(results, expectations):
        for expectation in expectations:
            for cells in expectation.cells:
                if (plain(cells.case), cells.outcome) == (plain(entry.case), entry.outcome):
                    lines.append(
                        f"  # '{expectation.id}' expects this outcome of {cells.case} on {', '.join(cells.on)}: "
                        "is the reason the same?\n"
                    )
        lines.append(as_toml([entry]))
    return "".join(lines)


def propose(results: Results, expectations: Sequence[Expectation]) -> list[ExpectedCells]:
    """Propose entries for cells that do not conform and have none; ranges include versions between measured targets."""
    index = ExpectationIndex(expectations, results)
    modes_of: dict[tuple[str, str, str], list[str]] = {}
    for cell in results.cells:
        if cell.verdict in BAD and not index.matching(cell):
            modes_of.setdefault((cell.case, index.outcome(cell), cell.target), []).append(cell.mode)
    measured: dict[str, dict[str, set[str]]] = {}
    for cell in results.cells:
        if cell.verdict in MEASURED:
            measured.setdefault(cell.case, {}).setdefault(cell.target, set()).add(cell.mode)
    targets_of: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
    for (case, text, target), modes in modes_of.items():
        every = set(modes) == measured[case][target]
        targets_of.setdefault((case, text, () if every else tuple(modes)), set()).add(target)
    proposed = []
    for (case, text, only), ids in targets_of.items():
        targets = [t for t in results.targets if measured[case].get(t.id, set()) & set(only or MODES)]
        proposed.append(ExpectedCells(case=case, on=tuple(_ranges(targets, ids)), outcome=text, modes=only))
    return _one_for_all_variants(proposed, results)


def _one_for_all_variants(entries: list[ExpectedCells], results: Results) -> list[ExpectedCells]:
    """Replace the entries of all variants of a case by one where they are equal."""
    variants: dict[str, int] = Counter(plain(case.id) for case in results.cases)
    same: dict[ExpectedCells, int] = Counter(_of_all(entry) for entry in entries)
    kept: dict[ExpectedCells, None] = {}
    for entry in entries:
        every = _of_all(entry)
        kept[every if same[every] == variants[every.case] else entry] = None
    return list(kept)


def _of_all(entry: ExpectedCells) -> ExpectedCells:
    return msgspec.structs.replace(entry, case=plain(entry.case))


def _ranges(targets: list[TargetResult], ids: set[str]) -> Iterator[str]:
    """Yield requirements that select the targets `ids` and no other of `targets`.

    They name backends only where other backends of the same version are not to be selected.
    """
    families: dict[tuple[str, str], dict[Version, list[TargetResult]]] = {}
    for target in targets:
        reported = parse(version(target) or "")
        if reported:
            family = (target.front_end, f"{reported.major}" if target.front_end == "keras" else "")
            families.setdefault(family, {}).setdefault(reported, []).append(target)
    for (front_end, major), of_version in families.items():
        versions = sorted(of_version)
        names = [_backends(of_version[one], ids) for one in versions]
        for i, (first, name) in enumerate(zip(versions, names, strict=True)):
            if name is None or (i and names[i - 1] == name):
                continue  # not the start of a range
            after = next((later for later, other in zip(versions[i:], names[i:], strict=True) if other != name), None)
            bounds = []
            if i:
                bounds.append(f">={first.major}.{first.minor}")
            elif major == "3":
                bounds.append(">=3")
            if after:
                bounds.append(f"<{after.major}.{after.minor}")
            elif major == "2":
                bounds.append("<3")
            yield front_end + name + ",".join(bounds)


def _backends(targets: list[TargetResult], ids: set[str]) -> str | None:
    """Return the extras that select `ids` among the targets of one version: "" for all, None for none."""
    wanted = {target.backend for target in targets if target.id in ids}
    if not wanted:
        return None
    return "" if wanted == {target.backend for target in targets} else f"[{','.join(sorted(wanted))}]"


def as_toml(entries: list[ExpectedCells]) -> str:
    """Format proposals as lines for the `cells` of an expectation."""
    lines = []
    for entry in entries:
        fields = [f"case = {_quoted(entry.case)}", f"on = [{', '.join(map(_quoted, entry.on))}]"]
        if entry.modes:
            fields.append(f"modes = [{', '.join(map(_quoted, entry.modes))}]")
        lines.append("  { " + ", ".join([*fields, f"outcome = {_quoted(entry.outcome)}"]) + " },\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()  # a JSON string is a TOML string
