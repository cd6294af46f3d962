"""`conformance gate` and `conformance expectations update`: what they print, and the exit codes."""

import json
import re
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from conformance import results
from conformance.judging import gate
from conformance.judging.expectations import load
from tests.support.fakes import FAKES, Command, fake_target
from tests.support.page_samples import HOSTILE, MASK, Made

ENTRIES = (FAKES / "cases" / "expectations.toml").read_text()
OTHER = ENTRIES.replace("number is 2", "number is 3")


@pytest.fixture
def ran(command: Command) -> Command:
    """Results of the cases that have entries, on the one fake column that is there."""
    assert command("run", "--case", "good.*", "--mode", "eager").exit_code == 0
    return command


def test_results_that_are_as_expected(ran: Command) -> None:
    result = ran("gate")
    assert (result.exit_code, result.stdout) == (0, "all is as expected\n")
    assert json.loads(ran("gate", "--format", "json").stdout) == {
        "as_expected": True,
        "complete": False,
        "surprises": [],
        "not_run": {},
        "problems": [],
        "overdue": {},
    }
    complete = ran("gate", "--complete").stdout
    assert complete == "all is as expected, and every expectation matches a cell\n"
    assert ran("gate", "--format", "markdown").stdout == "**all is as expected**\n"


def test_each_kind_of_unexpected_result(ran: Command, tmp_path: Path) -> None:
    more = [
        f'  {{ case = "good.{case}", on = ["keras"], outcome = "crashes" }},\n'
        for case in ("masking", "raises", "gone")
    ]
    text = OTHER.rstrip().removesuffix("]") + "".join(more) + "]\n"
    (tmp_path / "other.toml").write_text(text)
    result = ran("gate", "--expectations", "other.toml", "--complete", "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [(s["kind"], s["case"], s.get("target")) for s in found["surprises"]] == [
        ("unexpected-pass", "good.masking", "fake-0.1"),
        ("other-outcome", "good.deviates", "fake-0.1"),
        ("contradiction", "good.raises", "fake-0.1"),
        ("matches-nothing", "good.gone", None),
    ]
    assert found["surprises"][1] == {
        "kind": "other-outcome",
        "case": "good.deviates",
        "target": "fake-0.1",
        "mode": "eager",
        "outcome": "deviates: number is 2",
        "expected": "deviates: number is 3",
        "expectations": ["made-up"],
        "why": "deviates: number is 2; 'made-up' expects deviates: number is 3",
    }
    assert found["surprises"][2]["why"] == "several expectations apply: made-up, made-up"
    table = ran("gate", "--expectations", "other.toml").stdout.splitlines()
    assert table[-1] == "3 not as expected"  # not complete: an entry may match nothing
    where = "good.masking on fake-0.1 in eager"
    assert table[1].split("  ")[:2] == ["unexpected-pass", where]
    assert table[1].rstrip().endswith("conforms, although 'made-up' expects crashes")

    (tmp_path / "none.toml").write_text("")
    unexplained = ran("gate", "--expectations", "none.toml", "--format", "markdown")
    assert unexplained.exit_code == 1
    assert "**2 not as expected**" in unexplained.output
    line = "| unexplained | good.deviates on fake-0.1 in eager | deviates: number is 2; no expectation explains it |"
    assert line in unexplained.output.splitlines()


def test_the_json_is_as_its_schema_says(ran: Command, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(OTHER)
    schema = json.loads(ran("gate", "--schema").stdout)
    for arguments in ((), ("--expectations", "other.toml")):
        jsonschema.validate(json.loads(ran("gate", "--format", "json", *arguments).stdout), schema)


def test_a_column_that_did_not_run_and_a_problem_are_no_pass(command: Command, tmp_path: Path) -> None:
    command("run", "--case", "good.masking", "--mode", "eager", "--tier", "history")
    result = command("gate")
    assert result.exit_code == 1
    assert "not-run  fake-uninstallable  uv pip failed: there is no such wheel" in result.output
    assert result.output.splitlines()[-1] == "1 target did not run"
    assert command("gate", "--allow-not-run").exit_code == 0
    path = tmp_path / "reports" / "latest" / "results.json"
    found = results.read(path)
    found.problems.append("a cell was planned but not recorded")
    results.write(found, path)
    assert command("gate", "--allow-not-run").exit_code == 1


def test_the_whole_history_is_asked_for_entries_that_match_nothing(command: Command, tmp_path: Path) -> None:
    command.about["targets"] = [fake_target()]
    assert command("run", "--case", "good.*").exit_code == 0
    assert command("gate").stdout == "all is as expected\n"  # not every case
    (tmp_path / "cases").mkdir()
    found = results.read(tmp_path / "reports" / "latest")
    cases = [case.id for case in found.cases]
    assert gate.is_complete(found, cases, ["fake-0.1"])
    assert not gate.is_complete(found, [*cases, "good.other"], ["fake-0.1"])
    assert not gate.is_complete(found, cases, ["fake-0.1", "fake-0.2"])
    found.cells.pop()
    assert not gate.is_complete(found, cases, ["fake-0.1"])


def test_an_entry_that_nobody_reviewed_for_a_year_is_said_and_no_mistake(ran: Command, tmp_path: Path) -> None:
    assert "reviewed = " in ENTRIES
    old = re.sub(r"reviewed = [\d-]+", "reviewed = 2020-02-29", ENTRIES)
    (tmp_path / "old.toml").write_text(old)
    result = ran("gate", "--expectations", "old.toml")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "overdue  made-up  last reviewed on 2020-02-29",
        "all is as expected; 1 expectation was last reviewed more than a year ago",
    ]
    assert json.loads(ran("gate", "--expectations", "old.toml", "--format", "json").stdout)["overdue"] == {
        "made-up": "2020-02-29"
    }
    entry = load(tmp_path / "old.toml")[0]
    for days, names in ((365, []), (366, ["made-up"])):
        assert [*gate.overdue([entry], entry.reviewed + timedelta(days))] == names


def test_hostile_texts_stay_in_their_cell(command: Command, tmp_path: Path) -> None:
    made = Made()
    made.target("keras-3.3", "Keras 3.3", versions={"keras": "3.3.3"})
    id = f"merge.x[{HOSTILE} | `a`\nb [red]]"
    made.case(id)
    made.cell(id, "keras-3.3", "eager", {"mask": (None, MASK)})
    results.write(made.judged(), tmp_path / "results.json")
    row = command("gate", "results.json", "--no-complete", "--format", "markdown").stdout.splitlines()[4]
    assert row.replace("\\|", "").count("|") == 4 and "<" not in row
    table = command("gate", "results.json", "--no-complete").stdout
    assert "[red]]" in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gate", "nowhere"), "cannot read nowhere: No such file or directory"),
        (("gate", "toml"), "toml is not JSON: "),
        (("gate", "--expectations", "nowhere"), "cannot read nowhere"),
        (("gate", "--format", "xml"), "'xml' is not one of"),
        (("expectations", "update", "nowhere"), "cannot read nowhere"),
    ],
)
def test_bad_input_is_one_line(ran: Command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "toml").write_text(OTHER)
    result = ran(*arguments)
    assert result.exit_code == 2
    assert message in result.output.splitlines()[-1]


def test_update_proposes_and_widens_nothing(ran: Command, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"

    def update(text: str) -> list[str]:
        path.write_text(text)
        return ran("expectations", "update", "--expectations", "other.toml").output.splitlines()

    proposed = '  { case = "good.deviates", on = ["keras"], outcome = "deviates: number is 2" },'
    assert update(ENTRIES) == []
    assert proposed in update("")
    narrow = update(ENTRIES.replace('"good.deviates", on = ["keras"]', '"good.deviates", on = ["keras<0.1"]'))
    assert narrow == [
        "  # 'made-up' expects this outcome of good.deviates on keras<0.1: is the reason the same?",
        proposed,
    ]
    assert update(OTHER) == [
        "  # to change: good.deviates: deviates: number is 2; 'made-up' expects deviates: number is 3: "
        "on fake-0.1 (eager)"
    ]
    assert path.read_text() == OTHER
    assert len(load(path)) == 1
