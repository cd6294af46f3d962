"""Two columns by name in one set of results: from stored results where they are there, else measured.

A name is a column of the stored results or of `targets.toml`; other results, a file or its folder, with "#COLUMN" if
they have several; or what a column that nobody declared has: a requirement or several with spaces between them, among
them perhaps "python==3.12", a wheel, a folder of sources (docs/any-version.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from conformance import results
from conformance.commands import options
from conformance.judging import compare, expectations
from conformance.judging.judge import judge_targets
from conformance.local.errors import Unavailable, UsageError, unknown
from conformance.results import Case, Results, TargetResult
from conformance.targets import registry
from conformance.targets.registry import Target
from conformance.targets.versions import parse

if TYPE_CHECKING:
    from conformance.targets.requested import PreparedTarget

Chosen = Callable[[list[Case]], list[Case]]

_SOURCES = ("pyproject.toml", "setup.py")


@dataclass(frozen=True)
class Pair:
    """Two columns of `results`, by id. left_out: cases that they cannot have both."""

    results: Results
    first: str
    second: str
    left_out: list[str]


class Names:
    """Two names that stand for columns; nothing is measured yet.

    path: the stored results, None for those that there are.

    Raises:
        UsageError: a name is none of a column, or both are of the same one.
        Unavailable: it did not run, and nothing says how it could.
    """

    def __init__(self, first: str, second: str, path: Path | None):
        self._finder = _Finder(path)
        self._places = [self._finder.place(name) for name in (first, second)]
        one, other = self._places
        if first == second or (one.id == other.id and one.results is other.results):
            raise UsageError(f"{first} and {second} are the same column")

    def are_reversed(self) -> bool:
        """Whether the first is known to be the later one, by the order of columns or else by versions."""
        one, other = self._places
        for ids in ([target.id for target in registry.load()], one.neighbours):
            if {one.id, other.id} <= {*ids}:
                return ids.index(one.id) > ids.index(other.id)
        alike = (one.target.front_end, one.target.backend) == (other.target.front_end, other.target.backend)
        return bool(alike and one.version and other.version and one.version > other.version)

    def find(self, chosen: Chosen, modes: Sequence[str]) -> Pair:
        """Results of both; chosen: which cases are measured where that is needed; modes: likewise, all for none.

        Raises:
            Unavailable: a column cannot be measured here.
        """
        missing = [place.column for place in self._places if place.column]
        found = None
        if missing:
            from conformance.commands import measuring

            found = measuring.measure(missing, chosen, modes)
        one, other = (place.results or found for place in self._places)
        first, second = (place.id for place in self._places)
        assert one and other
        left_out: list[str] = []
        if one is other:
            together = compare.narrowed(one, first, second)
        else:
            together, left_out = compare.joined(one, first, other, second)
            first, second = (target.id for target in together.targets)
        judge_targets(together, (first, second))
        return Pair(together, first, second, left_out)


@dataclass(frozen=True)
class _Place:
    """Where a column is: in `results`, or, if that is None, to be measured as `column`."""

    target: Target | TargetResult
    results: Results | None = None
    column: PreparedTarget | None = None

    @property
    def id(self) -> str:
        return self.target.id

    @property
    def neighbours(self) -> list[str]:
        return [target.id for target in self.results.targets] if self.results else []

    @property
    def version(self) -> Version | None:
        if isinstance(self.target, TargetResult):
            return parse(expectations.version(self.target) or "")
        return parse(self.target.base.tensorflow if self.target.front_end == "tf.keras" else self.target.keras)


class _Finder:
    def __init__(self, path: Path | None):
        self._read: dict[Path, Results] = {}
        self._stored = options.stored_results(path)
        if self._stored:
            self._read[_file(path or results.stored())] = self._stored

    def place(self, name: str) -> _Place:
        there = {target.id: target for target in self._stored.targets} if self._stored else {}
        if self._stored and name in there and not there[name].reason:
            return _Place(there[name], self._stored)
        declared = {target.id: target for target in registry.load()}
        if name not in declared:
            if name in there:
                raise Unavailable(f"{there[name].title} did not run: {there[name].reason}")
            file, _, column = name.partition("#")
            if Path(file).exists() and not _can_be_installed(Path(file)):
                return self._of_file(Path(file), column)
        from conformance.commands import measuring

        prepared = measuring.prepare(name, declared)
        if prepared is None:
            raise unknown("column", name, [*there, *declared])
        return _Place(prepared.target, column=prepared)

    def _of_file(self, file: Path, column: str) -> _Place:
        found = self._results(file)
        ids = [target.id for target in found.targets]
        if not column and len(ids) != 1:
            raise UsageError(f"{file} has {len(ids)} columns; name one, as in {file}#{ids[-1] if ids else 'ID'}")
        if column and column not in ids:
            raise UsageError(f"{file} has no such column: {unknown('column', column, ids)}")
        target = found.targets[ids.index(column or ids[0])]
        if target.reason:
            raise Unavailable(f"{target.title} did not run: {target.reason}")
        return _Place(target, found)

    def _results(self, path: Path) -> Results:
        if _file(path) not in self._read:
            self._read[_file(path)] = results.read(path)
        return self._read[_file(path)]


def _file(path: Path) -> Path:
    return results.file_of(path).resolve()


def _can_be_installed(path: Path) -> bool:
    return path.suffix == ".whl" or any((path / name).is_file() for name in _SOURCES)
