"""Which release changed a behaviour: the search as a law, and what is made of what it finds."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from conformance.bisect import candidates
from conformance.bisect.bisector import Answer, Bisection
from conformance.bisect.candidates import Candidate
from conformance.bisect.observer import CaseObservation, CaseObserver, Where
from conformance.bisect.search import first_change
from conformance.local.errors import Unavailable
from conformance.local.launch import Environment
from conformance.project import Project
from conformance.results import Case, Fact, Observation
from conformance.targets import registry
from conformance.targets.package_index import Release
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget
from tests.support.fakes import fake_base, fake_target

DECLARED = {target.id: target for target in registry.load()}
DAY = datetime(2024, 6, 25, tzinfo=UTC)

# The search.

state = st.sampled_from([True, False, None])


@given(st.lists(state, max_size=40), st.data())
def test_it_is_a_change_and_nothing_was_measured_twice(middle: list[bool | None], data: st.DataObject) -> None:
    row = [True, *middle, False]
    free = data.draw(st.sets(st.integers(0, len(row) - 1)))
    known = {i: same for i, same in enumerate(row) if same is not None and (i in free or i in (0, len(row) - 1))}
    asked: list[int] = []

    def measure(position: int) -> bool | None:
        asked.append(position)
        return row[position]

    change = first_change(known, measure)
    assert row[change.last_same] is True and row[change.first_different] is False
    assert [row[i] for i in change.skipped] == [None] * len(change.skipped)
    assert len(asked) == len({*asked}) and not {*asked} & {*known}
    assert change.first_different <= min(i for i, same in known.items() if not same)


@given(st.integers(1, 500), st.data())
def test_the_number_of_measurements_is_logarithmic(count: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, count))
    asked: list[int] = []

    def measure(position: int) -> bool:
        asked.append(position)
        return position < at

    change = first_change({0: True, count: False}, measure)
    assert (change.last_same, change.first_different) == (at - 1, at)
    assert len(asked) <= math.ceil(math.log2(count)) if count > 1 else not asked


# The whole, over columns and releases that need no run.


class Told(CaseObserver):
    """Is told what it sees. behaviours: of columns, None where nothing can be seen; free: columns known in advance."""

    def __init__(self, behaviours: Mapping[str, int | None], free: set[str], modes: Sequence[str] = ("eager",)):
        case = Case(
            id="some.case",
            title="Some.",
            contract="Some.",
            basis="documented",
            source="a page",
            severity="silent",
            issues=[],
            tags=[],
            modes=list(modes),
            needs=[],
            file="test_some.py",
            function="test",
            line=1,
            code="",
        )
        super().__init__(case, Project(cache=Path("/none")))
        self._behaviours, self._free = behaviours, free
        self.values = {str(number): number for number in behaviours.values() if number is not None}

    def _run(self, wanted: Sequence[Where], prepare: object, keep_refused: bool) -> None:
        for target, mode in wanted:
            if (target.id, mode) in self._seen:
                continue
            number = self._behaviours[target.id]
            if not keep_refused and (target.id not in self._free or number is None):
                continue
            if keep_refused:
                self.measured.append(target.id)
            facts = [Fact(name="number", observed=str(number))]
            observation = None if number is None else Observation(status="completed", facts=facts)
            reason = "it cannot be built" if number is None else None
            self._seen[target.id, mode] = CaseObservation(target, mode, "observed", observation, reason)


def columns(count: int) -> list[Target]:
    return [fake_target(f"fake-{i}", keras=f"0.{i}") for i in range(count)]


def no_releases(package: str) -> list[Release]:
    return []


def answer_of(
    row: Sequence[int | None],
    free: set[str] = frozenset(),  # type: ignore[assignment]
    releases: candidates.Releases = no_releases,
    between: Sequence[int | None] = (),
) -> Answer:
    """Of columns that behave like this, with releases that behave like `between` before the first different one."""
    declared = columns(len(row))
    behaviours = {target.id: number for target, number in zip(declared, row, strict=True)}
    project = Project(targets=declared, cache=Path("/none"))
    if not between:
        return Bisection(Told(behaviours, free), project, releases).answer(declared[0], declared[-1], None)
    made = [fake_target(f"release-{i}", keras=f"0.0.{i}", tier="ad-hoc") for i in range(len(between))]
    behaviours |= {target.id: number for target, number in zip(made, between, strict=True)}
    found = [Candidate(t.id, lambda t=t: PreparedTarget(t, lambda: Environment(Path()))) for t in made]  # type: ignore[misc]
    bisection = Bisection(Told(behaviours, free), project, releases, between=lambda *_: found)
    return bisection.answer(declared[0], declared[-1], None)


behaviour = st.sampled_from([0, 0, 1, 2, None])


@given(st.lists(behaviour, max_size=12), st.sampled_from([1, 2]), st.data())
def test_for_any_row_the_answer_is_a_true_change(middle: list[int | None], last: int, data: st.DataObject) -> None:
    row = [0, *middle, last]
    ids = [f"fake-{i}" for i in range(len(row))]
    answer = answer_of(row, free=data.draw(st.sets(st.sampled_from(ids))))
    assert answer.status == "found" and answer.last_same and answer.first_different
    before, after = (ids.index(seen.column) for seen in (answer.last_same, answer.first_different))
    assert before < after and row[before] == 0 and row[after] not in (0, None)
    assert row[before + 1 : after] == [None] * (after - before - 1)
    assert [passed.column for passed in answer.skipped] == ids[before + 1 : after]
    again = any(row[ids.index(id)] == 0 for id in answer.columns if ids.index(id) > after)
    assert any("as on fake-0 again" in warning for warning in answer.warnings) == again
    assert any("there is another change before it" in warning for warning in answer.warnings) == (row[after] != last)


def test_over_releases_a_target_that_cannot_be_built_makes_a_range() -> None:
    answer = answer_of([0, 0, 1, 1], between=[0, None, None, 1])
    assert answer.range == ["keras (0.0.0, 0.0.3]"]
    assert [(passed.column, passed.reason) for passed in answer.skipped] == [
        ("release-1", "it cannot be built"),
        ("release-2", "it cannot be built"),
    ]
    assert answer.message == "some.case changed in keras (0.0.0, 0.0.3]; skipped: 2"
    assert answer.upstream == ["https://github.com/keras-team/keras/compare/0.0.0...0.0.3"]
    assert answer.decided_by == ["keras"] and answer.change == "number: 0 -> 1" and answer.severity == "silent"


def test_what_is_known_is_not_measured() -> None:
    answer = answer_of([0, 0, 1, 0, 1], free={"fake-1", "fake-2", "fake-3"})
    assert answer.measured == ["fake-0", "fake-4"]  # the ends
    (warning,) = answer.warnings
    assert warning.startswith("there are more changes: on fake-3 it behaves as on fake-0 again; ")
    assert answer.last_same and answer.last_same.column == "fake-1"


def test_a_single_step_needs_no_search() -> None:
    answer = answer_of([0, 1])
    assert answer.measured == ["fake-0", "fake-1"] and answer.range == ["keras (0.0, 0.1]"]


def test_another_python_is_told() -> None:
    old, new = (
        fake_target("fake-0", base=fake_base(python="3.10")),
        fake_target("fake-1", base=fake_base(python="3.12")),
    )
    bisection = Bisection(Told({"fake-0": 0, "fake-1": 1}, set()), Project(targets=[old, new]), no_releases)
    answer = bisection.answer(old, new, None)
    assert answer.warnings == ["the Python version differs as well: 3.10 and 3.12"]


def test_both_ends_alike() -> None:
    answer = answer_of([0, 1, 0, 0], free={"fake-1", "fake-2"})
    assert answer.status == "same" and answer.measured == ["fake-0", "fake-3"]
    assert answer.message == "some.case behaves the same on fake-0 and fake-3 in eager"
    assert answer.warnings == ["in between it behaves differently on fake-1; use one of them as --to"]


def test_an_end_that_cannot_be_run() -> None:
    answer = answer_of([0, 1, None])
    assert answer.status == "could-not-run"
    assert answer.message == "some.case could not be run on fake-2 in eager: it cannot be built"


def test_where_the_index_does_not_answer_it_is_between_columns() -> None:
    def down(package: str) -> list[Release]:
        raise Unavailable(f"the releases of {package} cannot be listed: no route")

    answer = answer_of([0, 0, 1], releases=down)
    assert answer.range == ["keras (0.1, 0.2]"] and answer.released is None
    assert answer.warnings == [
        "only declared targets were searched: the releases of keras cannot be listed: no route",
        "the release date is unknown: the releases of keras cannot be listed: no route",
    ]


def test_it_was_released_when_its_first_file_was() -> None:
    answer = answer_of([0, 1], releases=lambda package: [Release(Version("0.1"), DAY)])
    assert answer.released == date(2024, 6, 25)


def test_modes() -> None:
    session = fake_target("old", processes=[["session"]], lacks=dict.fromkeys(("eager", "graph", "jit"), "no"))
    declared = [session, fake_target("new", keras="0.2"), fake_target("newer", keras="0.3")]
    behaviours = {"old": 0, "new": 0, "newer": 1}

    def ask(modes: Sequence[str], mode: str | None) -> Answer:
        bisection = Bisection(Told(behaviours, set(), modes), Project(targets=declared), no_releases)
        return bisection.answer(declared[0], declared[-1], mode)

    assert ask(["eager | session"], None).mode == "eager"
    across = ask(["eager | session"], None)
    assert across.last_same and (across.last_same.column, across.last_same.mode) == ("new", "eager")
    lacking = ask(["eager | session"], "eager")
    assert (lacking.status, lacking.message) == ("no-mode", "some.case does not run on both targets in eager: old: no")
    assert ask(["jit"], None).message == "some.case does not run on both targets in any mode"
