"""Two columns by name in one set of results: from stored results where they are there, else measured.

A name is a column of the stored results or of `targets.toml`; other results, a file or its folder, with "#COLUMN" if
they have several; or what a column that nobody declared has: a requirement or several with spaces between them, among
them perhaps "python==3.12", a wheel, a folder of sources (docs/any-version.md).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version
from rich.console import Console

from conformance import results
from conformance.cache import cache_folder
from conformance.commands.finish import say
from conformance.judging import compare, expectations
from conformance.judging.judge import judge_all
from conformance.local import bundle
from conformance.local.errors import Unavailable, UsageError, unknown
from conformance.results import Case, Results, TargetResult
from conformance.run import api
from conformance.suite import catalogue
from conformance.targets import registry, requested, requirements
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget, TargetRequest
from conformance.targets.versions import parse
from conformance.vocabulary import MODES

Chosen = Callable[[list[Case]], list[Case]]

_ASKED = re.compile(r"[=<>~!\s]|\.whl$|/")
_PYTHON = "python=="
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

    def __init__(self, first: str, second: str, path: Path | None, console: Console):
        self._console = console
        self._finder = _Finder(path, console)
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
        found = self._measured(missing, chosen, modes) if missing else None
        one, other = (place.results or found for place in self._places)
        first, second = (place.id for place in self._places)
        assert one and other
        if one is other:
            return Pair(one, first, second, [])
        joined, left_out = compare.joined(one, first, other, second)
        return Pair(joined, joined.targets[0].id, joined.targets[1].id, left_out)

    def _measured(self, missing: list[PreparedTarget], chosen: Chosen, modes: Sequence[str]) -> Results:
        cache = self._finder.cache
        suite = bundle.make_bundle(cache)
        cases = chosen(catalogue.collect(suite))
        say(self._console, [f"measuring {column.target.title}" for column in missing])
        found = api.measure(cases, missing, modes or MODES, suite, cache, self._console)
        for target in found.targets:
            if target.reason:
                raise Unavailable(f"{target.title} could not be measured: {target.reason}")
        say(self._console, [f"problem: {problem}" for problem in found.problems])
        return found


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
    def __init__(self, path: Path | None, console: Console):
        self.cache = cache_folder()
        self._console = console
        self._read: dict[Path, Results] = {}
        self._stored = results.read_stored(path)
        if self._stored:
            judge_all(self._stored)
            self._read[_file(path or results.stored())] = self._stored

    def place(self, name: str) -> _Place:
        there = {target.id: target for target in self._stored.targets} if self._stored else {}
        if self._stored and name in there and not there[name].reason:
            return _Place(there[name], self._stored)
        declared = {target.id: target for target in registry.load()}
        if name in declared:
            return _to_measure(api.declared(declared[name], self.cache))
        if name in there:
            raise Unavailable(f"{there[name].title} did not run: {there[name].reason}")
        file, _, column = name.partition("#")
        if Path(file).exists() and not _can_be_installed(Path(file)):
            return self._of_file(Path(file), column)
        asked = _asked(name)
        if asked.requirements and (_ASKED.search(name) or name in requirements.DISTRIBUTIONS):
            say(self._console, [f"resolving {name}"])
            return _to_measure(requested.prepare(asked, list(declared.values()), self.cache))
        raise unknown("column", name, [*there, *declared])

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
            judge_all(self._read[_file(path)])
        return self._read[_file(path)]


def _asked(name: str) -> TargetRequest:
    words = name.split()
    python = next((word.removeprefix(_PYTHON) for word in words if word.startswith(_PYTHON)), None)
    return TargetRequest([word for word in words if not word.startswith(_PYTHON)], python)


def _to_measure(column: PreparedTarget) -> _Place:
    return _Place(column.target, column=column)


def _file(path: Path) -> Path:
    return results.file_of(path).resolve()


def _can_be_installed(path: Path) -> bool:
    return path.suffix == ".whl" or any((path / name).is_file() for name in _SOURCES)
