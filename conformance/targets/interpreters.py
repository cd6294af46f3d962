"""Finding a CPython of a given minor version: PATH, pyenv, uv's own, else fetched by uv."""

import os
import subprocess
from pathlib import Path

import uv

from conformance.local.errors import Unavailable

# Found once, at import: the search reads `sysconfig`, which is not safe in two threads at once.
_UV = uv.find_uv_bin()


def uv_command(*arguments: str) -> list[str]:
    """A uv command line; uv is a dependency of this package."""
    return [_UV, *arguments]


def find_python(version: str, fetch: bool = True) -> Path:
    """The executable of a CPython `version` ("3.7"), as a real file and known to start.

    Raises:
        Unavailable: none was found and uv could not fetch one; says where was looked.
    """
    for path in _candidates(version):
        if _runs(path, version):
            return path
    looked = f"no Python {version} found; looked in PATH, pyenv ({_pyenv()}) and uv's own ({_uv_folder()})"
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
    raise Unavailable(f"{looked}; uv could not fetch one ({last[0].strip()})")


def _candidates(version: str) -> list[Path]:
    names = (f"python{version}", "python3", "python")
    folders = [Path(f) for f in os.environ.get("PATH", "").split(os.pathsep) if f]
    # A pyenv shim answers for whatever version is chosen elsewhere: only the real files count.
    on_path = [f / name for f in folders if f.name != "shims" for name in names]
    under_pyenv = sorted(_pyenv().glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    return [p for p in [*on_path, *under_pyenv, *_uv_candidates(version)] if p.is_file()]


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _uv_folder() -> Path:
    done = subprocess.run(uv_command("python", "dir"), capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"uv does not say where its Pythons are: {done.stderr.strip()}")
    return Path(done.stdout.strip())


def _uv_candidates(version: str) -> list[Path]:
    return sorted(_uv_folder().glob(f"cpython-{version}.*/bin/python{version}"), reverse=True)


def _runs(path: Path, version: str) -> bool:
    """Whether this is a CPython of that version which starts and is not some virtual environment's."""
    code = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.prefix == sys.base_prefix)"
    try:
        done = subprocess.run([path, "-I", "-c", code], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == ["cpython", version, "True"]
