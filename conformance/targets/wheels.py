"""Local wheels: a file, or built from a source folder."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from conformance.local.errors import UsageError
from conformance.targets.install import run_uv

_EPOCH = "315532800"  # 1980, the earliest time that a wheel can hold: equal sources give an equal wheel
_BUILT = ("build", "dist")  # at the top of a source folder; a stale `build` would get into the wheel


def check(path: Path) -> None:
    """Check that a path is a wheel or a source folder.

    Raises:
        UsageError: It is neither.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if path.is_dir():
        if not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
            raise UsageError(f"{path}: a folder without pyproject.toml or setup.py")
        return
    try:
        parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise UsageError(f"{path}: not a wheel") from error


def wheel(path: Path, cache: Path, python: Path) -> Path:
    """Keep a wheel in the cache, in a folder named by the digest of its contents.

    Args:
        path: The wheel, or a source folder to build it from.
        cache: The cache folder.
        python: Interpreter to build it with.

    Returns:
        Path of the wheel in the cache.

    Raises:
        Unavailable: It cannot be built, with uv's last lines.
    """
    with tempfile.TemporaryDirectory() as folder:
        if path.is_dir():
            # In a copy: a build writes into the source folder, and reads what an earlier one has left there.
            sources = shutil.copytree(path, Path(folder, "sources"), symlinks=True, ignore=_not_source(path))
            built = Path(folder, "built")
            run_uv(
                *("build", "--wheel", "--quiet", "--python", str(python), "--out-dir", str(built), str(sources)),
                SOURCE_DATE_EPOCH=_EPOCH,
            )
            (path,) = built.glob("*.whl")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        kept = cache / "wheels" / digest[:16] / path.name
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            temporary = kept.with_name(f".{kept.name}.{os.getpid()}")
            try:
                shutil.copyfile(path, temporary)
                temporary.replace(kept)
            finally:
                temporary.unlink(missing_ok=True)
    return kept


def _not_source(top: Path) -> Callable[[str, list[str]], set[str]]:
    def ignored(folder: str, names: list[str]) -> set[str]:
        unwanted = {n for n in names if n == "__pycache__" or Path(folder, n, "pyvenv.cfg").is_file()}
        if Path(folder) == top:
            unwanted |= {n for n in names if n in _BUILT or n.endswith(".egg-info")}
        return unwanted

    return ignored
