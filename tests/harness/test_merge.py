"""Merging: parts that agree become a whole; what is missing, foreign or contradicted is named, never smoothed over."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance import results
from conformance.distributed.merge import Disagreement, merge
from conformance.local.errors import UsageError
from conformance.report.folder import BESIDE
from tests.support.fakes import FAKES, Command, FakeRuns, fake_base, fake_target
from tests.support.page_samples import store_observation, store_value

# Two on one base and one on another: the first shard of two has one column, the second two.
TARGETS = [
    fake_target("fake-a"),
    fake_target("fake-b", base=fake_base(id="other")),
    fake_target("fake-c", base=fake_base(id="other"), tier="history"),
    fake_target("fake-uninstallable", base=fake_base(id="third"), tier="history"),
]


THREE = ("--target", "fake-a", "--target", "fake-b", "--target", "fake-c")


@pytest.fixture(scope="module")
def program(run_fake: FakeRuns) -> Command:
    """The program with fake columns and the cases that behave."""
    cases = shutil.copytree(FAKES / "cases", run_fake.folder / "cases", ignore=shutil.ignore_patterns("test_bad.py"))
    return Command(
        targets=TARGETS,
        cases=cases,
        cache=run_fake.folder / "cache",
        provision=lambda target, _: run_fake.provision(target),
    )


@pytest.fixture(scope="module")
def originals(program: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two shards of a plan of three columns, run."""
    folder = tmp_path_factory.mktemp("shards")
    for i in (1, 2):
        result = program("run", *THREE, "--shard", f"{i}/2", "--out", f"{folder}/shard-{i}")
        assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def command(program: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    return program


@pytest.fixture
def shards(command: Command, originals: Path, tmp_path: Path) -> list[str]:
    """Copies of the two shards, to be changed and merged."""
    shutil.copytree(originals, tmp_path, dirs_exist_ok=True)
    return ["shard-1", "shard-2"]


def change(folder: str, edit: Callable[[dict[str, Any]], None]) -> None:
    path = Path(folder) / "results.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def observe(folder: str, case: str, fact: str, value: object) -> None:
    """Let the cells of `case` have observed something else."""
    found = results.read(Path(folder))
    for cell in found.cells:
        if cell.case == case and cell.observation:
            observation = msgspec.convert(
                msgspec.to_builtins(found.observations[cell.observation]), results.Observation
            )
            for one in observation.facts:
                if one.name == fact:
                    one.observed = store_value(found, value)
                    cell.observation = store_observation(found, observation)
    results.write(found, Path(folder) / "results.json")


def comparable(found: results.Results) -> dict[str, Any]:
    """All but what the clock says."""
    data = msgspec.to_builtins(found)
    for part in (data, *data["cells"]):
        part.pop("seconds", None)
    del data["created"]
    return data  # type: ignore[no-any-return]


def number(value: float) -> dict[str, Any]:
    return {"dtype": "float64", "shape": [], "data": [value]}


def test_all_shards_together_are_the_unsharded_run(command: Command, shards: list[str]) -> None:
    whole = command("run", *THREE, "--out", "whole")
    assert whole.exit_code == 0
    merged = command("merge", *reversed(shards), "--out", "merged")
    assert merged.exit_code == 0, merged.output
    assert comparable(results.read(Path("merged"))) == comparable(results.read(Path("whole")))
    assert {p.name for p in Path("merged").iterdir()} == {"results.json", "index.html", *BESIDE}
    assert merged.output.split(";")[0] == whole.output.splitlines()[-1].split(";")[0]  # the counts of verdicts


def test_the_results_of_a_shard_say_of_which_plan(command: Command, shards: list[str]) -> None:
    shard = results.read(Path("shard-2")).shard
    assert shard is not None and shard.number == 2 and not shard.complete
    assert [[target.id for target in columns] for columns in shard.plan] == [["fake-a"], ["fake-b", "fake-c"]]
    for tier in ("core", "history"):
        assert command("run", "--tier", tier, "--shard", "1/2", "--out", tier).exit_code == 0
        part = results.read(Path(tier)).shard
        assert part is not None and part.complete == (tier == "history")


def test_a_missing_shard_never_looks_like_success(command: Command, shards: list[str]) -> None:
    result = command("merge", "shard-1", "--out", "merged", "--allow-not-run")
    assert result.exit_code == 1
    assert "problem: shard 2/2 is missing: fake-b, fake-c did not run" in result.output
    found = results.read(Path("merged"))
    assert [(t.id, t.reason) for t in found.targets] == [
        ("fake-a", None),
        ("fake-b", "shard 2/2 is missing"),
        ("fake-c", "shard 2/2 is missing"),
    ]
    assert found.problems == ["shard 2/2 is missing: fake-b, fake-c did not run"]
    lost = [cell for cell in found.cells if cell.target != "fake-a"]
    assert len(lost) == 2 * len([cell for cell in found.cells if cell.target == "fake-a"])
    assert {(cell.verdict, cell.reason) for cell in lost} == {("not-run", "shard 2/2 is missing")}


def test_a_missing_column_has_the_cells_of_its_own_modes(shards: list[str]) -> None:
    """A case "eager | session" runs in the first of these that a column has."""
    path = Path("shard-1")
    found = results.read(path)
    (eager,) = [case for case in found.cases if case.id == "good.masking"]
    eager.modes = ["session | eager", "jit"]
    found.cases = [eager]
    found.cells = [cell for cell in found.cells if cell.case == eager.id and cell.mode in ("eager", "jit")]
    assert found.shard is not None
    for target in found.shard.plan[1]:
        target.modes, target.lacks = ["session", "jit"], {"eager": "no", "graph": "no"}
    results.write(found, path / "results.json")
    merged, _ = merge([path], [])
    assert [(cell.target, cell.mode) for cell in merged.cells] == [
        ("fake-a", "eager"),
        *((id, "session") for id in ("fake-b", "fake-c")),
        *((id, "jit") for id in ("fake-a", "fake-b", "fake-c")),
    ]


def test_a_shard_can_be_made_up_for_by_its_columns(command: Command, shards: list[str]) -> None:
    assert command("run", *THREE[2:], "--out", "others").exit_code == 0
    assert command("merge", "shard-1", "others", "--out", "merged").exit_code == 0


def test_separate_columns_come_in_the_order_of_the_page(command: Command) -> None:
    for name in ("fake-c", "fake-a"):
        assert command("run", "--target", name, "--out", name).exit_code == 0
    result = command("merge", "fake-c/results.json", "fake-a", "--out", "merged")
    assert result.exit_code == 0, result.output
    assert [t.id for t in results.read(Path("merged")).targets] == ["fake-a", "fake-c"]


def test_overlap_that_agrees_is_fine(command: Command, shards: list[str]) -> None:
    observe("shard-1", "good.deviates", "number", number(2.0))
    shutil.copytree("shard-1", "again")
    observe("again", "good.deviates", "number", number(2.0000001))  # other bits, within the tolerance
    assert results.read(Path("again")).observations != results.read(Path("shard-1")).observations
    result = command("merge", *shards, "again", "--out", "merged")
    assert result.exit_code == 0, result.output
    assert set(results.read(Path("merged")).observations) <= set(
        results.read(Path("shard-1")).observations | results.read(Path("shard-2")).observations
    )


def test_disagreement_names_cells_and_files_and_writes_nothing(command: Command, shards: list[str]) -> None:
    shutil.copytree("shard-1", "again")
    observe("again", "good.deviates", "number", number(3.0))
    observe("again", "good.variants[two]", "shape", [5])
    result = command("merge", *shards, "again", "--out", "merged")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "good.deviates on fake-a in eager: deviates: number is 2 in shard-1, conforms in again",
        "good.variants[two] on fake-a in eager: conforms in shard-1, deviates: shape is [5] in again",
        "2 cells differ between the parts; nothing was written",
    ]
    assert not Path("merged").exists()


def test_disagreement_where_nothing_is_expected(shards: list[str]) -> None:
    shutil.copytree("shard-1", "again")
    observe("again", "good.observed", "values", number(7.0))
    with pytest.raises(Disagreement) as caught:
        merge([Path("shard-1"), Path("again")], [])
    assert caught.value.lines == [
        "good.observed on fake-a in eager: observed in shard-1, observed with different values in again"
    ]


def test_a_column_that_could_not_run_everywhere_is_taken_from_where_it_ran(command: Command, shards: list[str]) -> None:
    def not_run(data: dict[str, Any]) -> None:
        data["targets"][0] |= {"reason": "no network", "versions": {}}
        for cell in data["cells"]:
            cell |= {"verdict": "not-run", "reason": "no network", "observation": None}

    shutil.copytree("shard-1", "failed")
    change("failed", not_run)
    for parts in (["failed", *shards], [*shards, "failed"]):
        assert command("merge", *parts, "--out", "merged").exit_code == 0
    result = command("merge", "failed", "shard-2", "--out", "merged")
    assert result.exit_code == 1 and "fake-a: not run: no network" in result.output
    assert command("merge", "failed", "shard-2", "--out", "merged", "--allow-not-run").exit_code == 0
    assert command("merge", "failed", "--out", "merged").exit_code == 3


def test_problems_of_the_parts_are_kept(command: Command, shards: list[str]) -> None:
    change("shard-1", lambda data: data["problems"].append("something is wrong"))
    result = command("merge", *shards, "--out", "merged")
    assert result.exit_code == 1
    assert "problem: something is wrong" in result.output
    assert results.read(Path("merged")).problems == ["something is wrong"]


def test_what_is_not_expected_fails_the_merge(command: Command, shards: list[str]) -> None:
    observe("shard-1", "good.variants[two]", "shape", [5])
    result = command("merge", *shards, "--out", "merged")
    assert result.exit_code == 1
    assert "unexpected: good.variants[two] on fake-a in eager: deviates: shape is [5]; no expectation" in result.output


def test_an_expectation_that_a_whole_tier_does_not_meet_fails_the_merge(
    command: Command, shards: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = (FAKES / "cases" / "expectations.toml").read_text().replace('"good.raises"', '"good.gone"')
    shutil.copytree(command.about["cases"], tmp_path / "cases")  # type: ignore[call-overload]
    (tmp_path / "cases" / "expectations.toml").write_text(expected)
    monkeypatch.setitem(command.about, "cases", tmp_path / "cases")
    line = "unexpected: 'made-up' matches no cell of good.gone on keras"
    assert line not in command("merge", *shards, "--out", "merged").output
    for folder in shards:
        change(folder, lambda data: data["shard"].update(complete=True))
    assert line in command("merge", *shards, "--out", "merged").output


def first_column(**changes: object) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["targets"][0].update(changes)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda data: data.update(bundle="0" * 16), "shard-1 and shard-2 come from different suites: "),
        (
            first_column(pins=["numpy==1"]),
            'fake-b differs between shard-1 and shard-2: pins [] and ["numpy==1"]',
        ),
        (lambda data: data["shard"]["plan"][0][0].update(python="2.7"), 'shard-2: python "3.11" and "2.7"'),
        (lambda data: data["shard"]["plan"].reverse(), "shard-1 and shard-2 are shards of different plans"),
        (lambda data: data["shard"].update(complete=True), "shard-1 and shard-2 are shards of different plans"),
        (
            lambda data: data["cells"].pop(3),
            "shard-2 does not have exactly the planned cells: see good.masking on fake-c in graph",
        ),
        (
            lambda data: data["cells"].append(data["cells"][0]),
            "shard-2/results.json: duplicate case, target or cell",
        ),
        (
            lambda data: data["cases"].append({**data["cases"][0], "id": "more"}),
            "case more is in only one of shard-1",
        ),
        (lambda data: data.update(targets=[], cells=[]), None),
        (
            lambda data: data["observations"].update({key: {"status": "raised"} for key in data["observations"]}),
            "shard-2 is damaged, or an earlier part is: their contents under ",
        ),
        (lambda data: data.pop("cells"), "shard-2/results.json: Object missing required field `cells`"),
        (lambda data: data.update(schema_version=9), "shard-2/results.json has schema version 9"),
    ],
)
def test_parts_that_do_not_belong_together_are_named(
    command: Command, shards: list[str], edit: Callable[[dict[str, Any]], None], message: str | None
) -> None:
    change("shard-2", edit)
    result = command("merge", *shards, "--out", "merged")
    if message is None:  # a part without columns is as good as none
        assert result.exit_code == 1 and "shard 2/2 is missing" in result.output
    else:
        assert result.exit_code == 2
        assert message.replace("3.11", fake_base().python) in result.output
        assert not Path("merged").exists()


def test_other_versions_are_another_column_and_another_patch_of_python_is_not(shards: list[str]) -> None:
    shutil.copytree("shard-1", "again")
    change("again", lambda data: data["targets"][0]["versions"].update(python="3.11.99"))
    merge([Path("shard-1"), Path("again")], [])
    change("again", lambda data: data["targets"][0].update(digest="0" * 16))
    with pytest.raises(UsageError, match="fake-a differs between shard-1 and again: digest"):
        merge([Path("shard-1"), Path("again")], [])
    change("again", lambda data: data["targets"][0].update(digest=""))
    change("again", lambda data: data["targets"][0]["versions"].update(keras="0.2"))
    with pytest.raises(UsageError, match=r'fake-a differs between .*: versions {"keras":"0.1"} and {"keras":"0.2"}'):
        merge([Path("shard-1"), Path("again")], [])


def test_what_is_no_part_is_named(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("{}")
    assert "cannot read nowhere: No such file" in command("merge", "nowhere", "--out", "merged").output
    assert "file is not a results file of this suite" in command("merge", "file", "--out", "merged").output
    assert command("merge", "--out", "merged").exit_code == 2
    assert not Path("merged").exists()


def test_plan_as_a_table_and_as_a_matrix(command: Command, shards: list[str]) -> None:
    cells = sum(cell.mode == "eager" for cell in results.read(Path("shard-1")).cells)
    matrix = json.loads(command("plan", "--tier", "core", "--shards", "2", "--json").output)
    assert matrix == {
        "include": [
            {"shard": "1/2", "targets": ["fake-a"], "cells": cells},
            {"shard": "2/2", "targets": ["fake-b"], "cells": cells},
        ]
    }
    lines = command("plan", "--tier", "core", "--shards", "2").output.splitlines()
    assert [line.split() for line in lines[1:]] == [["1/2", str(cells), "fake-a"], ["2/2", str(cells), "fake-b"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plan", "--shards", "9"), "cannot split 2 targets into 9 shards"),
        (("plan", "--shards", "0"), "0 is not in the range"),
        (("run", "--shard", "3/2"), "there is no shard '3/2'"),
        (("run", "--shard", "1/9"), "cannot split 2 targets into 9 shards"),
    ],
)
def test_usage_errors(command: Command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = command(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())
