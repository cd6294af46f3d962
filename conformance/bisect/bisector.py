"""Which release changed a behaviour: first over the declared columns, then over the releases between two of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from conformance.bisect import candidates
from conformance.bisect.observer import CaseObservation, CaseObserver
from conformance.bisect.search import Change, first_change
from conformance.judging import compare, difference, judge
from conformance.local.errors import Unavailable
from conformance.targets.registry import Target
from conformance.targets.versions import parse

Status = Literal["found", "same", "no-mode", "could-not-run"]

_REPOSITORIES = {
    "keras": "keras-team/keras",
    "tf-keras": "keras-team/tf-keras",
    "tensorflow": "tensorflow/tensorflow",
}


class ChangeSide(msgspec.Struct, frozen=True, kw_only=True):
    """A side of the change. packages: what may decide, with versions; behaviour: in words."""

    column: str
    title: str
    packages: dict[str, str]
    python: str
    mode: str
    verdict: str
    behaviour: str


class SkippedTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A column of which it is not known how it behaves, and why."""

    column: str
    reason: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case changed its behaviour.

    status: found; same (both ends behave alike); no-mode (nothing to compare); could-not-run (an end).
    mode: "session -> eager" where the ends have none in common; None if there is none.
    change, severity: of what changed, as `conformance compare` says it.
    decided_by: distributions that differ between the two sides, "tf.keras -> keras" where the front end does;
    range: of each, in which the change lies; released: when the first different one was; upstream: what to read.
    skipped: columns between the two sides; columns: all that were looked at, and whether they behave as the first.
    measured: columns on which a worker was started; of the others it was known.
    """

    case: str
    status: Status
    message: str
    mode: str | None = None
    last_same: ChangeSide | None = None
    first_different: ChangeSide | None = None
    change: str | None = None
    severity: str | None = None
    decided_by: list[str] = []
    range: list[str] = []
    released: date | None = None
    upstream: list[str] = []
    skipped: list[SkippedTarget] = []
    warnings: list[str] = []
    columns: dict[str, bool] = {}
    measured: list[str] = []


def bisect(
    watch: CaseObserver,
    first: Target,
    last: Target,
    mode: str | None,
    declared: Sequence[Target],
    cache: Path,
    releases: candidates.Releases,
    say: Callable[[str], None] = lambda line: None,
) -> Answer:
    """Find the first change of the case that `watch` looks at, from `first` to a later column `last`.

    mode: by default the first one in which the two differ; say: hears of each column that is looked at.
    """
    return _Bisection(watch, declared, cache, releases, say).answer(first, last, mode)


@dataclass(frozen=True)
class _Ends:
    """Where the two ends differ."""

    first: CaseObservation
    last: CaseObservation

    @property
    def modes(self) -> tuple[str, ...]:
        """In the first of these that a column has it is compared."""
        return tuple(dict.fromkeys((self.first.mode, self.last.mode)))


class _Bisection:
    def __init__(
        self,
        watch: CaseObserver,
        declared: Sequence[Target],
        cache: Path,
        releases: candidates.Releases,
        say: Callable[[str], None],
    ):
        self._watch, self._declared, self._cache, self._releases, self._say = watch, declared, cache, releases, say
        self._columns: dict[str, bool] = {}
        self._skipped: dict[str, str] = {}
        self._warnings: list[str] = []

    def answer(self, first: Target, last: Target, mode: str | None) -> Answer:
        ends = self._ends(first, last, mode)
        columns = compare.way(self._declared, first.id, last.id)
        if isinstance(ends, Answer):
            if ends.status == "same":
                known = self._known(columns, (str(ends.mode),))
                other = [id for id, same in known.items() if not same]
                if other:
                    self._warnings.append(f"between the two it behaves otherwise: on {_and(other)}; give one as --to")
            return self._closed(ends)
        before, after = self._over_columns(columns, ends)
        passed = [t.id for t in columns[columns.index(before.target) + 1 : columns.index(after.target)]]
        before, after, stops = self._over_releases(before, after, ends)
        self._warn(columns, after, ends)
        return self._closed(self._found(before, after, passed + stops))

    def _closed(self, answer: Answer) -> Answer:
        return msgspec.structs.replace(
            answer,
            warnings=self._warnings + self._watch.problems,
            columns=self._columns,
            measured=self._watch.measured,
        )

    def _ends(self, first: Target, last: Target, mode: str | None) -> _Ends | Answer:
        """The sights of the two ends in the first mode in which they differ, or why there is none."""
        case = self._watch.case.id
        has, there = self._watch.modes(first), self._watch.modes(last)
        pairs = [(m, m) for m in has if m in there and mode in (None, m)]
        if not pairs and mode is None and has and there:
            pairs = [(has[0], there[0])]
        if not pairs:
            lacking = next((t for t, modes in ((first, has), (last, there)) if mode not in modes), first)
            why = lacking.lacks.get(mode or "", "the case is not run in it there")
            what = f"in {mode}: {lacking.id}: {why}" if mode else "in any mode"
            return Answer(case=case, status="no-mode", message=f"{case} is not run on both columns {what}")
        looked = self._watch.look([(first, m) for m, _ in pairs] + [(last, m) for _, m in pairs])
        sights = list(zip(looked[: len(pairs)], looked[len(pairs) :], strict=True))
        self._first = sights[0][0]
        for a, b in sights:
            if a.observation and b.observation and not self._watch.same(a, b):
                self._first = a
                self._columns |= {first.id: True, last.id: False}
                return _Ends(a, b)
        unseen = [sight for pair in sights for sight in pair if not sight.observation]
        if unseen:
            where = unseen[0]
            return Answer(
                case=case,
                status="could-not-run",
                message=f"{case} could not be run on {where.target.id} in {where.mode}: {where.reason}",
            )
        modes = _and([_mode(a, b) for a, b in sights])
        message = f"{case} behaves the same on {first.id} and {last.id} in {modes}"
        return Answer(case=case, status="same", message=message, mode=_mode(*sights[0]))

    def _where(self, target: Target, modes: Sequence[str]) -> str | None:
        has = self._watch.modes(target)
        return next((mode for mode in modes if mode in has), None)

    def _known(self, columns: Sequence[Target], modes: Sequence[str]) -> dict[str, bool]:
        """What is known of columns, without a measurement; those that have no such mode are noted as skipped."""
        wanted = []
        for target in columns:
            mode = self._where(target, modes)
            if mode:
                wanted.append((target, mode))
            else:
                why = next((target.lacks[mode] for mode in modes if mode in target.lacks), "the case is not run there")
                self._skipped[target.id] = f"no mode {_and(list(modes))}: {why}"
        for (target, _), sight in zip(wanted, self._watch.known(wanted), strict=True):
            if sight and sight.observation:
                self._columns[target.id] = self._watch.same(self._first, sight)
        return {target.id: self._columns[target.id] for target in columns if target.id in self._columns}

    def _over_columns(self, columns: Sequence[Target], ends: _Ends) -> tuple[CaseObservation, CaseObservation]:
        self._known(columns, ends.modes)

        def measure(position: int) -> bool | None:
            target = columns[position]
            mode = self._where(target, ends.modes)
            if not mode:
                return None
            self._say(f"looking at {target.id}")
            return self._noted(target.id, self._watch.look([(target, mode)])[0])

        known = {i: self._columns[target.id] for i, target in enumerate(columns) if target.id in self._columns}
        change = first_change(known, measure)
        self._say(f"between {columns[change.last_same].id} and {columns[change.first_different].id}")
        return self._sight(columns[change.last_same], ends), self._sight(columns[change.first_different], ends)

    def _sight(self, target: Target, ends: _Ends) -> CaseObservation:
        (sight,) = self._watch.look([(target, self._where(target, ends.modes) or "")])
        return sight

    def _noted(self, name: str, sight: CaseObservation) -> bool | None:
        """Whether a sight is of the behaviour of the first column; notes it, or why it is not known."""
        if not sight.observation:
            self._skipped[name] = sight.reason or "not run"
            self._say(f"{name}: skipped: {sight.reason}")
            return None
        same = self._columns[name] = self._watch.same(self._first, sight)
        self._say(f"{name}: {'as before' if same else 'differs'}")
        return same

    def _over_releases(
        self, before: CaseObservation, after: CaseObservation, ends: _Ends
    ) -> tuple[CaseObservation, CaseObservation, list[str]]:
        """The two sides, and the names of what lies between them and was passed over."""
        try:
            stops = candidates.stops(before.target, after.target, self._declared, self._cache, self._releases)
        except Unavailable as why:
            self._warnings.append(f"only the columns were looked at: {why}")
            return before, after, []
        sights = {0: before, len(stops) + 1: after}

        def measure(position: int) -> bool | None:
            stop = stops[position - 1]
            if stop.refused:
                self._skipped[stop.name] = stop.refused
                self._say(f"{stop.name}: skipped: {stop.refused}")
                return None
            self._say(f"looking at {stop.name}")
            column = stop.build()
            mode = self._where(column.target, ends.modes)
            if not mode:
                self._skipped[stop.name] = f"no mode {_and(list(ends.modes))}"
                return None
            (sight,) = self._watch.look([(column.target, mode)], column)
            sights[position] = sight
            return self._noted(stop.name, sight)

        change: Change = first_change({0: True, len(stops) + 1: False}, measure)
        names = [stops[position - 1].name for position in change.skipped]
        return sights[change.last_same], sights[change.first_different], names

    def _warn(self, columns: Sequence[Target], after: CaseObservation, ends: _Ends) -> None:
        """Say where the behaviour is not simply another one from the change on."""
        order = [target.id for target in columns if target.id in self._columns]
        states = [self._columns[id] for id in order]
        again = [id for i, id in enumerate(order) if states[i] and not all(states[:i])]
        if again:
            self._warnings.append(
                f"the change is not the only one: on {_and(again)} it behaves as on {order[0]} again; "
                "this is the first change that is known"
            )
        if not self._watch.same(after, ends.last):
            self._warnings.append(f"on {ends.last.target.id} it behaves in a third way: it changes again before that")

    def _found(self, before: CaseObservation, after: CaseObservation, passed: Sequence[str]) -> Answer:
        assert before.observation and after.observation
        values, case = self._watch.values, self._watch.case
        old, new = candidates.packages(before.target), candidates.packages(after.target)
        decided = [name for name in new if name in old and old[name] != new[name]]
        fronts = [before.target.front_end, after.target.front_end]
        when = None
        if candidates.line(before.target) != candidates.line(after.target):
            decided, ranges = [" -> ".join(fronts) if fronts[0] != fronts[1] else "another generation"], []
        else:
            ranges = [f"{name} ({old[name]}, {new[name]}]" for name in decided]
            when = self._released(after.target, decided)
            if before.target.base.python != after.target.base.python:
                pythons = f"{before.target.base.python} and {after.target.base.python}"
                self._warnings.append(f"the Python is another one as well: {pythons}")
        skipped = [SkippedTarget(column=name, reason=self._skipped[name]) for name in passed if name in self._skipped]
        span = ", ".join(ranges) or f"({before.target.id}, {after.target.id}]"
        return Answer(
            case=case.id,
            status="found",
            message=f"{case.id} changed in {span}" + (f"; skipped: {len(skipped)}" if skipped else ""),
            mode=_mode(before, after),
            last_same=self._described(before),
            first_different=self._described(after),
            change=difference.change(before.observation, after.observation, values),
            severity=difference.severity(before.observation, after.observation, values),
            decided_by=decided,
            range=ranges,
            released=when,
            upstream=[_link(name, old[name], new[name]) for name in decided if name in _REPOSITORIES],
            skipped=skipped,
        )

    def _released(self, target: Target, decided: Sequence[str]) -> date | None:
        try:
            release = candidates.released(target, decided, self._releases)
        except Unavailable as why:
            self._warnings.append(f"when it was released is not known: {why}")
            return None
        return release.released.date() if release and release.released else None

    def _described(self, sight: CaseObservation) -> ChangeSide:
        assert sight.observation
        behaviour = judge.outcome(sight.observation, self._watch.values)
        if sight.observation.exception:
            behaviour += f": {difference.short(sight.observation.exception.message)}"
        return ChangeSide(
            column=sight.target.id,
            title=sight.target.title,
            packages=candidates.packages(sight.target),
            python=sight.target.base.python,
            mode=sight.mode,
            verdict=sight.verdict,
            behaviour=behaviour,
        )


def _mode(one: CaseObservation, other: CaseObservation) -> str:
    return one.mode if one.mode == other.mode else f"{one.mode} -> {other.mode}"


def _and(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _link(name: str, old: str, new: str) -> str:
    return f"https://github.com/{_REPOSITORIES[name]}/compare/{_tag(name, old)}...{_tag(name, new)}"


def _tag(name: str, version: str) -> str:
    parsed = parse(version)
    before = "" if name == "keras" and parsed and (parsed.major, parsed.minor) < (2, 5) else "v"
    return before + version
