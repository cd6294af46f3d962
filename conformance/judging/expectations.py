"""Reviewed knowledge of what does not conform, and why: `cases/expectations.toml`.

An expectation gives one reason, and the cells that it explains: a case, the versions and
modes, and the outcome that is known there. Whatever else a cell does is unexpected, and
so is a cell that conforms although an expectation says otherwise.
"""

import datetime
import functools
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from conformance.judging.judge import outcome
from conformance.local import bundle
from conformance.local.errors import UsageError
from conformance.results import Cell, Results, TargetResult
from conformance.targets.versions import within
from conformance.vocabulary import BAD, MODES

MEASURED = (*BAD, "conforms", "observed")


class ExpectedCells(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of a case where all conditions hold.

    case: its id; without brackets it stands for all of its variants.
    on: front ends with versions, "tf.keras>=2.0,<2.11" or "keras[jax]>=3.4"; the version of
        `tf.keras` is TensorFlow's; a nightly counts as the release that it leads to.
    modes: all, if none is named. tensorflow, python: ranges of versions; all, if none is given.
    varies: it depends on the processor, so that a cell that conforms is as expected, too.
    """

    case: str
    on: tuple[str, ...]
    outcome: str
    modes: tuple[str, ...] = ()
    tensorflow: str = ""
    python: str = ""
    varies: bool = False

    def applies(self, cell: Cell, target: TargetResult) -> bool:
        if self.case not in (cell.case, plain(cell.case)) or (self.modes and cell.mode not in self.modes):
            return False
        if self.tensorflow and not within(target.versions.get("tensorflow"), SpecifierSet(self.tensorflow)):
            return False
        if self.python and not within(target.python, SpecifierSet(self.python)):
            return False
        return any(_is_on(text, target) for text in self.on)


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
    cells: list[ExpectedCells]
    workaround: Workaround | None = None


class _ExpectationsFile(msgspec.Struct, forbid_unknown_fields=True):
    expectation: list[Expectation] = []


def plain(case: str) -> str:
    """The id without its variant."""
    return case.split("[")[0]


@functools.cache
def _requirement(text: str) -> Requirement:
    return Requirement(text)


@functools.cache
def _reaches(text: str, version: str | None) -> bool:
    return within(version, _requirement(text).specifier)


def _is_on(text: str, target: TargetResult) -> bool:
    requirement = _requirement(text)
    if requirement.name != target.front_end or (requirement.extras and target.backend not in requirement.extras):
        return False
    return _reaches(text, version(target))


def version(target: TargetResult) -> str | None:
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
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _ExpectationsFile).expectation
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


def _check(known: ExpectedCells, where: str) -> None:
    try:
        names = [Requirement(text).name for text in known.on]
        SpecifierSet(known.tensorflow)
        SpecifierSet(known.python)
    except (InvalidRequirement, InvalidSpecifier) as error:
        raise UsageError(f"{where}: {known.case}: {error}") from error
    wrong = [n for n in names if n not in ("keras", "tf.keras", "tf_keras")] + [
        m for m in known.modes if m not in MODES
    ]
    if wrong or not names:
        raise UsageError(f"{where}: {known.case}: unknown front end or mode: {', '.join(wrong) or 'none given'}")
    if known.outcome.split(":")[0] not in BAD:
        raise UsageError(f"{where}: {known.case}: an outcome begins with one of {', '.join(BAD)}: {known.outcome!r}")


class ExpectationIndex:
    """The expectations, to be asked about cells of `results`."""

    def __init__(self, expectations: Sequence[Expectation], results: Results):
        self._results = results
        self._targets = {target.id: target for target in results.targets}
        self._outcomes: dict[str, str] = {}  # by observation
        self._entries: dict[str, list[tuple[Expectation, ExpectedCells]]] = {}  # by case, with its variant
        self._of_case: dict[str, list[tuple[Expectation, ExpectedCells]]] = {}  # as it is written in an entry
        for expectation in expectations:
            for known in expectation.cells:
                self._of_case.setdefault(known.case, []).append((expectation, known))

    def matching(self, cell: Cell) -> list[tuple[Expectation, ExpectedCells]]:
        """What is known of a measured cell; more than one entry is a mistake of the file."""
        if cell.verdict not in MEASURED:
            return []
        if cell.case not in self._entries:
            named = sorted({cell.case, plain(cell.case)})
            self._entries[cell.case] = [entry for name in named for entry in self._of_case.get(name, [])]
        target = self._targets[cell.target]
        return [entry for entry in self._entries[cell.case] if entry[1].applies(cell, target)]

    def explanation(self, cell: Cell) -> Expectation | None:
        """The expectation that explains a bad cell, its outcome included."""
        for expectation, known in self.matching(cell):
            if cell.verdict in BAD and known.outcome == self.outcome(cell):
                return expectation
        return None

    def column(self, cell: Cell) -> TargetResult:
        return self._targets[cell.target]

    def outcome(self, cell: Cell) -> str:
        """What a measured cell did, as expectations spell it."""
        assert cell.observation is not None
        if cell.observation not in self._outcomes:
            observation = self._results.observations[cell.observation]
            self._outcomes[cell.observation] = outcome(observation, self._results.values)
        return self._outcomes[cell.observation]
