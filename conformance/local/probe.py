"""What an environment has: its Keras, what that computes on, and all distributions, as it says itself."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.local.bundle import Bundle
from conformance.local.errors import Unavailable, said
from conformance.local.launch import START_SECONDS, Environment, environment, tail
from conformance.local.sanitize import cleaned

if TYPE_CHECKING:
    from conformance.targets.registry import Target


def describe(where: Environment, front_end: str, backend: str, target: Target, bundle: Bundle) -> dict[str, Any]:
    """What `conformance.worker.probe` says there, in the variables that a worker of `target` will have.

    front_end, backend: those that are asked for, or ""; then `KERAS_BACKEND` counts, or what is there.

    Raises:
        Unavailable: it has no such Keras, lacks what a column needs, or does not even start; in one line.
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
                timeout=START_SECONDS,
            )
        except OSError as error:
            raise Unavailable(f"cannot start {where.python}: {said(error)}") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{where.python} gives no sign of life for {START_SECONDS:.0f} s") from error
    try:
        about: dict[str, Any] = cleaned(json.loads(done.stdout))
    except ValueError as error:
        raise Unavailable(f"{where.python} ends with {done.returncode}: {tail(done.stderr.splitlines())}") from error
    if about["missing"]:
        raise Unavailable(f"{where.python} has no {', no '.join(about['missing'])}")
    if "error" in about:
        raise Unavailable(f"{where.python}: {tail(about['error'].splitlines())}")
    if backend and about["backend"] != backend:
        raise Unavailable(f"{where.python}: {about['front_end']} runs on {about['backend']}, not on {backend}")
    return about
