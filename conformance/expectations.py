"""Reviewed knowledge of what does not conform, and why: `cases/expectations.toml`.

An expectation gives one reason, and the cells that it explains: a case, the versions and
modes, and the outcome that is known there. Whatever else a cell does is unexpected, and
so is a cell that conforms although an expectation says otherwise.
"""

import datetime
import functools
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from conformance import bundle
from conformance.errors import UsageError
from conformance.judge import outcome
from conformance.results import Cell, Results, TargetResult
from conformance.targets import AD_HOC, MODES
from conformance.versions import parse, within

BAD = ("deviates", "raises", "crashes", "times-out")
MEASURED = (*BAD, "conforms", "observed")


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of a case where all conditions hold.

    case: its id; without brackets it stands for all of its variants.
    on: front ends with versions, "tf.keras>=2.0,<2.11" or "keras[jax]>=3.4"; the version of
        `tf.keras` is TensorFlow's; a nightly counts as the release that it leads to.
    modes: all, if none is named. tensorflow: versions of TensorFlow.
    varies: it depends on the processor, so that a cell that conforms is as expected, too.
    """

    case: str
    on: tuple[str, ...]
    outcome: str
    modes: tuple[str, ...] = ()
    tensorflow: str = ""
    varies: bool = False

    def applies(self, cell: Cell, target: TargetResult) -> bool:
        if self.case not in (cell.case, _plain(cell.case)) or (self.modes and cell.mode not in self.modes):
            return False
        if self.tensorflow and not within(target.versions.get("tensorflow"), SpecifierSet(self.tensorflow)):
            return False
        return any(_is_on(_requirement(text), target) for text in self.on)


class Workaround(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user can do: in one sentence, and as a case that shows it. It helps where that case conforms."""

    text: str
    case: str


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason for which cells do not conform.

    kind: bug; intended (upstream decided so, against what the case states); undefined (nothing is promised).
    sources: upstream threads as "owner/name#number", or where in upstream's source the reason is found.
    """

    id: str
    kind: Literal["bug", "intended", "undefined"]
    reason: str
    sources: list[str]
    reviewed: datetime.date
    cells: list[Known]
    workaround: Workaround | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    expectation: list[Expectation] = []


def _plain(case: str) -> str:
    return case.split("[")[0]


@functools.cache
def _requirement(text: str) -> Requirement:
    return Requirement(text)


def _is_on(requirement: Requirement, target: TargetResult) -> bool:
    if requirement.name != target.front_end or (requirement.extras and target.backend not in requirement.extras):
        return False
    return within(_version(target), requirement.specifier)


def _version(target: TargetResult) -> str | None:
    """What the ranges of `Known.on` are about."""
    return target.versions.get("tensorflow" if target.front_end == "tf.keras" else "keras")


def default_path() -> Path:
    return bundle.cases_folder() / "expectations.toml"


def load(path: Path | None = None) -> list[Expectation]:
    """All expectations.

    Raises:
        UsageError: naming the file and what is wrong with it.
    """
    path = path or default_path()
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).expectation
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    seen: set[str] = set()
    for expectation in found:
        where = f"{path.name}: expectation '{expectation.id}'"
        if expectation.id in seen:
            raise UsageError(f"{where} is there twice")
        seen.add(expectation.id)
        if not (expectation.reason.strip() and expectation.sources and expectation.cells):
            raise UsageError(f"{where} needs a reason, a source and cells")
        for known in expectation.cells:
            _check(known, where)
    return found


def _check(known: Known, where: str) -> None:
    try:
        names = [Requirement(text).name for text in known.on]
        SpecifierSet(known.tensorflow)
    except (InvalidRequirement, InvalidSpecifier) as error:
        raise UsageError(f"{where}: {known.case}: {error}") from error
    wrong = [n for n in names if n not in ("keras", "tf.keras", "tf_keras")] + [
        m for m in known.modes if m not in MODES
    ]
    if wrong or not names:
        raise UsageError(f"{where}: {known.case}: unknown front end or mode: {', '.join(wrong) or 'none given'}")
    if known.outcome.split(":")[0] not in BAD:
        raise UsageError(f"{where}: {known.case}: an outcome begins with one of {', '.join(BAD)}: {known.outcome!r}")


class Book:
    """The expectations, to be asked about cells of `results`."""

    def __init__(self, expectations: Sequence[Expectation], results: Results):
        self._results = results
        self._targets = {target.id: target for target in results.targets}
        self._of_case: dict[str, list[tuple[Expectation, Known]]] = {}
        for expectation in expectations:
            for known in expectation.cells:
                self._of_case.setdefault(known.case, []).append((expectation, known))

    def matching(self, cell: Cell) -> list[tuple[Expectation, Known]]:
        """What is known of a measured cell; more than one entry is a mistake of the file."""
        if cell.verdict not in MEASURED:
            return []
        target = self._targets[cell.target]
        named = {cell.case, _plain(cell.case)}
        entries = (entry for name in sorted(named) for entry in self._of_case.get(name, []))
        return [entry for entry in entries if entry[1].applies(cell, target)]

    def explanation(self, cell: Cell) -> Expectation | None:
        """The expectation that explains a bad cell, its outcome included."""
        for expectation, known in self.matching(cell):
            if cell.verdict in BAD and known.outcome == self.outcome(cell):
                return expectation
        return None

    def surprise(self, cell: Cell) -> str | None:
        """What is not as expected of a cell, in one line; None if it is."""
        entries = self.matching(cell)
        if len(entries) > 1:
            return f"more than one expectation applies: {', '.join(e.id for e, _ in entries)}"
        if not entries:
            return f"{self.outcome(cell)}; {self._unexplained(cell)}" if cell.verdict in BAD else None
        expectation, known = entries[0]
        if cell.verdict not in BAD:
            passes = f"{cell.verdict}, although '{expectation.id}' expects {known.outcome}"
            return None if known.varies else passes
        if known.outcome != self.outcome(cell):
            return f"{self.outcome(cell)}; '{expectation.id}' expects {known.outcome}"
        return None

    def _unexplained(self, cell: Cell) -> str:
        """What to say of a bad cell that has no entry: of an ad-hoc column that may be no more than to be expected."""
        target = self._targets[cell.target]
        if target.tier == AD_HOC:
            return f"nothing is known of it on {target.title}, an ad-hoc column"
        return "no expectation explains it"

    def outcome(self, cell: Cell) -> str:
        assert cell.observation is not None
        return outcome(self._results.observations[cell.observation], self._results.values)


def unexpected(results: Results, expectations: Sequence[Expectation], complete: bool = False) -> list[str]:
    """One line for each cell that is not as expected, and for each entry that contradicts another.

    complete: the results hold every case on every column of a tier, so that what is said by `unused` is
        a mistake as well.
    """
    book = Book(expectations, results)
    surprises = ((cell, book.surprise(cell)) for cell in results.cells)
    lines = [f"{cell.case} on {cell.target} in {cell.mode}: {why}" for cell, why in surprises if why]
    return lines + (unused(results, expectations) if complete else [])


def unused(results: Results, expectations: Sequence[Expectation]) -> list[str]:
    """One line for each entry that matches no cell, and for each workaround that helps nowhere."""
    book = Book(expectations, results)
    used: set[int] = set()
    explained: dict[str, set[str]] = {}  # expectation -> columns
    for cell in results.cells:
        for expectation, known in book.matching(cell):
            used.add(id(known))
            explained.setdefault(expectation.id, set()).add(cell.target)
    lines = [
        f"'{expectation.id}' expects something of {known.case} on {', '.join(known.on)} that no cell matches"
        for expectation in expectations
        for known in expectation.cells
        if id(known) not in used
    ]
    works = {(cell.case, cell.target) for cell in results.cells if cell.verdict == "conforms"}
    return lines + [
        f"the workaround of '{expectation.id}', {expectation.workaround.case}, conforms on no column that it is for"
        for expectation in expectations
        if expectation.workaround
        and not works & {(expectation.workaround.case, t) for t in explained.get(expectation.id, ())}
    ]


def propose(results: Results, expectations: list[Expectation]) -> list[Known]:
    """Entries for the bad cells that nothing explains, with the versions between measured columns filled in.

    They are for a person to review, to shorten and to give a reason.
    """
    book = Book(expectations, results)
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
        proposed.append(Known(case=case, on=tuple(_ranges(there, ids)), outcome=text, modes=only))
    return _one_for_all_variants(proposed, results)


def _one_for_all_variants(entries: list[Known], results: Results) -> list[Known]:
    """Where all variants of a case do the same, one entry for them."""
    variants: dict[str, int] = Counter(_plain(case.id) for case in results.cases)
    same: dict[Known, int] = Counter(_of_all(entry) for entry in entries)
    kept: dict[Known, None] = {}
    for entry in entries:
        every = _of_all(entry)
        kept[every if same[every] == variants[every.case] else entry] = None
    return list(kept)


def _of_all(entry: Known) -> Known:
    return msgspec.structs.replace(entry, case=_plain(entry.case))


def _ranges(targets: list[TargetResult], ids: set[str]) -> Iterator[str]:
    """Requirements that select the columns `ids` and no other of `targets`.

    A backend is named where another one of the same version is not wanted.
    """
    families: dict[tuple[str, str], dict[Version, list[TargetResult]]] = {}
    for target in targets:
        version = parse(_version(target) or "")
        if version:
            family = (target.front_end, f"{version.major}" if target.front_end == "keras" else "")
            families.setdefault(family, {}).setdefault(version, []).append(target)
    for (front_end, major), columns in families.items():
        versions = sorted(columns)
        names = [_backends(columns[version], ids) for version in versions]
        for i, (version, name) in enumerate(zip(versions, names, strict=True)):
            if name is None or (i and names[i - 1] == name):
                continue  # not the first of a row of wanted ones
            after = next((later for later, other in zip(versions[i:], names[i:], strict=True) if other != name), None)
            bounds = []
            if i:
                bounds.append(f">={version.major}.{version.minor}")
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


def as_toml(entries: list[Known]) -> str:
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
