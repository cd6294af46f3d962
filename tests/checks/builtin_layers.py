"""The check over keras.layers on real columns: `python -m tests.checks.builtin_layers COLUMN ...`.

Says for each column what is neither passed nor known (`builtin_layers.toml`), and what is known and did not happen;
exit code 1 if there is anything.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from conformance.cache import cache_folder
from conformance.local.launch import OF_FRONT_END
from conformance.targets import install, registry
from conformance.targets.registry import Target
from conformance.targets.versions import within

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TABLE = tomllib.loads((HERE / "builtin_layers.toml").read_text())


def applies(entry: dict[str, Any], target: Target) -> bool:
    """Whether an entry of the table is about a column."""
    version = target.base.tensorflow if target.front_end == "tf.keras" else target.keras
    for text in entry["on"]:
        asked = Requirement(text)
        backends = asked.extras or {target.backend}
        if asked.name == target.front_end and target.backend in backends and within(version, asked.specifier):
            return True
    return False


def kinds(target: Target, names: list[str] | None = None) -> dict[str, str]:
    """By layer, its kind on this column."""
    found = {layer: kind for kind, layers in TABLE["kind"].items() for layer in layers}
    for entry in TABLE.get("exception", []):
        if applies(entry, target):
            found |= dict.fromkeys(entry["layers"], entry["kind"])
    return {layer: kind for layer, kind in found.items() if names is None or layer in names}


def known(target: Target) -> dict[tuple[str, str], str]:
    """By layer and clause, why it is broken on this column."""
    return {
        (layer, clause): entry["reason"]
        for entry in TABLE.get("failure", [])
        if applies(entry, target)
        for layer in entry["layers"]
        for clause in entry["clauses"]
    }


def check(target: Target, names: list[str] | None = None, every_mode: bool = True) -> Iterator[dict[str, Any]]:
    """What the check finds for each layer that the column has, in every mode or in the first one only."""
    where = install.provision(target, cache_folder())
    path = [ROOT, ROOT / "cases", *([where.on_top] if where.on_top else [])]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONNOUSERSITE": "1",
        "KERAS_BACKEND": target.backend,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **OF_FRONT_END.get(target.front_end, {}),
    }
    request = {"front_end": target.front_end, "every_mode": every_mode, "kinds": kinds(target, names)}
    with subprocess.Popen(
        [where.python, HERE / "builtin_subjects.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        json.dump(request, process.stdin)
        process.stdin.close()
        yield from map(json.loads, process.stdout)
    assert process.returncode == 0


def unexplained(target: Target, found: dict[str, Any]) -> list[str]:
    """What of the findings about a layer is neither passed nor known, and what is known and did not happen."""
    layer = found["layer"]
    if "refused" in found:
        return [f"{layer}: {found['refused']}"]
    reasons, lines = known(target), []
    for record in found["clauses"]:
        number = record["clause"].split("-")[0]
        reason = reasons.get((layer, number))
        if record["status"] in ("failed", "error") and reason is None:
            lines.append(
                f"{layer}: {record['clause']} {record['status']} ({', '.join(record['modes'])}): {record['reason']}"
            )
        elif record["status"] == "passed" and reason is not None:
            lines.append(f"{layer}: {record['clause']} passes, although: {reason}")
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("columns", nargs="+")
    parser.add_argument("--layer", action="append", help="layers to check (all)")
    parser.add_argument("--first-mode", action="store_true", help="in one mode only, in a fifth of the time")
    asked = parser.parse_args(arguments)
    bad = 0
    for target in registry.choose(registry.load(), asked.columns, "none"):
        for found in check(target, asked.layer, not asked.first_mode):
            lines = unexplained(target, found)
            bad += len(lines)
            print(f"{target.id} {found['layer']} ({found.get('kind')}, {found['seconds']} s): {found.get('summary')}")
            for line in lines:
                print(f"    {line}", flush=True)
    print(f"{bad} unexplained")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
