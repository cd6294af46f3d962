"""The results file: schema, reading, writing, and what is no results file."""

import gzip
import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from conformance import results
from conformance.judging.judge import judge_all
from conformance.local.errors import UsageError
from conformance.local.worker_process import WorkerLimits
from tests.support.fakes import FakeRuns, fake_target

LIMITS = WorkerLimits(case_seconds=8.0, memory_mb=400)  # some of the cases hang or leak
SCHEMA = Path(results.__file__).parent / "schemas" / "results.schema.json"


@pytest.fixture(scope="module")
def found(run_fake: FakeRuns) -> results.Results:
    return run_fake(fake_target(), fake_target("fake-uninstallable"), patterns=(), limits=LIMITS)


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


def test_a_compressed_file_is_the_same_in_less(found: results.Results, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "compressed"
    results.write(found, folder / "results.json.gz")
    assert results.read(folder / "results.json.gz") == results.read(folder) == found
    packed = (folder / "results.json.gz").read_bytes()
    assert gzip.decompress(packed) == file.read_bytes()
    results.write(found, folder / "results.json.gz")
    assert (folder / "results.json.gz").read_bytes() == packed, "no date is in it"
    renamed = folder / "a.json"  # what it is called decides nothing
    renamed.write_bytes(packed)
    assert results.read(renamed) == found
    (folder / "results.json").write_bytes(file.read_bytes())
    assert results.file_of(folder).name == "results.json", "what a run wrote comes before what was kept"


def test_cells_of_a_case_stand_together(found: results.Results) -> None:
    cases = [case for case, _ in itertools.groupby(cell.case for cell in found.cells)]
    assert cases == [case.id for case in found.cases]


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (gzip.compress(b"{}", mtime=0)[:-9], "cannot be unpacked: it is cut short"),
        (b"\x1f\x8b\x08\x00" + b"x" * 30, "cannot be unpacked: Error -3"),
        (gzip.compress(b"{}", mtime=0), "is not a results file of this suite"),
        (gzip.compress(b"{}", mtime=0) + b"x", "is not a results file of this suite"),
    ],
)
def test_what_is_no_compressed_results_file_says_so(tmp_path: Path, packed: bytes, message: str) -> None:
    (tmp_path / "results.json.gz").write_bytes(packed)
    with pytest.raises(UsageError, match=f"results.json.gz {message}"):
        results.read(tmp_path)


SEVERAL_PIECES = random.Random(1).randbytes(2**19 + 1).hex().encode()
"""Just over 1 MB, and half of that compressed."""


@pytest.mark.parametrize("content", [b" " * 2**21, SEVERAL_PIECES], ids=["one piece", "several pieces"])
def test_a_compressed_file_that_becomes_too_large_is_not_unpacked(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "results.json.gz"
    file.write_bytes(gzip.compress(content))
    with pytest.raises(UsageError, match="results.json.gz has more than 1 MB; that is no results file of this suite"):
        results.read_bytes(file, max_bytes=2**20)


def test_a_compressed_file_is_unpacked_in_pieces(tmp_path: Path) -> None:
    file, packed = tmp_path / "results.json.gz", gzip.compress(SEVERAL_PIECES)
    file.write_bytes(packed)
    assert len(packed) > 2 * results.PIECE and results.read_bytes(file) == SEVERAL_PIECES
    file.write_bytes(packed[: -results.PIECE])
    with pytest.raises(UsageError, match="results.json.gz cannot be unpacked: it is cut short"):
        results.read_bytes(file)


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


Edit = Callable[[dict[str, Any]], object]


def first(kind: str, **changes: object) -> Edit:
    """Change the first target, case, cell or observation."""

    def edit(data: dict[str, Any]) -> None:
        of_kind = data[kind]
        next(iter(of_kind.values() if isinstance(of_kind, dict) else of_kind)).update(changes)

    return edit


def first_value(value: object) -> Edit:
    return lambda data: data["values"].update({next(iter(data["values"])): value})


def lists(depth: int) -> object:
    return [lists(depth - 1)] if depth else 0


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda data: data["cases"].append(data["cases"][0]), "duplicate case, target or cell"),
        (first("cases", basis="rumoured"), r"bad\.\S+ has an unknown basis, severity or mode"),
        (first("cases", file="../case.py"), r"bad\.\S+ names a file outside the folder of the cases: \.\./case\.py"),
        (first("targets", lacks={"fast": "no"}), r"fake-0\.1 has an unknown mode"),
        (first("cells", observation=None), r"bad\.\S+ on fake-0\.1 \S+, but nothing was observed"),
        (first("cells", seconds=-1.0), r"impossible duration of bad\.\S+ on fake-0\.1 in \w+: -1\.0 s"),
        (lambda data: data.update(seconds=1e12), r"impossible duration of the run: 1000000000000\.0 s"),
        (first("observations", status="asleep"), "an observation has an unknown status: asleep"),
        (first("observations", exception={"raised": [], "phase": None, "message": ""}), "an exception has no type"),
        (first("observations", facts=[{"name": "mask", "observed": "x"}]), "fact 'mask' refers to a missing value"),
        (first_value(lists(101)), r"the value \w+ is a list nested more than 100 deep"),
        (first_value({"dtype": "bool"}), r"the value \w+ is an array without type, shape or data"),
        (
            first_value({"dtype": "bool", "shape": [-1], "data": []}),
            r"the value \w+ is an array of an impossible shape",
        ),
        (
            first_value({"dtype": "bool", "shape": [1], "data": ["yes"]}),
            r"the value \w+ is an array of something other than numbers",
        ),
        (first_value({"dtype": "bool", "shape": [3], "data": [1]}), r"the value \w+ is an array with 1 numbers, not 3"),
        (first_value({"raised": []}), r"the value \w+ is an exception of unknown form"),
        (first_value({"repr": 1}), r"the value \w+ is an object of unknown form"),
    ],
)
def test_what_contradicts_itself_is_named(found: results.Results, tmp_path: Path, edit: Edit, message: str) -> None:
    data = msgspec.to_builtins(found)
    edit(data)
    (tmp_path / "r.json").write_text(json.dumps(data))
    with pytest.raises(UsageError, match=f"r\\.json: {message}$"):
        results.read(tmp_path / "r.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*results.json: No such file"):
        results.read(tmp_path)
