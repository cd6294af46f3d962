"""Runs a script in the environment of its target."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.local.bundle import Bundle
from conformance.local.errors import Unavailable
from conformance.local.launch import START_SECONDS, environment
from conformance.local.worker_process import LIMITS
from conformance.targets.install import Environment
from conformance.targets.registry import Target

CONFORMS, DEVIATES, UNSUPPORTED = 0, 1, 2


@dataclass(frozen=True)
class ScriptRun:
    """Exit code, standard output and lines of standard error of a script."""

    code: int
    output: str
    errors: list[str]


def execute(
    script: str,
    target: Target,
    where: Environment,
    under: Sequence[str | Path] = (),
    seconds: float = START_SECONDS + LIMITS.case_seconds,
) -> ScriptRun:
    """Run a script in the environment of its target, where this suite cannot be imported.

    Args:
        script: The text of the script.
        target: The target.
        where: Its environment.
        under: A program of Python that executes it, with its first arguments; the script's file is the last.
        seconds: Time limit.

    Raises:
        Unavailable: The script timed out.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        file = scratch / "script.py"
        file.write_text(script, encoding="utf-8")
        variables = environment(where, target.for_worker, Bundle(scratch, "", ""), scratch)
        variables["PYTHONPATH"] = os.pathsep.join([str(where.on_top)] if where.on_top else [])
        del variables["KERAS_BACKEND"]  # scripts choose it themselves
        try:
            done = subprocess.run(
                [where.python, *under, file],
                capture_output=True,
                text=True,
                errors="replace",
                cwd=scratch,
                env=variables,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"the script timed out after {seconds:.0f} s") from error
    return ScriptRun(done.returncode, done.stdout, done.stderr.splitlines())
