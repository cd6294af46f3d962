"""Environments: one per lock, built by uv in the cache folder, complete or not there at all."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import filelock

from conformance.errors import Unavailable
from conformance.interpreters import find_python, uv_command
from conformance.targets import Target

_COMPLETE = "complete"  # written last; without this file an environment does not count


@dataclass(frozen=True)
class Environment:
    """python: the interpreter that has the target's packages."""

    python: Path


def provision(target: Target, cache: Path) -> Environment:
    """The environment of a target, built if its lock has not been built yet.

    Raises:
        Unavailable: no interpreter, no lock, or the installation failed, with uv's last lines.
    """
    folder = _folder(target, cache)
    python = folder / "bin" / "python"
    if (folder / _COMPLETE).is_file() and python.exists():
        return Environment(python)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if (folder / _COMPLETE).is_file() and python.exists():  # built by another run meanwhile
            return Environment(python)
        if folder.exists():
            shutil.rmtree(folder)
        _uv("venv", "--quiet", "--python", str(find_python(target.python)), str(folder))
        _uv(
            *("pip", "install", "--quiet", "--python", str(python), "--no-deps", "--require-hashes"),
            # A Keras without bytecode takes 8 s to import, not 3.
            *("--compile-bytecode", "--requirements", str(target.lock)),
        )
        (folder / _COMPLETE).touch()
    return Environment(python)


def _folder(target: Target, cache: Path) -> Path:
    try:
        lock = target.lock.read_bytes()
    except OSError as error:
        raise Unavailable(f"there is no lock for {target.id}; `nox -s lock` makes it") from error
    key = hashlib.sha256(f"{target.python}\0".encode() + lock).hexdigest()[:12]
    return cache / "environments" / f"{target.id}-{key}"


def lock(target: Target) -> None:
    """Resolve what `target` requires into its lock: pins with hashes, no URLs.

    Raises:
        Unavailable: it cannot be resolved, with uv's last lines.
    """
    drops = "".join(f"{name}; python_version < '0'\n" for name in target.drops)
    overrides = target.lock.with_suffix(".overrides")
    target.lock.parent.mkdir(exist_ok=True)
    overrides.write_text(drops)
    try:
        _uv(
            *("pip", "compile", "--quiet", "--upgrade", "-", "--override", str(overrides)),
            *("--python-version", target.python, "--python-platform", "x86_64-manylinux_2_28"),
            *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *("--output-file", str(target.lock)),
            stdin="\n".join(target.requires),
        )
    finally:
        overrides.unlink()


def _uv(*arguments: str, stdin: str | None = None) -> None:
    # These, of the caller, would redirect uv or keep it from compiling bytecode.
    environment = {
        k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "UV_PYTHON", "PYTHONDONTWRITEBYTECODE")
    }
    done = subprocess.run(uv_command(*arguments), capture_output=True, text=True, input=stdin, env=environment)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise Unavailable(f"uv {arguments[0]} failed: " + " | ".join(lines[-8:]))
