"""The bundle: a frozen copy of exactly what enters a target, the worker and the cases.

A run is not disturbed by edits made meanwhile, nothing of the host can be imported inside
a target, and a checkout and an installed wheel behave the same.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.local.dependencies import imported
from conformance.local.errors import named
from conformance.local.paths import PACKAGE, cases_folder

_ASKS = "conformance/worker/probe.py"  # asks an environment what it has; nothing that a case can see


@dataclass(frozen=True)
class Bundle:
    """What enters a target.

    Attributes:
        folder: Folder on the worker's PYTHONPATH.
        digest: Digest of all that is in it.
        worker: Digest of all that acts on every case, and of how the worker is run.
        speedups: Whether workers use `conformance.worker.speedups`.
    """

    folder: Path
    digest: str
    worker: str
    speedups: bool = True

    @property
    def cases(self) -> Path:
        """The folder of the case files."""
        return self.folder / "cases"

    def without_speedups(self) -> Bundle:
        """Return the same bundle for workers without speed-ups, which share no remembered cell with the others."""
        return replace(self, speedups=False, worker=_digest({"without speed-ups": self.worker.encode()}))


def make_bundle(cache: Path, cases: Path | None = None, others: Mapping[str, Path] | None = None) -> Bundle:
    """Copy worker and cases into `cache` under their digest, unless they are there already.

    Args:
        cache: The cache folder.
        cases: Folder of the cases, by default the suite.
        others: Further files by their place in the bundle; like the worker's, they may act on every case.

    Raises:
        UsageError: The cases are missing.
        OSError: The bundle cannot be written; names its folder.
    """
    sources = {f"conformance/{name}": PACKAGE / name for name in ("__init__.py", "case.py", "vocabulary.py")}
    sources |= {f"conformance/worker/{p.name}": p for p in (PACKAGE / "worker").glob("*.py")}
    cases = cases or cases_folder()
    sources |= {f"cases/{p.name}": p for p in cases.iterdir() if p.suffix in (".py", ".ini")}
    sources |= others or {}
    contents = {name: path.read_bytes() for name, path in sorted(sources.items())}
    digest = _digest(contents)
    folder = cache / "bundles" / digest
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            for name, content in contents.items():
                (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                (temporary / name).write_bytes(content)
            temporary.rename(folder)
        except OSError as error:
            shutil.rmtree(temporary)
            if not folder.is_dir():  # otherwise another run was faster; it made the same
                raise named(error, folder) from error
    # Fixtures and configuration act on every case, as the worker does; what a case itself uses is in its own digest.
    fixtures = imported(folder / "cases" / "conftest.py") if "cases/conftest.py" in contents else set()
    used = {f"cases/{path.name}" for path in fixtures} | {"cases/pytest.ini"}
    acting = {name for name in contents if not name.startswith("cases/")} - {_ASKS} | used
    worker = {name: content for name, content in contents.items() if name in acting}
    return Bundle(folder, digest, _digest(worker))


def _digest(contents: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in contents.items():
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:16]
