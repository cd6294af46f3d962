"""Finding a CPython of a given minor version: on the PATH, in pyenv, among those of uv, or downloaded by uv."""

import os
import subprocess
from pathlib import Path

import uv

from conformance.local.errors import Unavailable

# Found once, at import: the search reads `sysconfig`, which is not safe in two threads at once.
_UV = uv.find_uv_bin()


def uv_command(*arguments: str) -> list[str]:
    """Return a command line that runs uv, which is a dependency of this package."""
    return [_UV, *arguments]


def find_python(version: str, fetch: bool = True) -> Path:
    """Find a CPython that starts.

    Args:
        version: Minor version, such as "3.7".
        fetch: Whether uv may download one.

    Returns:
        Path of the executable, which is not that of a virtual environment.

    Raises:
        Unavailable: None was found, and uv could not download one; the message says where it was looked for.
    """
    for path in _candidates(version):
        if _runs(path, version):
            return path
    looked = f"no Python {version} found on the PATH, in pyenv ({_pyenv()}) or among those of uv ({_uv_folder()})"
    if not fetch:
        raise Unavailable(looked)
    done = subprocess.run(
        uv_command("python", "install", "--no-bin", version),
        capture_output=True,
        text=True,
        env=os.environ | {"UV_HTTP_TIMEOUT": "30"},
    )
    for path in _uv_candidates(version):
        if _runs(path, version):
            return path
    last = done.stderr.strip().splitlines()[-1:] or ["no such version"]
    raise Unavailable(f"{looked}; uv could not download one ({last[0].strip()})")


def _candidates(version: str) -> list[Path]:
    names = (f"python{version}", "python3", "python")
    folders = [Path(f) for f in os.environ.get("PATH", "").split(os.pathsep) if f]
    # A pyenv shim runs whatever version is selected elsewhere: only real files count.
    on_path = [f / name for f in folders if f.name != "shims" for name in names]
    under_pyenv = sorted(_pyenv().glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    return [p for p in [*on_path, *under_pyenv, *_uv_candidates(version)] if p.is_file()]


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _uv_folder() -> Path:
    done = subprocess.run(uv_command("python", "dir"), capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"cannot find the Pythons of uv: `uv python dir` failed: {done.stderr.strip()}")
    return Path(done.stdout.strip())


def _uv_candidates(version: str) -> list[Path]:
    return sorted(_uv_folder().glob(f"cpython-{version}.*/bin/python{version}"), reverse=True)


def _runs(path: Path, version: str) -> bool:
    """Return whether this is a CPython of that version that starts and is not that of a virtual environment."""
    code = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.prefix == sys.base_prefix)"
    try:
        done = subprocess.run([path, "-I", "-c", code], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == ["cpython", version, "True"]
