"""Environments: one per base, and on top of it one per column, built by uv in the cache folder."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import filelock

from conformance.errors import Unavailable
from conformance.interpreters import find_python, uv_command
from conformance.targets import Base, Target, pins

_COMPLETE = "complete"  # written last; without this file an environment does not count
_INSTALL = ("pip", "install", "--quiet", "--no-deps", "--require-hashes")
_HEADERS = ("tensorflow", "tensorflow_core", "torch")  # packages with up to 190 MB that nothing here compiles against


@dataclass(frozen=True)
class Environment:
    """python: the interpreter that has the base's packages; on_top: folder with those of the column itself."""

    python: Path
    on_top: Path | None = None


def provision(target: Target, cache: Path) -> Environment:
    """The environment of a target; what its locks name and is not there yet is built.

    Raises:
        Unavailable: no interpreter, no lock, or the installation failed, with uv's last lines.
    """
    base = target.base
    base_key = hashlib.sha256(f"{base.python}\0".encode() + _read(base.lock, base.id)).hexdigest()[:12]
    folder = cache / "environments" / f"base-{base.id}-{base_key}"
    python = folder / "bin" / "python"

    def build_base() -> None:
        _uv("venv", "--quiet", "--python", str(find_python(base.python)), str(folder))
        _uv(*_INSTALL, "--python", str(python), "--requirements", str(base.lock))
        for package in _HEADERS:
            shutil.rmtree(folder / "lib" / f"python{base.python}" / "site-packages" / package / "include", True)

    _build(folder, build_base)
    if target.own is None:
        return Environment(python)
    own = target.own
    key = hashlib.sha256(f"{base_key}\0".encode() + _read(own, target.id)).hexdigest()[:12]
    on_top = cache / "environments" / f"{target.id}-{key}"
    _build(
        on_top,
        lambda: _uv(*_INSTALL, "--python", str(python), "--target", str(on_top), "--requirements", str(own)),
    )
    return Environment(python, on_top)


def _build(folder: Path, build: Callable[[], None]) -> None:
    """Fill `folder` with `build`, unless another run has done so or does so meanwhile."""
    if (folder / _COMPLETE).is_file():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if (folder / _COMPLETE).is_file():
            return
        if folder.exists():
            shutil.rmtree(folder)
        build()
        (folder / _COMPLETE).touch()


def _read(lock: Path, name: str) -> bytes:
    try:
        return lock.read_bytes()
    except OSError as error:
        raise Unavailable(f"there is no lock for {name}; `nox -s lock` makes it") from error


def lock(one: Base | Target) -> Path:
    """Resolve what a base or a target requires into its lock, pins with hashes and no URLs; returns its path.

    The lock of a target leaves out what its base has.

    Raises:
        Unavailable: it cannot be resolved, with uv's last lines, or the base has no lock.
    """
    if isinstance(one, Base):
        _compile(one.requires, one.python, one.drops + one.leaves, [], one.lock)
        return one.lock
    base = one.base
    assert one.own is not None, "a target without requirements has no lock of its own"
    _read(base.lock, base.id)
    there = pins(base.lock)
    _compile(one.requires, base.python, base.drops, there, one.own)
    blocks = one.own.read_text().replace("\n    --hash", "\0--hash").splitlines()
    mine = [block.replace("\0", "\n    ") for block in blocks if block.split(" ")[0] not in there]
    one.own.write_text("\n".join(mine) + "\n")
    return one.own


def _compile(requires: list[str], python: str, drops: list[str], constraints: list[str], lock: Path) -> None:
    lock.parent.mkdir(exist_ok=True)
    overrides, constrained = lock.with_suffix(".overrides"), lock.with_suffix(".constraints")
    overrides.write_text("".join(f"{name}; python_version < '0'\n" for name in drops))
    constrained.write_text("\n".join(constraints))
    try:
        _uv(
            *("pip", "compile", "--quiet", "--upgrade", "-"),
            *("--override", str(overrides), "--constraint", str(constrained)),
            *("--python-version", python, "--python-platform", "x86_64-manylinux_2_28"),
            *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *("--output-file", str(lock)),
            stdin="\n".join(requires),
        )
    finally:
        overrides.unlink()
        constrained.unlink()


def _uv(*arguments: str, stdin: str | None = None) -> None:
    # These, of the caller, would redirect uv.
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "UV_PYTHON")}
    if "PIP_FIND_LINKS" in environment:  # where pip finds wheels, uv shall
        environment.setdefault("UV_FIND_LINKS", ",".join(environment["PIP_FIND_LINKS"].split()))
    if "UV_FIND_LINKS" not in environment:
        environment["UV_TORCH_BACKEND"] = "cpu"  # builds without CUDA are on PyTorch's own index
    done = subprocess.run(uv_command(*arguments), capture_output=True, text=True, input=stdin, env=environment)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise Unavailable(f"uv {arguments[0]} failed: " + " | ".join(lines[-8:]))
