"""What is around a worker: its interpreter, its packages, its variables, its log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.local.bundle import Bundle
from conformance.local.sanitize import printable
from conformance.worker import values as worker_values

if TYPE_CHECKING:
    from conformance.targets.registry import Target

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
"""Variables of every worker, whatever the caller has; results say them."""
OF_FRONT_END = {"tf_keras": {"TF_USE_LEGACY_KERAS": "1"}}
"""Variables of the workers of a front end: beside tf_keras, the `tf.keras` of TensorFlow is that too, for layers that
are made of it and for what of tf_keras itself is."""


@dataclass(frozen=True)
class Environment:
    """python: the interpreter that has the base's packages; on_top: folder with those of the column itself."""

    python: Path
    on_top: Path | None = None


def fixed(front_end: str) -> dict[str, str]:
    """The variables that a worker has whatever the caller has."""
    return {**FIXED, **OF_FRONT_END.get(front_end, {})}


def environment(where: Environment, target: Target, bundle: Bundle, scratch: Path) -> dict[str, str]:
    """The worker's whole environment: little of the caller's, everything that matters fixed."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **inherited,
        **fixed(target.front_end),
        "PYTHONPATH": os.pathsep.join(str(f) for f in (bundle.folder, where.on_top) if f),
        "KERAS_BACKEND": target.backend,
        "KERAS_HOME": str(scratch),  # not the user's keras.json
    }


def tail(log: list[str], lines: int = 3) -> str:
    """The last lines of a worker's log that say something, in one line."""
    said = [line.strip() for line in log if line.strip()]
    return printable(worker_values.clip(" | ".join(line[-1000:] for line in said[-lines:]), 600))
