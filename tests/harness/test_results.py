"""The results file: schema, reading, writing, and what is no results file."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from conformance import results
from conformance.judging.judge import judge_all
from conformance.local.errors import UsageError
from tests.support.fakes import FakeRuns, fake_target

SCHEMA = Path(results.__file__).parent / "schemas" / "results.schema.json"


@pytest.fixture(scope="module")
def found(run_fake: FakeRuns) -> results.Results:
    return run_fake(fake_target(), fake_target("fake-uninstallable"), patterns=())


@pytest.fixture
def file(found: results.Results, tmp_path: Path) -> Path:
    results.write(found, tmp_path / "results.json")
    return tmp_path / "results.json"


def test_schema_in_the_package_is_current() -> None:
    assert json.loads(SCHEMA.read_text()) == results.schema()


def test_real_results_are_valid(file: Path) -> None:
    jsonschema.validate(json.loads(file.read_text()), json.loads(SCHEMA.read_text()))


def test_round_trip(found: results.Results, file: Path) -> None:
    assert results.read(file) == found
    assert results.read(file.parent) == found


def test_verdicts_can_be_computed_again(found: results.Results, file: Path) -> None:
    again = results.read(file)
    for cell in again.cells:
        if cell.observation:
            cell.verdict, cell.fingerprint, cell.reason = "not-run", None, None
    judge_all(again)
    assert again == found


def test_equal_values_are_stored_once(found: results.Results) -> None:
    assert len({json.dumps(v, sort_keys=True) for v in found.values.values()}) == len(found.values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b'{"schema_version": 1, "cells', "is not JSON"),
        (b"[]", "is not a results file"),
        (b'{"schema_version": 99}', "has schema version 99; this program reads 1"),
        (b'{"schema_version": 1}', "missing required field"),
    ],
)
def test_what_is_no_results_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        results.read(path)
    assert str(path) in str(caught.value)


def test_a_missing_observation_is_named(found: results.Results, tmp_path: Path) -> None:
    broken = msgspec.json.decode(msgspec.json.encode(found))
    broken["observations"] = {}
    (tmp_path / "r.json").write_text(json.dumps(broken))
    with pytest.raises(UsageError, match="refers to a missing observation"):
        results.read(tmp_path / "r.json")


def test_a_cell_of_nowhere_is_named(found: results.Results, tmp_path: Path) -> None:
    broken = msgspec.json.decode(msgspec.json.encode(found))
    broken["cells"][0]["target"] = "keras-9"
    (tmp_path / "r.json").write_text(json.dumps(broken))
    with pytest.raises(UsageError, match="unknown case, target, mode or verdict: .*keras-9"):
        results.read(tmp_path / "r.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*results.json: No such file"):
        results.read(tmp_path)
