"""Finds the release that changed a behaviour: among declared targets, then among the releases between two of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from conformance.bisect import candidates
from conformance.bisect.candidates import Candidate
from conformance.bisect.observer import CaseObservation, CaseObserver
from conformance.bisect.search import Change, first_change
from conformance.judging import compare, difference, judge
from conformance.local.errors import Unavailable
from conformance.project import Project
from conformance.targets.registry import Target
from conformance.targets.versions import parse

Status = Literal["found", "same", "no-mode", "could-not-run"]

_REPOSITORIES = {
    "keras": "keras-team/keras",
    "tf-keras": "keras-team/tf-keras",
    "tensorflow": "tensorflow/tensorflow",
}


class ChangeSide(msgspec.Struct, frozen=True, kw_only=True):
    """A side of the change.

    Attributes:
        column: Id of the target.
        packages: Versions of the distributions that may decide.
        behaviour: What the case does there, in words.
    """

    column: str
    title: str
    packages: dict[str, str]
    python: str
    mode: str
    verdict: str
    behaviour: str


class SkippedTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A target whose behaviour is unknown, and why."""

    column: str
    reason: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case changed its behaviour.

    Attributes:
        case: Id of the case.
        status: "found", "same" (both ends behave alike), "no-mode" (nothing to compare) or "could-not-run" (an end).
        message: The answer in one line.
        mode: Mode of the comparison, "session -> eager" where the ends have none in common.
        last_same: The last target that behaves as the first.
        first_different: The first target that does not.
        change: What changed, as `conformance compare` says it.
        severity: How bad that is, likewise.
        decided_by: Distributions that differ between the two sides, "tf.keras -> keras" where the front end does.
        range: Version range of each of them that contains the change.
        released: When the first different one was released.
        upstream: Links to what changed upstream.
        skipped: Targets between the two sides.
        warnings: What a reader should know about the search.
        columns: All targets that were observed, and whether they behave as the first.
        measured: Targets on which a worker was started; the others were known.
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


@dataclass(frozen=True)
class _Ends:
    """Where the two ends differ."""

    first: CaseObservation
    last: CaseObservation

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes to compare in: the first of them that a target has."""
        return tuple(dict.fromkeys((self.first.mode, self.last.mode)))


class Bisection:
    """Searches for the first change of a case.

    Args:
        observer: Observes the case.
        project: Has the declared targets.
        releases: Lists the releases of a distribution.
        say: Called with a line about each target that is observed.
        between: Lists the releases between two targets.
    """

    def __init__(
        self,
        observer: CaseObserver,
        project: Project,
        releases: candidates.Releases,
        say: Callable[[str], None] = lambda line: None,
        between: Callable[..., list[Candidate]] = candidates.between,
    ):
        self._observer, self._project, self._releases, self._say = observer, project, releases, say
        self._between = between
        self._behaves_as_first: dict[str, bool] = {}
        self._skipped: dict[str, str] = {}
        self._warnings: list[str] = []

    def answer(self, first: Target, last: Target, mode: str | None) -> Answer:
        """Find the first change between two declared targets.

        Args:
            first: The earlier target.
            last: The later target.
            mode: Mode to run in, None for the first one in which the two differ.
        """
        ends = self._ends(first, last, mode)
        targets = compare.path(self._project.targets, first.id, last.id)
        if isinstance(ends, Answer):
            if ends.status == "same":
                known = self._known(targets, (str(ends.mode),))
                other = [id for id, same in known.items() if not same]
                if other:
                    self._warnings.append(
                        f"in between it behaves differently on {_and(other)}; use one of them as --to"
                    )
            return self._closed(ends)
        before, after = self._over_targets(targets, ends)
        passed = [t.id for t in targets[targets.index(before.target) + 1 : targets.index(after.target)]]
        before, after, between = self._over_releases(before, after, ends)
        self._warn(targets, after, ends)
        return self._closed(self._found(before, after, passed + between))

    def _closed(self, answer: Answer) -> Answer:
        return msgspec.structs.replace(
            answer,
            warnings=self._warnings + self._observer.problems,
            columns=self._behaves_as_first,
            measured=self._observer.measured,
        )

    def _ends(self, first: Target, last: Target, mode: str | None) -> _Ends | Answer:
        """Observe the two ends in the first mode in which they differ; an answer if there is none."""
        case = self._observer.case.id
        has, there = self._observer.modes(first), self._observer.modes(last)
        pairs = [(m, m) for m in has if m in there and mode in (None, m)]
        if not pairs and mode is None and has and there:
            pairs = [(has[0], there[0])]
        if not pairs:
            lacking = next((t for t, modes in ((first, has), (last, there)) if mode not in modes), first)
            why = lacking.lacks.get(mode or "", "the case does not run in it there")
            what = f"in {mode}: {lacking.id}: {why}" if mode else "in any mode"
            return Answer(case=case, status="no-mode", message=f"{case} does not run on both targets {what}")
        observed = self._observer.observe([(first, m) for m, _ in pairs] + [(last, m) for _, m in pairs])
        pairs_observed = list(zip(observed[: len(pairs)], observed[len(pairs) :], strict=True))
        self._first = pairs_observed[0][0]
        for a, b in pairs_observed:
            if a.observation and b.observation and not self._observer.same(a, b):
                self._first = a
                self._behaves_as_first |= {first.id: True, last.id: False}
                return _Ends(a, b)
        missing = [one for pair in pairs_observed for one in pair if not one.observation]
        if missing:
            where = missing[0]
            return Answer(
                case=case,
                status="could-not-run",
                message=f"{case} could not be run on {where.target.id} in {where.mode}: {where.reason}",
            )
        modes = _and([_mode(a, b) for a, b in pairs_observed])
        message = f"{case} behaves the same on {first.id} and {last.id} in {modes}"
        return Answer(case=case, status="same", message=message, mode=_mode(*pairs_observed[0]))

    def _where(self, target: Target, modes: Sequence[str]) -> str | None:
        has = self._observer.modes(target)
        return next((mode for mode in modes if mode in has), None)

    def _known(self, targets: Sequence[Target], modes: Sequence[str]) -> dict[str, bool]:
        """Return what is known of targets without a measurement; those that have no such mode are skipped."""
        wanted = []
        for target in targets:
            mode = self._where(target, modes)
            if mode:
                wanted.append((target, mode))
            else:
                why = next(
                    (target.lacks[mode] for mode in modes if mode in target.lacks), "the case does not run there"
                )
                self._skipped[target.id] = f"no mode {_and(list(modes))}: {why}"
        for (target, _), one in zip(wanted, self._observer.known(wanted), strict=True):
            if one and one.observation:
                self._behaves_as_first[target.id] = self._observer.same(self._first, one)
        return {
            target.id: self._behaves_as_first[target.id] for target in targets if target.id in self._behaves_as_first
        }

    def _over_targets(self, targets: Sequence[Target], ends: _Ends) -> tuple[CaseObservation, CaseObservation]:
        self._known(targets, ends.modes)

        def measure(position: int) -> bool | None:
            target = targets[position]
            mode = self._where(target, ends.modes)
            if not mode:
                return None
            self._say(f"observing {target.id}")
            return self._noted(target.id, self._observer.observe([(target, mode)])[0])

        known = {
            i: self._behaves_as_first[target.id]
            for i, target in enumerate(targets)
            if target.id in self._behaves_as_first
        }
        change = first_change(known, measure)
        self._say(f"between {targets[change.last_same].id} and {targets[change.first_different].id}")
        return self._observe(targets[change.last_same], ends), self._observe(targets[change.first_different], ends)

    def _observe(self, target: Target, ends: _Ends) -> CaseObservation:
        (found,) = self._observer.observe([(target, self._where(target, ends.modes) or "")])
        return found

    def _noted(self, name: str, seen: CaseObservation) -> bool | None:
        """Note whether a behaviour is that of the first target, or why that is unknown."""
        if not seen.observation:
            self._skipped[name] = seen.reason or "not run"
            self._say(f"{name}: skipped: {seen.reason}")
            return None
        same = self._behaves_as_first[name] = self._observer.same(self._first, seen)
        self._say(f"{name}: {'same' if same else 'different'}")
        return same

    def _over_releases(
        self, before: CaseObservation, after: CaseObservation, ends: _Ends
    ) -> tuple[CaseObservation, CaseObservation, list[str]]:
        """Return the two sides, and the names of the releases between them that were skipped."""
        try:
            between = self._between(before.target, after.target, self._project, self._releases)
        except Unavailable as why:
            self._warnings.append(f"only declared targets were searched: {why}")
            return before, after, []
        observations = {0: before, len(between) + 1: after}

        def measure(position: int) -> bool | None:
            candidate = between[position - 1]
            if candidate.refused:
                self._skipped[candidate.name] = candidate.refused
                self._say(f"{candidate.name}: skipped: {candidate.refused}")
                return None
            self._say(f"observing {candidate.name}")
            prepared = candidate.build()
            mode = self._where(prepared.target, ends.modes)
            if not mode:
                self._skipped[candidate.name] = f"no mode {_and(list(ends.modes))}"
                return None
            (found,) = self._observer.observe([(prepared.target, mode)], prepared)
            observations[position] = found
            return self._noted(candidate.name, found)

        change: Change = first_change({0: True, len(between) + 1: False}, measure)
        names = [between[position - 1].name for position in change.skipped]
        return observations[change.last_same], observations[change.first_different], names

    def _warn(self, targets: Sequence[Target], after: CaseObservation, ends: _Ends) -> None:
        """Warn where the behaviour changes more than once."""
        order = [target.id for target in targets if target.id in self._behaves_as_first]
        states = [self._behaves_as_first[id] for id in order]
        again = [id for i, id in enumerate(order) if states[i] and not all(states[:i])]
        if again:
            self._warnings.append(
                f"there are more changes: on {_and(again)} it behaves as on {order[0]} again; "
                "this is the first known change"
            )
        if not self._observer.same(after, ends.last):
            self._warnings.append(
                f"on {ends.last.target.id} it behaves differently again: there is another change before it"
            )

    def _found(self, before: CaseObservation, after: CaseObservation, passed: Sequence[str]) -> Answer:
        assert before.observation and after.observation
        values, case = self._observer.values, self._observer.case
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
                self._warnings.append(f"the Python version differs as well: {pythons}")
        skipped = [SkippedTarget(column=name, reason=self._skipped[name]) for name in passed if name in self._skipped]
        text, severity = difference.describe_change(before.observation, after.observation, values)
        span = ", ".join(ranges) or f"({before.target.id}, {after.target.id}]"
        return Answer(
            case=case.id,
            status="found",
            message=f"{case.id} changed in {span}" + (f"; skipped: {len(skipped)}" if skipped else ""),
            mode=_mode(before, after),
            last_same=self._described(before),
            first_different=self._described(after),
            change=text,
            severity=severity,
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
            self._warnings.append(f"the release date is unknown: {why}")
            return None
        return release.released.date() if release and release.released else None

    def _described(self, seen: CaseObservation) -> ChangeSide:
        assert seen.observation
        behaviour = judge.outcome(seen.observation, self._observer.values)
        if seen.observation.exception:
            behaviour += f": {difference.short(seen.observation.exception.message)}"
        return ChangeSide(
            column=seen.target.id,
            title=seen.target.title,
            packages=candidates.packages(seen.target),
            python=seen.target.base.python,
            mode=seen.mode,
            verdict=seen.verdict,
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
