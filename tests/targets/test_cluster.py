"""A plan on a local Dask cluster, with two real columns; and what is said where there is no cluster."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from distributed import LocalCluster

from conformance import cli, results
from conformance.distributed import cluster
from conformance.local.errors import UsageError
from conformance.project import Project

COLUMNS = ("tf-1.15", "keras-2.3.1+tf-1.15")
CHOSEN = [f"--target={column}" for column in COLUMNS] + ["--case=masking.broadcast.scalar"]


@pytest.fixture(scope="module")
def executor() -> Iterator[str]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp") as it:
        yield it.scheduler_address.replace("tcp://", cluster.SCHEME)


def test_columns_run_on_the_cluster_and_are_merged(executor: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["run", *CHOSEN, f"--executor={executor}", f"--out={tmp_path}"])
    assert done.exit_code == 0, done.output
    found = results.read(tmp_path)
    assert sorted(t.id for t in found.targets) == sorted(COLUMNS)
    assert found.shard is None and found.problems == []
    assert "shard 2/2 finished, 2 of 2" in done.output or "shard 1/2 finished, 2 of 2" in done.output
    assert {c.verdict for c in found.cells} == {"conforms", "unsupported"}


def test_a_shard_that_fails_is_told_and_missing(executor: str, tmp_path: Path) -> None:
    said: list[str] = []
    found = cluster.run_shards(executor, ["--target=tf-0.1"], 1, tmp_path, said.append)
    assert found == []
    assert len(said) == 1 and said[0].startswith("shard 1/1 failed: ") and "unknown target 'tf-0.1'" in said[0]


@pytest.mark.parametrize(
    ("executor_option", "message"),
    [
        ("slurm://here", "unknown executor 'slurm://here'; use dask://HOST:PORT"),
        ("dask://", "unknown executor 'dask://'; use dask://HOST:PORT"),
    ],
)
def test_an_address_that_is_none(executor_option: str, message: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["run", *CHOSEN, f"--executor={executor_option}", f"--out={tmp_path}"])
    assert done.exit_code == 2 and message in done.output


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it were not installed
    with pytest.raises(UsageError, match=r"requires the extra `dask`: pip install 'keras-mask-conformance\[dask\]'"):
        cluster.run_shards("dask://127.0.0.1:9", [], 1, tmp_path, print)


def test_a_plan_of_which_nothing_runs(executor: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_MASK_CACHE", "/dev/null/cache")
    project = Project(cache=tmp_path / "cache")
    done = CliRunner().invoke(cli.main, ["run", *CHOSEN, f"--executor={executor}", f"--out={tmp_path}"], obj=project)
    assert done.exit_code == 3
    assert f"Error: no target could be run on {executor}" in done.output.splitlines()


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Dask scheduler responds at dask://127.0.0.1:9"):
        cluster.run_shards("dask://127.0.0.1:9", [], 1, tmp_path, print, connect_seconds=1.0)
