"""Finds two targets by name in one set of results: from stored results where possible, else measured.

A name is the id of a target in the stored results or in `targets.toml`; other results, a file or its folder, with "#ID"
if they have several targets; or requirements of a target that is not declared, separated by spaces, with perhaps
"python==3.12", a wheel or a source tree among them (docs/any-version.md).
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
from conformance.local.errors import Unavailable, UsageError, unknown
from conformance.project import Project
from conformance.results import Case, Results, TargetResult
from conformance.targets.registry import Target
from conformance.targets.versions import parse

if TYPE_CHECKING:
    from conformance.targets.requested import PreparedTarget

Chosen = Callable[[list[Case]], list[Case]]

_SOURCES = ("pyproject.toml", "setup.py")


@dataclass(frozen=True)
class Pair:
    """Two targets of `results`, by id.

    Attributes:
        results: Results that have both.
        first: Id of the first target.
        second: Id of the second target.
        left_out: Cases that differ between the results that the targets come from.
    """

    results: Results
    first: str
    second: str
    left_out: list[str]


class Names:
    """Two names of targets; nothing is measured yet.

    Args:
        project: Has the declared targets.
        first: First name.
        second: Second name.
        path: Stored results, None for those of the last run or else the published ones.

    Raises:
        UsageError: A name is not that of a target, or both name the same one.
        Unavailable: A target did not run, and it is not declared how it could.
    """

    def __init__(self, project: Project, first: str, second: str, path: Path | None):
        self._project = project
        self._finder = _Finder(project, path)
        self._places = [self._finder.place(name) for name in (first, second)]
        one, other = self._places
        if first == second or (one.id == other.id and one.results is other.results):
            raise UsageError(f"{first} and {second} are the same target")

    def are_reversed(self) -> bool:
        """Return whether the first is known to be the later one, by the order of targets or else by versions."""
        one, other = self._places
        for ids in ([target.id for target in self._project.targets], one.neighbours):
            if {one.id, other.id} <= {*ids}:
                return ids.index(one.id) > ids.index(other.id)
        alike = (one.target.front_end, one.target.backend) == (other.target.front_end, other.target.backend)
        return bool(alike and one.version and other.version and one.version > other.version)

    def find(self, chosen: Chosen, modes: Sequence[str]) -> Pair:
        """Return results that have both.

        Args:
            chosen: Selects the cases to measure, if any have to be.
            modes: Modes to measure in, all for none.

        Raises:
            Unavailable: A target cannot be measured here.
        """
        missing = [place.prepared for place in self._places if place.prepared]
        found = None
        if missing:
            from conformance.commands import measuring  # here: its imports take as long as a comparison

            found = measuring.measure(self._project, missing, chosen, modes)
        one, other = (place.results or found for place in self._places)
        first, second = (place.id for place in self._places)
        assert one and other
        if one is other:
            return Pair(one, first, second, [])
        together, left_out = compare.joined(one, first, other, second)
        first, second = (target.id for target in together.targets)
        return Pair(together, first, second, left_out)


@dataclass(frozen=True)
class _Place:
    """Where a target is: in `results`, or, if that is None, to be measured as `prepared`."""

    target: Target | TargetResult
    results: Results | None = None
    prepared: PreparedTarget | None = None

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
    def __init__(self, project: Project, path: Path | None):
        self._project = project
        self._read: dict[Path, Results] = {}
        self._stored = options.stored_results(path)
        if self._stored:
            self._read[_file(path or results.stored())] = self._stored

    def place(self, name: str) -> _Place:
        there = {target.id: target for target in self._stored.targets} if self._stored else {}
        if self._stored and name in there and not there[name].reason:
            return _Place(there[name], self._stored)
        declared = {target.id: target for target in self._project.targets}
        if name not in declared:
            if name in there:
                raise Unavailable(f"{there[name].title} did not run: {there[name].reason}")
            file, _, id = name.partition("#")
            if Path(file).exists() and not _can_be_installed(Path(file)):
                return self._of_file(Path(file), id)
        from conformance.commands import measuring

        prepared = measuring.prepare(self._project, name)
        if prepared is None:
            raise unknown("target", name, [*there, *declared])
        return _Place(prepared.target, prepared=prepared)

    def _of_file(self, file: Path, id: str) -> _Place:
        found = self._results(file)
        ids = [target.id for target in found.targets]
        if not id and len(ids) != 1:
            raise UsageError(f"{file} has {len(ids)} targets; name one, as in {file}#{ids[-1] if ids else 'ID'}")
        if id and id not in ids:
            raise UsageError(f"{file}: {unknown('target', id, ids)}")
        target = found.targets[ids.index(id or ids[0])]
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
