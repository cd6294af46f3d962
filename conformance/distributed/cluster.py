"""Runs a plan on a Dask cluster: each column is a shard and a task, and the parts are merged here.

Scheduling is Dask's. The machines of the cluster need this package, at the same version, and find or build
environments in their own cache folders. Needs the extra `dask`.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.local.errors import UsageError

SCHEME = "dask://"
PATIENCE = "10s"  # for a scheduler to answer


def run_shards(
    executor: str, arguments: Sequence[str], shards: int, folder: Path, say: Callable[[str], None]
) -> list[Path]:
    """Results of each shard that came back, as files in `folder`; `say` hears of those that did not.

    executor: "dask://host:port"; arguments: those of `conformance run` that make the plan.

    Raises:
        UsageError: the address is none, `distributed` is not installed, or no scheduler answers.
    """
    if not executor.startswith(SCHEME) or len(executor) == len(SCHEME):
        raise UsageError(f"unknown executor '{executor}'; it is {SCHEME}HOST:PORT")
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise UsageError("an executor needs the extra: pip install 'keras-mask-conformance[dask]'") from error
    try:
        client = Client(executor.replace(SCHEME, "tcp://"), timeout=PATIENCE)
    except OSError as error:
        raise UsageError(f"no scheduler answers at {executor}") from error
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
                say(f"shard {name} is done, {len(found)} of {shards}")
            else:
                say(f"shard {name} failed: {task.exception()}")
    return found


def run_shard(arguments: list[str], shard: str) -> bytes:
    """On a machine of the cluster: `results.json` of one shard.

    Raises:
        RuntimeError: there are no results, with the last lines of what was said instead.
    """
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        command = [sys.executable, "-m", "conformance", "run", *arguments, "--shard", shard, "--out", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        results = Path(folder) / "results.json"
        if not results.is_file():
            raise RuntimeError(" | ".join(done.stderr.strip().splitlines()[-3:]))
        return results.read_bytes()
