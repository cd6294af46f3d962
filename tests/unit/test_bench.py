"""Numbers of the bench: what a measurement is, how it is judged, shown and recorded."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from bench import __main__ as command
from bench import budgets, floor, record
from bench.chart import draw
from bench.page import page
from bench.record import Entry, Machine, Record, Sample
from conformance.local.errors import UsageError
from tests.support.fakes import THIS_PYTHON

MACHINE = Machine(processor="A processor", cores=2, memory_gb=16.0, system="Linux x86_64", python=THIS_PYTHON)


def sample(wall: float, cpu: float | None = None, others: float = 0.0, cells: int = 7) -> Sample:
    return Sample(wall=wall, cpu=wall if cpu is None else cpu, others=others, cells=cells)


def entry(what: str, of: str, **about: object) -> Entry:
    common = {"created": "2020-01-01T00:00:00+00:00", "load": 0.1, "suite": "abc"}
    return Entry(what=what, of=of, **(common | about))  # type: ignore[arg-type]


def record_of(*entries: Entry, patterns: tuple[str, ...] = ()) -> Record:
    return Record(machine=MACHINE, patterns=list(patterns), entries=list(entries))


def row(found: Record, label: str) -> budgets.Row:
    (one,) = (r for r in budgets.rows(found) if r.label.startswith(label))
    return one


# Numbers


@pytest.mark.parametrize(
    ("what", "of", "numbers", "measured", "share", "state"),
    [
        ("cold", "core", {"suite_runs": [sample(w) for w in (500, 180, 90)]}, "3 min", 0.5, "met"),
        ("cold", "history", {"suite_runs": [sample(4800)]}, "1 h 20 min", 2.0, "not met"),
        ("warm", "core", {"suite_runs": [sample(3.3)]}, "3.3 s", 1.1, "not met"),
        ("warm", "history", {"suite_runs": [sample(2.5)]}, "2.5 s", 0.25, "met"),
        # The median of the ratios 1.05, 1.0 and 3; that of the medians would be 2.
        (
            *("overhead", "tf-2.15"),
            {"suite_runs": [sample(w) for w in (21, 10, 30)], "other": [sample(w) for w in (20, 10, 10)]},
            *("5 %", 0.5, "met"),
        ),
        ("plain", "tf-2.15", {"suite_runs": [sample(10)], "other": [sample(80)]}, "8 times", 0.5, "met"),
        ("plain", "tf-2.15", {"suite_runs": [sample(10)], "other": [sample(20)]}, "2 times", 2.0, "not met"),
        (
            *("changed", "core"),
            {"suite_runs": [sample(w) for w in (12, 20, 16)], "other": [sample(w) for w in (10, 10, 10)]},
            *("6 s", 2.0, "not met"),
        ),
        ("memory", "core", {"megabytes": 750.0}, "750 MB", 0.5, "met"),
        ("disk", "history", {"megabytes": 25000.0}, "25 GB", 1.25, "not met"),
    ],
)
def test_a_number_is_held_against_its_budget(
    what: str, of: str, numbers: dict[str, object], measured: str, share: float, state: str
) -> None:
    label = f"{of}: {budgets.MEASURES[what].label}"
    found = row(record_of(entry(what, of, **numbers)), label)
    assert (found.measured, found.state) == (measured, state)
    assert found.share == pytest.approx(share)


def test_processor_time_has_a_ratio_of_its_own() -> None:
    one = entry("plain", "tf-2.15", suite_runs=[sample(10, cpu=30)], other=[sample(80, cpu=60)])
    assert (budgets.wall_ratio(one), budgets.cpu_ratio(one)) == (0.125, 0.5)


def test_what_was_not_measured_is_said() -> None:
    found = budgets.rows(record_of())
    assert {r.state for r in found} == {"not measured"} and all(not r.measured and r.share is None for r in found)
    assert len(found) == len({r.label for r in found}) == 16


def test_a_size_without_a_budget_is_not_judged() -> None:
    found = row(record_of(entry("results", "core", megabytes=2.0)), "core: size of results.json")
    assert (found.measured, found.budget, found.state, found.share) == ("2 MB", "", "no budget", None)


def test_a_part_of_the_suite_is_not_judged() -> None:
    found = record_of(
        entry("cold", "core", suite_runs=[sample(1)]), entry("disk", "core", megabytes=1.0), patterns=("lstm.*",)
    )
    assert row(found, "core: run, everything installed").state == "part of the suite"
    assert row(found, "core: disk").state == "met"  # whatever cases run
    assert "Only a part of the suite was measured**: `lstm.*`" in page(found)
    assert "everything installed" not in draw(budgets.rows(found))


# A failed measurement is not a number


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"failure": "it fell", "suite_runs": [sample(1)]},
        {"failure": "it fell", "megabytes": 1.0},
        {"suite_runs": [sample(1), sample(1)], "other": [sample(1)]},
        {"other": [sample(1)]},
    ],
)
def test_an_entry_has_numbers_or_a_failure(numbers: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="cold of core"):
        entry("cold", "core", **numbers)


def test_a_failure_is_shown_as_one() -> None:
    found = record_of(entry("overhead", "tf-2.15", failure="the floor fell"))
    one = row(found, "tf-2.15: overhead")
    assert (one.measured, one.share, one.state) == ("", None, "failed")
    assert "Could not be measured: overhead, tf-2.15: the floor fell" in page(found)
    drawn = draw(budgets.rows(found))
    assert "could not be measured" in drawn and "<rect" not in drawn


# Page and chart


def full() -> Record:
    busy = sample(200, cpu=300, others=40)
    return record_of(
        entry("cold", "core", suite_runs=[busy]),
        entry("warm", "core", suite_runs=[sample(9), sample(9), sample(9)]),
        entry("plain", "tf-2.15", suite_runs=[sample(10, cells=5)], other=[sample(80, cells=6)]),
        entry("disk", "core", failure="no space <left>"),
        entry("page", "history", megabytes=2.4, suite="def"),
    )


def test_the_page_says_what_a_reader_must_know() -> None:
    text = page(full())
    assert "used more than 5 % of it during 1 measurement, up to 10 % (cold, core)" in text
    assert "2 states of the suite: abc, def" in text
    assert "| core: run, nothing changed | 3 s | 9 s | 300 % | not met |" in text
    assert "| tf-2.15 | 10 s | 10 s | 5 | 80 s | 80 s | 6 | 0.12 | 0.12 |" in text
    assert "| cold | core | 3 min 20 s | 5 min | 7 | 10 % | 0.1 |" in text
    assert "2 cores of A processor" in text and "$" not in text


def test_the_page_of_an_idle_machine_has_no_warning() -> None:
    assert "idle" not in page(record_of(entry("cold", "core", suite_runs=[sample(1)])))


def test_the_chart_has_a_bar_for_each_number_and_nothing_for_a_failure() -> None:
    rows = budgets.rows(full())
    svg = ElementTree.fromstring(draw(rows))
    space = "{http://www.w3.org/2000/svg}"
    bars = [float(bar.get("width", "nan")) for bar in svg.iter(space + "rect")]
    said = [text.text for text in svg.iter(space + "text")]
    assert len(bars) == sum(r.share is not None for r in rows) == 4
    cold, warm, plain, size = bars
    scale = cold / (200 / 360)
    assert plain == pytest.approx(scale * 0.5, abs=0.1) and size == pytest.approx(scale * 0.8, abs=0.1)
    assert warm == pytest.approx(scale * 2.5, abs=0.3)  # cut; its text has the number
    assert {"9 s, over", "could not be measured", "core: disk of the environments"} <= set(said)
    width = float(svg.get("width", "0"))
    assert all(0 <= float(t.get("x", "-1")) <= width for t in svg.iter(space + "text"))


def test_a_record_is_written_and_read(tmp_path: Path) -> None:
    command.write(full(), tmp_path)
    assert record.read(tmp_path / "performance.json") == full()
    shown = [(tmp_path / name).read_text() for name in ("performance.md", "performance.svg")]
    done = CliRunner().invoke(command.main, ["--render", "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert shown == [(tmp_path / name).read_text() for name in ("performance.md", "performance.svg")]


def test_a_newer_entry_takes_the_place_of_the_older() -> None:
    found = full()
    found.put(entry("cold", "core", failure="it fell"))
    assert [e.failure for e in found.entries if (e.what, e.of) == ("cold", "core")] == ["it fell"]


def test_a_record_with_a_number_for_a_failure_is_refused(tmp_path: Path) -> None:
    data = msgspec.to_builtins(full())
    data["entries"][0]["failure"] = "it fell"
    (tmp_path / "performance.json").write_bytes(msgspec.json.encode(data))
    with pytest.raises(UsageError, match=r"performance\.json is not a record.*cold of core"):
        record.read(tmp_path / "performance.json")


@pytest.mark.parametrize("difference", [{"patterns": ["lstm.*"]}, {"machine": MACHINE}])
def test_what_cannot_be_compared_is_not_mixed(difference: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "performance.json"
    mine = record.open_record(path, [])
    record.write(mine, path)
    assert record.open_record(path, []) == mine
    record.write(msgspec.structs.replace(mine, **difference), path)
    with pytest.raises(UsageError, match="another machine or with other cases"):
        record.open_record(path, [])


@pytest.mark.parametrize(
    "arguments", [["--what", "plian"], ["--target", "tf-9"], ["--column", "tf-9"], ["--render", "--out", "nowhere"]]
)
def test_what_does_not_exist_is_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(command.main, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ([], [{}]),
        ([pytest.mark.parametrize("a", [1, (2, 3)])], [{"a": 1}, {"a": (2, 3)}]),
        (
            [pytest.mark.parametrize("a, b", [(1, 2)]), pytest.mark.parametrize(["c"], [[3], [4]])],
            [{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 4}],
        ),
    ],
)
def test_the_floor_knows_the_variants_of_a_case(marks: list[pytest.MarkDecorator], found: list[object]) -> None:
    def body() -> None: ...

    for mark in [pytest.mark.filterwarnings("ignore"), *marks]:
        mark(body)
    assert sorted(map(str, floor.variants(body))) == sorted(map(str, found))
