"""Asks an environment what it has: its Keras, the backend of that, and all distributions."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from conformance.local.bundle import Bundle
from conformance.local.errors import Unavailable
from conformance.local.launch import START_SECONDS, Environment, environment, tail
from conformance.local.process_group import WorkerTarget
from conformance.local.sanitize import cleaned


def describe(
    where: Environment,
    front_end: str,
    backend: str,
    target: WorkerTarget,
    bundle: Bundle,
    seconds: float = START_SECONDS,
) -> dict[str, Any]:
    """Run `conformance.worker.probe` there, with the variables that a worker of `target` has.

    Args:
        where: The environment.
        front_end: Front end that is asked for, "" for the first that is installed.
        backend: Backend that is asked for, "" for that of `KERAS_BACKEND` or else the first that is installed.
        target: Decides the variables.
        bundle: Holds the probe.
        seconds: Time limit.

    Raises:
        Unavailable: It has no such Keras, lacks what the cases need, does not start, or does not answer in time.

    Returns:
        What `conformance.worker.probe` writes: "front_end", "backend", "versions" by module, "pins" and "missing".
    """
    wanted = backend or os.environ.get("KERAS_BACKEND", "")
    command = [str(where.python), "-m", "conformance.worker.probe", front_end, wanted]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=scratch,
                env=environment(where, target, bundle, Path(scratch)),
                timeout=seconds,
            )
        except OSError as error:
            raise Unavailable(f"cannot start {where.python}: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{where.python} timed out: no answer for {seconds:.0f} s") from error
    try:
        about: dict[str, Any] = cleaned(json.loads(done.stdout))
    except ValueError as error:
        raise Unavailable(f"{where.python} exited with {done.returncode}: {tail(done.stderr.splitlines())}") from error
    if about["missing"]:
        raise Unavailable(f"{where.python} has no {', no '.join(about['missing'])}")
    if "error" in about:
        raise Unavailable(f"{where.python}: {tail(about['error'].splitlines())}")
    if backend and about["backend"] != backend:
        raise Unavailable(f"{where.python}: {about['front_end']} uses backend {about['backend']}, not {backend}")
    return about
