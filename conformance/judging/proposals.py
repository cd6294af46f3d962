"""Entries proposed for `cases/expectations.toml`, for a person to review, to shorten and to give a reason.

Nothing is ever widened by a program: what stands in the file is left alone, and it is said
where an entry would have to change.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
from packaging.version import Version

from conformance.judging.expectations import MEASURED, Expectation, ExpectationIndex, ExpectedCells, plain, version
from conformance.judging.gate import surprises
from conformance.results import Results, TargetResult
from conformance.targets.versions import parse
from conformance.vocabulary import BAD, MODES


def update(results: Results, expectations: Sequence[Expectation]) -> str:
    """What to do to the file, as TOML: proposed entries; as comments, which of those in it have to be changed."""
    contradicted: dict[tuple[str, str], list[str]] = {}
    for surprise in surprises(results, expectations):
        if surprise.expectations:
            contradicted.setdefault((surprise.case, surprise.why), []).append(f"{surprise.target} ({surprise.mode})")
    lines = [f"  # to be changed: {case}: {why}: on {', '.join(on)}\n" for (case, why), on in contradicted.items()]
    for entry in propose(results, expectations):
        for expectation in expectations:
            for known in expectation.cells:
                if (plain(known.case), known.outcome) == (plain(entry.case), entry.outcome):
                    lines.append(
                        f"  # '{expectation.id}' expects this of {known.case} on {', '.join(known.on)}; "
                        "is this the same reason? Nothing is widened without a review\n"
                    )
        lines.append(as_toml([entry]))
    return "".join(lines)


def propose(results: Results, expectations: Sequence[Expectation]) -> list[ExpectedCells]:
    """Entries for the bad cells that have none, with the versions between measured columns filled in."""
    book = ExpectationIndex(expectations, results)
    modes_of: dict[tuple[str, str, str], list[str]] = {}
    for cell in results.cells:
        if cell.verdict in BAD and not book.matching(cell):
            modes_of.setdefault((cell.case, book.outcome(cell), cell.target), []).append(cell.mode)
    measured: dict[str, dict[str, set[str]]] = {}
    for cell in results.cells:
        if cell.verdict in MEASURED:
            measured.setdefault(cell.case, {}).setdefault(cell.target, set()).add(cell.mode)
    columns: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
    for (case, text, target), modes in modes_of.items():
        every = set(modes) == measured[case][target]
        columns.setdefault((case, text, () if every else tuple(modes)), set()).add(target)
    proposed = []
    for (case, text, only), ids in columns.items():
        there = [t for t in results.targets if measured[case].get(t.id, set()) & set(only or MODES)]
        proposed.append(ExpectedCells(case=case, on=tuple(_ranges(there, ids)), outcome=text, modes=only))
    return _one_for_all_variants(proposed, results)


def _one_for_all_variants(entries: list[ExpectedCells], results: Results) -> list[ExpectedCells]:
    """Where all variants of a case do the same, one entry for them."""
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
    """Requirements that select the columns `ids` and no other of `targets`.

    A backend is named where another one of the same version is not wanted.
    """
    families: dict[tuple[str, str], dict[Version, list[TargetResult]]] = {}
    for target in targets:
        reported = parse(version(target) or "")
        if reported:
            family = (target.front_end, f"{reported.major}" if target.front_end == "keras" else "")
            families.setdefault(family, {}).setdefault(reported, []).append(target)
    for (front_end, major), columns in families.items():
        there = sorted(columns)
        names = [_backends(columns[one], ids) for one in there]
        for i, (first, name) in enumerate(zip(there, names, strict=True)):
            if name is None or (i and names[i - 1] == name):
                continue  # not the first of a row of wanted ones
            after = next((later for later, other in zip(there[i:], names[i:], strict=True) if other != name), None)
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


def _backends(columns: list[TargetResult], ids: set[str]) -> str | None:
    """What selects the wanted ones of the columns of one version: "" if all are, None if there are none."""
    wanted = {target.backend for target in columns if target.id in ids}
    if not wanted:
        return None
    return "" if wanted == {target.backend for target in columns} else f"[{','.join(sorted(wanted))}]"


def as_toml(entries: list[ExpectedCells]) -> str:
    """Proposals as lines for the `cells` of an expectation."""
    lines = []
    for known in entries:
        fields = [f"case = {_quoted(known.case)}", f"on = [{', '.join(map(_quoted, known.on))}]"]
        if known.modes:
            fields.append(f"modes = [{', '.join(map(_quoted, known.modes))}]")
        lines.append("  { " + ", ".join([*fields, f"outcome = {_quoted(known.outcome)}"]) + " },\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()  # a JSON string is a TOML string
