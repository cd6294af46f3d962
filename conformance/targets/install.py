"""Environments: one per base, and on top of it one per target, built by uv in the cache folder."""

import hashlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock

from conformance.files import write_text
from conformance.local.errors import Unavailable, said
from conformance.local.launch import Environment as Environment
from conformance.targets.interpreters import find_python, uv_command
from conformance.targets.registry import TORCH_CPU_INDEX, Base, Target, pins

_LOG = logging.getLogger(__name__)
_COMPLETE = "complete"  # written last; without this file an environment does not count
_INSTALL = ("pip", "install", "--quiet", "--no-deps", "--require-hashes")
_UNUSED = (  # what nothing here opens, up to 250 MB of a base
    # headers and tests
    "tensorflow/include",
    "tensorflow_core/include",
    "torch/include",
    "torch/test",
    # what no import of TensorFlow loads
    "tensorflow/compiler/mlir/stablehlo",
    "tensorflow/python/_pywrap_tfcompile.so",
    # what TensorBoard serves, and a part of its server
    "tensorboard/plugins/projector/tf_projector_plugin",
    "tensorboard/webfiles.zip",
    "tensorboard_data_server/bin",
)


def provision(target: Target, cache: Path) -> Environment:
    """Return the environment of a target, built if it is not there yet.

    Raises:
        Unavailable: There is no interpreter or no lock, the disk refuses, or uv failed, with its last lines.
    """
    try:
        return _provision(target, cache)
    except OSError as error:
        raise Unavailable(f"cannot build the environment: {said(error)}") from error


def _provision(target: Target, cache: Path) -> Environment:
    base = target.base
    base_key = hashlib.sha256(f"{base.python}\0".encode() + _read(base.lock, base.id)).hexdigest()[:12]
    folder = cache / "environments" / f"base-{base.id}-{base_key}"
    python = folder / "bin" / "python"

    def build_base() -> None:
        run_uv("venv", "--quiet", "--python", str(find_python(base.python)), str(folder))
        _install_base(base, python)
        for name in _UNUSED:
            unused = folder / "lib" / f"python{base.python}" / "site-packages" / name
            shutil.rmtree(unused) if unused.is_dir() else unused.unlink(missing_ok=True)

    _build(folder, python, build_base)
    if target.own is None:
        return Environment(python)
    own = target.own
    key = hashlib.sha256(f"{base_key}\0".encode() + _read(own, target.id)).hexdigest()[:12]
    own_folder = cache / "environments" / f"column-{target.id}-{key}"
    on_top = own_folder / "site-packages"  # by this name the worker knows what to leave out of paths in messages
    _build(
        own_folder,
        python,
        lambda: run_uv(*_INSTALL, "--python", str(python), "--target", str(on_top), "--requirements", str(own)),
    )
    return Environment(python, on_top)


def _install_base(base: Base, python: Path) -> None:
    install = (*_INSTALL, "--python", str(python), "--requirements")
    try:
        run_uv(*install, str(base.lock))
    except Unavailable as why:
        if TORCH_CPU_INDEX not in str(why):
            raise
        # The lock has the build for CPUs, which only that index has. The default index has the same release.
        _LOG.warning(
            f"{base.title}: {TORCH_CPU_INDEX} cannot be reached; installing the CUDA build of the default index (3 GB)"
        )
        with tempfile.TemporaryDirectory() as scratch:
            lock = Path(scratch, "lock.txt")
            kept = [pin for pin in pins(base.lock) if "+" not in pin]
            whom = ["--python", str(python)]
            resolve(base.requires, whom, base.drops, lock, constraints=kept, torch_backend="")
            run_uv(*install, str(lock), torch_backend="")


def _build(folder: Path, python: Path, build: Callable[[], object]) -> None:
    """Fill `folder` with `build`, unless another run has done so or does so meanwhile."""

    def is_there() -> bool:
        return (folder / _COMPLETE).is_file() and python.exists()  # the interpreter behind it may have been removed

    if is_there():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if is_there():
            return
        if folder.exists():
            shutil.rmtree(folder)
        try:
            build()
            (folder / _COMPLETE).touch()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # half of one would fill the disk for the next targets
            raise


def _read(lock: Path, name: str) -> bytes:
    try:
        return lock.read_bytes()
    except OSError as error:
        raise Unavailable(f"there is no lock for {name}; create it with `nox -s lock`") from error


def lock(one: Base | Target) -> Path:
    """Resolve what a base or a target requires into its lock: pins with hashes and no URLs.

    The lock of a target leaves out what its base has.

    Returns:
        The path of the lock.

    Raises:
        Unavailable: It cannot be resolved, with uv's last lines, or the base has no lock.
    """
    if isinstance(one, Base):
        resolve(one.requires, _published(one.python), one.drops + one.leaves, one.lock)
        return one.lock
    base = one.base
    assert one.own is not None, "a target without requirements has no lock of its own"
    _read(base.lock, base.id)
    there = pins(base.lock)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "lock.txt")
        resolve(one.requires, _published(base.python), base.drops, draft, constraints=there)
        blocks = draft.read_text().replace("\n    --hash", "\0--hash").splitlines()
    mine = [block.replace("\0", "\n    ") for block in blocks if block.split(" ")[0] not in there]
    write_text(one.own, "\n".join(mine) + "\n")
    return one.own


def _published(python: str) -> list[str]:
    """Return the options of uv for the platform that the locks of the repository are resolved for."""
    return ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28"]


def resolve(
    requires: list[str],
    whom: list[str],
    drops: list[str],
    lock: Path,
    *,
    constraints: Sequence[str] = (),
    torch_backend: str = "cpu",
) -> None:
    """Write the lock of what is required: pins with hashes, and no URLs but those asked for.

    Args:
        requires: The requirements.
        whom: The Python and the platform, as options of uv.
        drops: Distributions that must not be installed, whatever requires them.
        lock: The file to write.
        constraints: Pins that the solution must keep.
        torch_backend: As for `run_uv`.

    Raises:
        Unavailable: There is no solution, with uv's last lines.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        overrides, constrained = Path(folder, "overrides"), Path(folder, "constraints")
        overrides.write_text("".join(f"{name}; python_version < '0'\n" for name in drops))
        constrained.write_text("\n".join(constraints))
        run_uv(
            *("pip", "compile", "--quiet", "--upgrade", "-"),
            *("--override", str(overrides), "--constraint", str(constrained)),
            *whom,
            *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *("--output-file", str(lock)),
            stdin="\n".join(requires),
            torch_backend=torch_backend,
        )


def run_uv(*arguments: str, stdin: str | None = None, torch_backend: str = "cpu", **variables: str) -> str:
    """Run uv and return what it prints.

    Args:
        *arguments: Arguments of uv.
        stdin: Text for its standard input.
        **variables: Environment variables to add.
        torch_backend: Which of its builds of PyTorch uv chooses, on PyTorch's own index, unless the caller has a folder
            of wheels; "" for that of the default index, which brings 3 GB of CUDA.

    Raises:
        Unavailable: It failed, with its last lines.
    """
    # These, of the caller, would redirect uv.
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "UV_PYTHON")} | variables
    if "PIP_FIND_LINKS" in environment:  # where pip finds wheels, uv shall
        environment.setdefault("UV_FIND_LINKS", ",".join(environment["PIP_FIND_LINKS"].split()))
    if "PIP_INDEX_URL" in environment and "UV_INDEX_URL" not in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    environment.pop("UV_TORCH_BACKEND", None)
    if torch_backend and "UV_FIND_LINKS" not in environment:  # uv would not look there for torch
        environment["UV_TORCH_BACKEND"] = torch_backend
    done = subprocess.run(uv_command(*arguments), capture_output=True, text=True, input=stdin, env=environment)
    if done.returncode != 0:
        lines = [
            re.sub("^(error|cause|Caused by): ", "", line.strip()) for line in done.stderr.splitlines() if line.strip()
        ]
        raise Unavailable(f"uv {arguments[0]} failed: " + " | ".join(lines[-8:]))
    return done.stdout
