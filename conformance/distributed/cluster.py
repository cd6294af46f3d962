"""Runs a plan on a Dask cluster: each target is a shard and a task, and the results are merged here.

Dask does the scheduling. The machines of the cluster need this package in the same version, and find or build
environments in their own cache folders. Requires the extra `dask`.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.local.errors import UsageError

SCHEME = "dask://"


def run_shards(
    executor: str,
    arguments: Sequence[str],
    shards: int,
    folder: Path,
    say: Callable[[str], None],
    connect_seconds: float = 10.0,
) -> list[Path]:
    """Run shards on a cluster.

    Args:
        executor: "dask://host:port".
        arguments: The arguments of `conformance run` that determine the plan.
        shards: Number of shards.
        folder: Where to write the results of the shards.
        say: Called with a line for each shard that finished or failed.
        connect_seconds: Seconds to wait for the scheduler.

    Returns:
        The results files of the shards that finished.

    Raises:
        UsageError: If the address is invalid, `distributed` is not installed, or the scheduler does not respond.
    """
    if not executor.startswith(SCHEME) or len(executor) == len(SCHEME):
        raise UsageError(f"unknown executor '{executor}'; use {SCHEME}HOST:PORT")
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise UsageError("--executor requires the extra `dask`: pip install 'keras-mask-conformance[dask]'") from error
    try:
        client = Client(executor.replace(SCHEME, "tcp://"), timeout=connect_seconds)
    except OSError as error:
        raise UsageError(f"no Dask scheduler responds at {executor}") from error
    found: list[Path] = []
    with client:
        names = [f"{i}/{shards}" for i in range(1, shards + 1)]
        tasks = {client.submit(run_shard, list(arguments), name, pure=False, retries=1): name for name in names}
        for task in as_completed(tasks):
            name = tasks[task]
            if task.status == "finished":
                path = folder / name.replace("/", "-of-") / "results.json"
                path.parent.mkdir(parents=True)
                path.write_bytes(task.result())
                found.append(path)
                say(f"shard {name} finished, {len(found)} of {shards}")
            else:
                say(f"shard {name} failed: {task.exception()}")
    return found


def run_shard(arguments: list[str], shard: str) -> bytes:
    """Run one shard, on a machine of the cluster.

    Returns:
        The content of its results file.

    Raises:
        RuntimeError: If there are no results, with the last lines of standard error.
    """
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        command = [sys.executable, "-m", "conformance", "run", *arguments, "--shard", shard, "--out", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        results = Path(folder) / "results.json"
        if not results.is_file():
            raise RuntimeError(" | ".join(done.stderr.strip().splitlines()[-3:]))
        return results.read_bytes()
