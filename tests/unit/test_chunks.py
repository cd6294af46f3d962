"""How work is divided: nothing is lost, whole targets first, small chunks last."""

import os
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.local.bundle import make_bundle
from conformance.local.process_group import ProcessGroup, WorkerTarget
from conformance.local.supervisor import Work
from conformance.run import result_cache, scheduler
from conformance.run.chunks import LEAST_SECONDS, UNKNOWN_SECONDS, Chunk, divide, expected_seconds
from tests.support.fakes import FAKES, fake_target

TARGET = WorkerTarget("fake-0.1", "keras", "numpy")


def target(cells: int, modes: tuple[str, ...] = ("eager", "graph")) -> Work:
    """A group whose modes are only tried, and one with so many cells in each mode."""
    mine = [(f"area.case-{number}", mode) for mode in modes for number in range(cells)]
    return [(ProcessGroup(TARGET, ["jit"], [], probe=True), []), (ProcessGroup(TARGET, list(modes), mine), mine)]


def same_for_all(work: dict[str, Work], seconds: float) -> dict[str, dict[tuple[str, str], float]]:
    return {id: {cell: seconds for _, cells in its_work for cell in cells} for id, its_work in work.items()}


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.floats(0.0, 30.0), st.integers(1, 20))
def test_every_cell_is_in_one_chunk_in_order(sizes: list[int], each: float, jobs: int) -> None:
    work = {f"target-{number}": target(size) for number, size in enumerate(sizes)}
    found = divide(work, same_for_all(work, each), jobs)
    assert found.keys() == work.keys()
    for id, chunks in found.items():
        assert [cell for chunk in chunks for _, cells in chunk.work for cell in cells] == work[id][1][1]
        assert [group.probe for chunk in chunks for group, cells in chunk.work if not cells] == [True]
        assert all(chunk.work for chunk in chunks)


def test_one_worker_takes_whole_targets() -> None:
    work = {"one": target(100), "other": target(50)}
    found = divide(work, same_for_all(work, 5.0), jobs=1)
    assert found == {"one": [Chunk(1000.0, work["one"])], "other": [Chunk(500.0, work["other"])]}


def test_the_first_targets_are_whole_the_last_in_chunks() -> None:
    work = {f"target-{number}": target(100) for number in range(9)}
    counts = [len(chunks) for chunks in divide(work, same_for_all(work, 0.6), jobs=2).values()]
    assert counts[:5] == [1] * 5 and counts == sorted(counts) and counts[-1] == 4


def test_more_cores_than_targets_are_all_used() -> None:
    work = {"target": target(100)}
    (chunks,) = divide(work, same_for_all(work, 1.0), jobs=4).values()
    assert [chunk.seconds for chunk in chunks] == [25.0] * 8


def test_a_small_target_is_left_whole() -> None:
    work = {"target": target(100)}
    for seconds in ({}, same_for_all(work, LEAST_SECONDS / 200)["target"]):
        (chunks,) = divide(work, {"target": seconds}, jobs=16).values()
        assert len(chunks) == 1
    assert UNKNOWN_SECONDS * 200 < LEAST_SECONDS


def test_what_a_target_took_counts_for_it_else_what_others_took(tmp_path: Path) -> None:
    targets = [fake_target(name) for name in ("one", "two", "three")]
    known = result_cache.ResultCache(tmp_path, make_bundle(tmp_path, FAKES / "cases"))
    lines = {"one": 2.0, "two": 4.0}
    for id, seconds in lines.items():
        (tmp_path / "cells").mkdir(exist_ok=True)
        line = f'{{"key": "k", "case": "a.b", "mode": "eager", "seconds": {seconds}, "observation": "o"}}\n'
        (tmp_path / "cells" / f"{id}.jsonl").write_text(line)
    found = expected_seconds(targets, known)
    assert {id: seconds["a.b", "eager"] for id, seconds in found.items()} == {"one": 2.0, "two": 4.0, "three": 3.0}


@pytest.mark.parametrize(("cores", "free", "jobs"), [(2, 24, 2), (16, 8, 6), (16, 64, 16), (4, 1, 1)])
def test_workers_are_as_many_as_cores_and_memory_allow(
    cores: int, free: int, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both stand for the machine.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free * 2**30))
    assert scheduler.workers_at_a_time() == jobs
