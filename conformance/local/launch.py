"""How a worker is launched: interpreter, packages, environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from conformance.local.bundle import Bundle
from conformance.local.process_group import WorkerTarget
from conformance.local.sanitize import printable
from conformance.worker import values as worker_values

START_SECONDS = 300.0  # until it says something: the first import after an installation reads everything from disk
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
FIXED = {
    "PYTHONNOUSERSITE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "JAX_PLATFORMS": "cpu",
    "JAX_TRACEBACK_FILTERING": "off",  # the innermost frame tells whose exception it is
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its results depend on the processor
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
"""Variables of every worker, whatever the caller has; results state them."""
OF_FRONT_END = {"tf_keras": {"TF_USE_LEGACY_KERAS": "1"}}
"""Variables of the workers of a front end: beside tf_keras, the `tf.keras` of TensorFlow is that too, for layers that
are made of it and for what of tf_keras itself is."""


@dataclass(frozen=True)
class Environment:
    """Where a target is installed.

    Attributes:
        python: Interpreter with the packages of the base.
        on_top: Folder with the packages of the target itself, None if the base has all of them.
    """

    python: Path
    on_top: Path | None = None


def fixed(front_end: str) -> dict[str, str]:
    """Return the variables that a worker has whatever the caller has."""
    return {**FIXED, **OF_FRONT_END.get(front_end, {})}


def environment(where: Environment, target: WorkerTarget, bundle: Bundle, scratch: Path) -> dict[str, str]:
    """Return all environment variables of a worker: few are the caller's, and everything that matters is fixed.

    Args:
        where: Where the target is installed.
        target: The target.
        bundle: What the worker imports.
        scratch: Folder for what Keras writes.
    """
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **inherited,
        **fixed(target.front_end),
        "PYTHONPATH": os.pathsep.join(str(f) for f in (bundle.folder, where.on_top) if f),
        "KERAS_BACKEND": target.backend,
        "KERAS_HOME": str(scratch),  # not the user's keras.json
    }


def tail(log: list[str], lines: int = 3) -> str:
    """Join the last lines of a log that are not empty into one, of at most 600 characters.

    Args:
        log: Lines of standard error of a process.
        lines: How many of them.
    """
    said = [line.strip() for line in log if line.strip()]
    return printable(worker_values.clip(" | ".join(line[-1000:] for line in said[-lines:]), 600))
