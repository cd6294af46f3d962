"""Reviewed expectations: which cells do not conform, and why (`cases/expectations.toml`).

An expectation gives one reason and the cells that it explains: a case, versions and modes, and the outcome there. Any
other outcome of such a cell is unexpected, also that it conforms.
"""

import datetime
import fnmatch
import functools
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from packaging.specifiers import SpecifierSet

from conformance.judging.judge import outcome
from conformance.local.errors import UsageError
from conformance.local.paths import cases_folder
from conformance.results import Cell, Results, TargetResult
from conformance.targets.versions import within
from conformance.vocabulary import BAD, MODES

MEASURED = (*BAD, "conforms", "observed")


class ExpectedCells(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The expected outcome of a case wherever all conditions hold.

    Attributes:
        case: Id of the case; without brackets it covers all variants, and "*" stands for any text of a variant.
        on: Front ends with versions, such as "tf.keras>=2.0,<2.11" or "keras[jax]>=3.4". The version of `tf.keras` is
            TensorFlow's. A nightly counts as the release that it precedes.
        outcome: As `judge.outcome` describes it.
        modes: Empty for all modes.
        tensorflow: Range of TensorFlow versions, empty for all.
        python: Range of Python versions, empty for all.
        varies: The outcome depends on the processor, so a cell may also conform.
    """

    case: str
    on: tuple[str, ...]
    outcome: str
    modes: tuple[str, ...] = ()
    tensorflow: str = ""
    python: str = ""
    varies: bool = False

    def applies(self, cell: Cell, target: TargetResult) -> bool:
        """Return whether all conditions hold for a cell of this target."""
        if not _names(self.case, cell.case) or (self.modes and cell.mode not in self.modes):
            return False
        if self.tensorflow and not _reaches(self.tensorflow, target.versions.get("tensorflow")):
            return False
        if self.python and not _reaches(self.python, target.python):
            return False
        return any(_is_on(text, target) for text in self.on)


class Workaround(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user can do, in one sentence, and the case that demonstrates it; it helps wherever that case conforms."""

    text: str
    case: str


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason why cells do not conform.

    Attributes:
        id: Unique name.
        kind: "bug"; "intended" (upstream decided against the contract); "undefined" (undocumented behaviour).
        reason: Why the cells do not conform.
        sources: Upstream threads as "owner/name#number", or places in upstream's source.
        reviewed: Date of the last review.
        cells: The cells that the reason explains.
        workaround: What a user can do, if anything.
    """

    id: str
    kind: Literal["bug", "intended", "undefined"]
    reason: str
    sources: list[str]
    reviewed: datetime.date
    cells: list[ExpectedCells]
    workaround: Workaround | None = None


class _ExpectationsFile(msgspec.Struct, forbid_unknown_fields=True):
    expectation: list[Expectation] = []


def plain(case: str) -> str:
    """Return the id of a case without its variant."""
    return case.split("[")[0]


def _names(written: str, case: str) -> bool:
    """Return whether `written` means this case: no brackets: any variant; "*": any text; "[]": the unnamed variant."""
    if written.endswith("[]"):
        return written[:-2] == case
    if "*" in written:
        return fnmatch.fnmatchcase(case, written.replace("[", "[[]"))
    return written in (case, plain(case))


class TargetRange(NamedTuple):
    """Targets that an entry of `ExpectedCells.on` selects.

    Attributes:
        front_end: Name of the front end.
        backends: Names of backends, empty for all.
        versions: Range of versions of the front end, empty for all.
    """

    front_end: str
    backends: tuple[str, ...]
    versions: str


_ON = re.compile(r"\s*([\w.-]+)\s*(?:\[([\w\s,]*)\])?([^\[\]]*)")


@functools.cache
def target_range(text: str) -> TargetRange:
    """Parse an entry of `ExpectedCells.on`.

    Raises:
        ValueError: The text is no front end with backends and versions.
    """
    found = _ON.fullmatch(text)
    if found is None:
        raise ValueError(f"not a front end with versions, such as 'keras[jax]>=3.4': {text!r}")
    front_end, backends, versions = found.groups("")
    _specifiers(versions)
    return TargetRange(front_end, tuple(name.strip() for name in backends.split(",") if name.strip()), versions)


@functools.cache
def _specifiers(text: str) -> SpecifierSet:
    return SpecifierSet(text)


@functools.cache
def _reaches(versions: str, version: str | None) -> bool:
    return within(version, _specifiers(versions))


def _is_on(text: str, target: TargetResult) -> bool:
    front_end, backends, versions = target_range(text)
    if front_end != target.front_end or (backends and target.backend not in backends):
        return False
    return _reaches(versions, version(target))


def version(target: TargetResult) -> str | None:
    """Return the version that the ranges of `ExpectedCells.on` refer to."""
    return target.versions.get("tensorflow" if target.front_end == "tf.keras" else "keras")


def default_path() -> Path:
    """Return the path of the suite's expectations."""
    return cases_folder() / "expectations.toml"


def load(path: Path | None = None) -> list[Expectation]:
    """Load expectations from a file, by default those of the suite.

    Raises:
        UsageError: If the file cannot be read or is invalid.
    """
    path = path or default_path()
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _ExpectationsFile).expectation
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path.name}: {error}") from error
    seen: set[str] = set()
    for expectation in found:
        where = f"{path.name}: expectation '{expectation.id}'"
        if expectation.id in seen:
            raise UsageError(f"{where} is defined twice")
        seen.add(expectation.id)
        if not (expectation.reason.strip() and expectation.sources and expectation.cells):
            raise UsageError(f"{where} needs a reason, a source and cells")
        for cells in expectation.cells:
            _check(cells, where)
    return found


def _check(cells: ExpectedCells, where: str) -> None:
    try:
        names = [target_range(text).front_end for text in cells.on]
        _specifiers(cells.tensorflow)
        _specifiers(cells.python)
    except ValueError as error:  # also of packaging
        raise UsageError(f"{where}: {cells.case}: {error}") from error
    wrong = [n for n in names if n not in ("keras", "tf.keras", "tf_keras")] + [
        m for m in cells.modes if m not in MODES
    ]
    if wrong or not names:
        raise UsageError(f"{where}: {cells.case}: unknown front end or mode: {', '.join(wrong) or 'none given'}")
    if cells.outcome.split(":")[0] not in BAD:
        raise UsageError(f"{where}: {cells.case}: an outcome starts with one of {', '.join(BAD)}: {cells.outcome!r}")


class ExpectationIndex:
    """Looks up the expectations for cells of `results`."""

    def __init__(self, expectations: Sequence[Expectation], results: Results):
        self._results = results
        self._targets = {target.id: target for target in results.targets}
        self._outcomes: dict[str, str] = {}  # by observation
        self._entries: dict[str, list[tuple[Expectation, ExpectedCells]]] = {}  # by case, with its variant
        self._of_case: dict[str, list[tuple[Expectation, ExpectedCells]]] = {}  # by case, as written in the file
        for expectation in expectations:
            for cells in expectation.cells:
                self._of_case.setdefault(cells.case, []).append((expectation, cells))

    def matching(self, cell: Cell) -> list[tuple[Expectation, ExpectedCells]]:
        """Return the expectations that apply to a measured cell; more than one contradict each other."""
        if cell.verdict not in MEASURED:
            return []
        if cell.case not in self._entries:
            named = sorted(name for name in self._of_case if _names(name, cell.case))
            self._entries[cell.case] = [entry for name in named for entry in self._of_case.get(name, [])]
        target = self._targets[cell.target]
        return [entry for entry in self._entries[cell.case] if entry[1].applies(cell, target)]

    def explanation(self, cell: Cell) -> Expectation | None:
        """Return the expectation with exactly the outcome of a cell that does not conform, None if there is none."""
        for expectation, cells in self.matching(cell):
            if cell.verdict in BAD and cells.outcome == self.outcome(cell):
                return expectation
        return None

    def target(self, cell: Cell) -> TargetResult:
        """Return the target of a cell."""
        return self._targets[cell.target]

    def outcome(self, cell: Cell) -> str:
        """Return the outcome of a measured cell, in the words of `judge.outcome`."""
        assert cell.observation is not None
        if cell.observation not in self._outcomes:
            observation = self._results.observations[cell.observation]
            self._outcomes[cell.observation] = outcome(observation, self._results.values)
        return self._outcomes[cell.observation]
