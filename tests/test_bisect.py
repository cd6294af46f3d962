"""Which release changed a behaviour: the search as a law, the way between two columns, and real runs of fakes."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from conformance import adhoc, provision, targets
from conformance.adhoc import Column
from conformance.bisect import Answer, bisect, way
from conformance.bisect.search import first_change
from conformance.bisect.watch import Sight, Watch, Where
from conformance.bisect.way import Stop
from conformance.bundle import Bundle
from conformance.errors import Unavailable
from conformance.index import Release
from conformance.provision import provision as real_provision
from conformance.results import Case, Fact, Observation
from conformance.targets import Target
from tests.conftest import FAKES, fake_base, fake_target
from tests.local_index import LocalIndex, serve, wheel

DECLARED = {target.id: target for target in targets.load()}
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


class Told(Watch):
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
        super().__init__(case, Bundle(Path("/none"), "", ""), Path("/none"))
        self._behaviours, self._free = behaviours, free
        self.values = {str(number): number for number in behaviours.values() if number is not None}

    def _run(self, wanted: Sequence[Where], environment: object, keep_refused: bool) -> None:
        for target, mode in wanted:
            number = self._behaviours[target.id]
            if not keep_refused and (target.id not in self._free or number is None):
                continue
            if keep_refused:
                self.measured.append(target.id)
            facts = [Fact(name="number", observed=str(number))]
            observation = None if number is None else Observation(status="completed", facts=facts)
            reason = "it cannot be built" if number is None else None
            self._seen[target.id, mode] = Sight(target, mode, "observed", observation, reason)


def columns(count: int) -> list[Target]:
    return [fake_target(f"fake-{i}", keras=f"0.{i}") for i in range(count)]


def no_releases(package: str) -> list[Release]:
    return []


def answer_of(
    row: Sequence[int | None],
    monkeypatch: pytest.MonkeyPatch | None = None,
    free: set[str] = frozenset(),  # type: ignore[assignment]
    releases: way.Releases = no_releases,
    between: Sequence[int | None] = (),
) -> Answer:
    """Of columns that behave like this, with releases that behave like `between` before the first different one."""
    declared = columns(len(row))
    behaviours = {target.id: number for target, number in zip(declared, row, strict=True)}
    if monkeypatch:
        made = [fake_target(f"release-{i}", keras=f"0.0.{i}", tier="ad-hoc") for i in range(len(between))]
        stops = [Stop(t.id, lambda t=t: Column(t, lambda: provision.Environment(Path()))) for t in made]  # type: ignore[misc]
        monkeypatch.setattr(way, "stops", lambda *about: stops)
        behaviours |= {target.id: number for target, number in zip(made, between, strict=True)}
    return bisect(Told(behaviours, free), declared[0], declared[-1], None, declared, Path("/none"), releases)


behaviour = st.sampled_from([0, 0, 1, 2, None])


@settings(deadline=None)
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
    assert any("in a third way" in warning for warning in answer.warnings) == (row[after] != last)


def test_over_releases_a_column_that_cannot_be_built_makes_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answer_of([0, 0, 1, 1], monkeypatch, between=[0, None, None, 1])
    assert answer.range == ["keras (0.0.0, 0.0.3]"]
    assert [(passed.column, passed.reason) for passed in answer.skipped] == [
        ("release-1", "it cannot be built"),
        ("release-2", "it cannot be built"),
    ]
    assert answer.message == "some.case changed in keras (0.0.0, 0.0.3]; skipped: 2"
    assert answer.upstream == ["https://github.com/keras-team/keras/compare/0.0.0...0.0.3"]
    assert answer.decided_by == ["keras"] and answer.change == "number: 0 -> 1" and answer.severity == "silent"


def test_what_is_known_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answer_of([0, 0, 1, 0, 1], monkeypatch, free={"fake-1", "fake-2", "fake-3"})
    assert answer.measured == ["fake-0", "fake-4"]  # the ends
    (warning,) = answer.warnings
    assert warning.startswith("the change is not the only one: on fake-3 it behaves as on fake-0 again; ")
    assert answer.last_same and answer.last_same.column == "fake-1"


def test_a_single_step_needs_no_search() -> None:
    answer = answer_of([0, 1])
    assert answer.measured == ["fake-0", "fake-1"] and answer.range == ["keras (0.0, 0.1]"]


def test_both_ends_alike() -> None:
    answer = answer_of([0, 1, 0, 0], free={"fake-1", "fake-2"})
    assert answer.status == "same" and answer.measured == ["fake-0", "fake-3"]
    assert answer.message == "some.case behaves the same on fake-0 and fake-3 in eager"
    assert answer.warnings == ["between the two it behaves otherwise: on fake-1; give one as --to"]


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
        "only the columns were looked at: the releases of keras cannot be listed: no route",
        "when it was released is not known: the releases of keras cannot be listed: no route",
    ]


def test_it_was_released_when_its_first_file_was() -> None:
    answer = answer_of([0, 1], releases=lambda package: [Release(Version("0.1"), DAY)])
    assert answer.released == date(2024, 6, 25)


def test_modes() -> None:
    session = fake_target("old", processes=[["session"]], lacks=dict.fromkeys(("eager", "graph", "jit"), "no"))
    declared = [session, fake_target("new", keras="0.2"), fake_target("newer", keras="0.3")]
    behaviours = {"old": 0, "new": 0, "newer": 1}

    def ask(modes: Sequence[str], mode: str | None) -> Answer:
        watch = Told(behaviours, set(), modes)
        return bisect(watch, declared[0], declared[-1], mode, declared, Path("/none"), no_releases)

    assert ask(["eager | session"], None).mode == "eager"
    across = ask(["eager | session"], None)
    assert across.last_same and (across.last_same.column, across.last_same.mode) == ("new", "eager")
    lacking = ask(["eager | session"], "eager")
    assert (lacking.status, lacking.message) == ("no-mode", "some.case is not run on both columns in eager: old: no")
    assert ask(["jit"], None).message == "some.case is not run on both columns in any mode"


# The way between two columns.


def listed(*versions: str, yanked: str = "") -> list[Release]:
    return [Release(Version(v), DAY, "broken" if v == yanked else None) for v in versions]


RELEASES = {
    "keras": listed(
        *("2.3.1", "2.4.0", "2.15.0", "3.0.5", "3.1.0", "3.1.1", "3.2.0", "3.2.1"),
        *("3.3.0", "3.3.3", "3.4.0", "3.4.1", "3.12.4", "3.13.0"),
        yanked="3.4.0",
    ),
    "tf-keras": listed("2.16.0", "2.17.0", "2.18.0"),
    "tensorflow-cpu": listed(
        "2.4.4", "2.5.0", "2.5.1", "2.5.3", "2.16.2", "2.17.0", "2.17.1", "2.18.0", "2.18.1", "2.21.0"
    ),
    "tensorflow": listed("1.15.5", "2.0.0", "2.0.4"),
}


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("keras-3.3", "keras-3.4", ["Keras 3.4.0 on TensorFlow 2.17.1"]),
        ("keras-3.4", "keras-3.5", []),
        (
            "keras-3.1",
            "keras-3.2",
            [
                "Keras 3.2.0 on TensorFlow 2.16.2",
                "Keras 3.2.1 on TensorFlow 2.16.2",
                "Keras 3.2.1 on TensorFlow 2.17.0",
            ],
        ),
        (
            "keras-3.12+tf-2.17",
            "keras-3.12",
            ["Keras 3.12.4 on TensorFlow 2.18.0", "Keras 3.12.4 on TensorFlow 2.18.1"],
        ),
        ("tf-2.4", "tf-2.5", ["TensorFlow 2.5.0", "TensorFlow 2.5.1"]),
        ("tf-1.15", "tf-2.0", ["TensorFlow 2.0.0"]),
        (
            "tf-keras-2.16",
            "tf-keras-2.17",
            ["tf_keras 2.17.0 on TensorFlow 2.16.2", "tf_keras 2.17.0 on TensorFlow 2.17.0"],
        ),
        ("keras-2.3.1+tf-2.2", "keras-3.0", []),  # what was called Keras between these is tf.keras
        ("tf-2.15", "keras-3.0", []),
        ("keras-3.15", "keras-3.15+jax", []),
    ],
)
def test_every_release_between_two_columns_is_a_stop(first: str, last: str, names: list[str], tmp_path: Path) -> None:
    found = way.stops(DECLARED[first], DECLARED[last], [*DECLARED.values()], tmp_path, RELEASES.__getitem__)
    assert [stop.name for stop in found] == names
    assert [stop.refused for stop in found if "3.4.0" in stop.name] in ([], ["yanked: broken"])


def test_a_release_stands_on_the_declared_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[Target] = []

    def lock(target: Target) -> Path:
        assert target.own
        target.own.parent.mkdir(exist_ok=True)
        target.own.write_text("keras==3.4.0\n")
        locked.append(target)
        return target.own

    monkeypatch.setattr(provision, "lock", lock)
    (stop,) = way.stops(
        DECLARED["keras-3.3"], DECLARED["keras-3.4"], [*DECLARED.values()], tmp_path, RELEASES.__getitem__
    )
    target, again = stop.build().target, stop.build().target
    assert target == again and locked == [target]  # resolved once
    assert (target.id, target.tier, target.keras) == ("keras-3.4.0+tf-2.17", "ad-hoc", "3.4.0")
    assert target.base == DECLARED["keras-3.3"].base and target.requires == ["keras==3.4.0"]
    assert way.packages(target) == {"keras": "3.4.0", "tensorflow": "2.17.1"}

    def refuse(target: Target) -> Path:
        raise Unavailable("uv pip failed: no solution")

    monkeypatch.setattr(provision, "lock", refuse)
    (tmp_path / "locks").rename(tmp_path / "gone")
    with pytest.raises(Unavailable, match="no solution"):
        stop.build().environment()


def test_a_lock_that_cannot_be_installed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[str] = []

    def resolve(requires: list[str], whom: list[str], drops: list[str], lock: Path) -> None:
        resolved.append(requires[0])
        lock.write_text(f"{requires[0]}\n")

    def fail(target: Target, cache: Path) -> provision.Environment:
        raise Unavailable("hash mismatch")

    monkeypatch.setattr(provision, "resolve", resolve)
    monkeypatch.setattr(adhoc, "find_python", lambda version: Path(f"/python{version}"))
    first, last = DECLARED["tf-2.4"], DECLARED["tf-2.5"]
    stop = way.stops(first, last, [*DECLARED.values()], tmp_path, RELEASES.__getitem__)[0]
    column = stop.build()
    assert stop.build().target == column.target
    assert resolved == ["tensorflow-cpu==2.5.0"]
    monkeypatch.setattr(provision, "provision", fail)
    with pytest.raises(Unavailable, match="hash mismatch"):
        column.environment()
    stop.build()
    assert resolved == ["tensorflow-cpu==2.5.0"] * 2
    assert first.base.lock.is_file() and last.base.lock.is_file()


def test_a_tensorflow_that_a_base_has_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "lock", lambda target: target.own)
    first, last = DECLARED["keras-3.12+tf-2.17"], DECLARED["keras-3.12"]
    found = way.stops(first, last, [*DECLARED.values()], tmp_path, RELEASES.__getitem__)
    target = next(stop for stop in found if "2.18.1" in stop.name).build().target
    assert target.base == DECLARED["tf-keras-2.18"].base and target.requires == ["keras==3.12.4"]


def test_columns_of_other_front_ends_are_passed_over() -> None:
    ids = [t.id for t in way.columns([*DECLARED.values()], DECLARED["tf-2.14"], DECLARED["keras-3.1"])]
    assert ids == ["tf-2.14", "tf-2.15", "keras-3.0", "keras-3.1"]


# Real runs: fakes, from an index on this machine.

Command = Callable[..., Result]
CASE = ("bisect", "good.masking", "--from", "fake-0.1", "--to", "fake-0.5")
DATES = {version: f"2024-0{i + 1}-15T10:00:00Z" for i, version in enumerate(("0.1", "0.2", "0.3", "0.4", "0.5"))}


def source(version: str, any_or_all: str = "any") -> str:
    text = (FAKES / "keras" / "__init__.py").read_text().replace('else "0.1"', f'else "{version}"')
    return text.replace("np.any(inputs", f"np.{any_or_all}(inputs")


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Has five releases of the fake Keras; from 0.5 on another step is masked."""
    with serve() as index:
        monkeypatch.setenv("UV_INDEX", index.url)
        for version, uploaded in DATES.items():
            needs = ("there-is-no-such-package-of-masks",) if version == "0.4" else ()
            content = wheel("keras", version, source(version, "all" if version == "0.5" else "any"), needs)
            index.add("keras", f"keras-{version}-py3-none-any.whl", content, uploaded, version == "0.3" and "a mistake")
        yield index


@pytest.fixture
def released(command: Command, local: LocalIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The program with two declared columns, Keras 0.1 and 0.5, which are installed from that index."""
    monkeypatch.setenv("KERAS_MASK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(provision, "provision", real_provision)
    base = fake_base(tmp_path / "base.txt", requires=["numpy", "pytest"])
    provision.lock(base)
    declared = [
        fake_target(f"fake-{v}", keras=v, base=base, requires=[f"keras=={v}"], own=tmp_path / f"{v}.txt")
        for v in ("0.1", "0.5")
    ]
    for target in declared:
        provision.lock(target)
    monkeypatch.setattr(targets, "load", lambda: declared)
    return command


def test_the_release_is_found_installed_and_remembered(released: Command, local: LocalIndex, tmp_path: Path) -> None:
    result = released(*CASE, "--format", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    jsonschema.validate(found, json.loads(released("bisect", "--schema").output))
    assert found["message"] == "good.masking changed in keras (0.2, 0.5]; skipped: 2"
    assert found["last_same"]["column"] == "keras-0.2+bare"
    assert found["first_different"]["column"] == "fake-0.5"
    assert (found["released"], found["mode"], found["severity"]) == ("2024-05-15", "eager", "silent")
    assert found["change"].startswith("mask: [101] -> [100]")
    assert found["columns"] == {"fake-0.1": True, "fake-0.5": False, "Keras 0.2 on NumPy": True}
    yanked, uninstallable = found["skipped"]
    assert yanked == {"column": "Keras 0.3 on NumPy", "reason": "yanked: a mistake"}
    assert uninstallable["column"] == "Keras 0.4 on NumPy"
    assert "there-is-no-such-package-of-masks" in uninstallable["reason"]
    assert found["warnings"] == []
    assert sorted(found["measured"]) == ["fake-0.1", "fake-0.5", "keras-0.2+bare"]

    again = released(*CASE)
    assert again.exit_code == 0
    lines = again.stdout.splitlines()
    assert lines[0] == found["message"]
    (first_different,) = (line for line in lines if line.startswith("  first different fake-0.5 (keras 0.5, numpy "))
    assert first_different.endswith("), 2024-05-15")
    assert "  read            https://github.com/keras-team/keras/compare/0.2...0.5" in lines
    remembered = json.loads(released(*CASE, "--format", "json").stdout)
    assert remembered["measured"] == []
    markdown = released(*CASE, "--format", "markdown").stdout
    assert "| range | keras (0.2, 0.5] |" in markdown.splitlines()


def test_stored_results_are_used(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert command("run", "--case", "good.masking", "--mode", "eager", "--no-cache").exit_code == 0
    monkeypatch.setenv("KERAS_MASK_CACHE", str(tmp_path / "empty"))
    fakes = [fake_target(), fake_target("fake-uninstallable")]
    monkeypatch.setattr(targets, "load", lambda: fakes)
    result = command("bisect", "good.masking", "--from", "fake-0.1", "--to", "fake-uninstallable", "--format", "json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["message"].endswith("on fake-uninstallable in eager: uv pip failed: there is no such wheel")
    assert found["measured"] == []  # the one that can be run is in reports/latest


def test_exit_code_of_what_does_not_change(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = [fake_target(), fake_target("fake-other")]
    monkeypatch.setattr(targets, "load", lambda: fakes)
    ends = ("--from", "fake-0.1", "--to", "fake-other")
    same = command("bisect", "good.masking", *ends)
    assert same.exit_code == 1
    assert same.stdout == "good.masking behaves the same on fake-0.1 and fake-other in eager\n"
    lacking = command("bisect", "good.masking", *ends, "--mode", "jit")
    assert lacking.exit_code == 1
    assert "good.masking is not run on both columns in jit: fake-0.1: the fake has no jit" in lacking.stdout


ENDS = ("--from", "fake-0.1", "--to", "fake-uninstallable")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("good.maskin", *ENDS), "unknown case 'good.maskin'; did you mean 'good.masking'?"),
        (("good.variants", *ENDS), "'good.variants' has variants, name one: good.variants[two], good.variants[three]"),
        (("good.masking", "--from", "fake-0.2", "--to", "x"), "unknown column 'fake-0.2'; did you mean 'fake-0.1'?"),
        (("good.masking", *ENDS, "--mode", "eagre"), "'eagre' is not one of"),
        (("good.masking", *ENDS, "--results", "nowhere"), "cannot read nowhere: No such file"),
        (("good.masking", *ENDS, "--results", "junk"), "junk is not JSON"),
        (
            ("good.masking", "--from", "fake-uninstallable", "--to", "fake-0.1"),
            "fake-uninstallable is newer than fake-0.1",
        ),
        (("good.masking", "--from", "fake-0.1", "--to", "fake-0.1"), "the same column"),
        (("good.masking", "--from", "fake-0.1"), "Missing option '--to'"),
    ],
)
def test_bad_input_is_one_line(command: Command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "junk").write_text("junk")
    result = command("bisect", *arguments)
    assert result.exit_code == 2
    assert message in result.output.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["junk"]
