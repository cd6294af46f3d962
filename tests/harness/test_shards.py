"""How a plan is split, in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conformance.targets import registry


def test_every_process_computes_the_same(tmp_path: Path) -> None:
    """The machine that plans and those that run must agree; the order of sets, for one, changes between processes."""
    printed = {
        subprocess.run(
            [sys.executable, "-m", "conformance", "plan", "--tier", "history", "--shards", "8", "--json"],
            env={**os.environ, "PYTHONHASHSEED": seed, "KERAS_MASK_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    (matrix,) = map(json.loads, printed)
    assert [part["shard"] for part in matrix["include"]] == [f"{i}/8" for i in range(1, 9)]
    assert sorted(id for part in matrix["include"] for id in part["targets"]) == sorted(t.id for t in registry.load())
