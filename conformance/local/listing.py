"""Lists the cases, as pytest collects them in the worker; no Keras is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.local.bundle import Bundle
from conformance.local.errors import UsageError


def listed(bundle: Bundle, files: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return what each case says of itself, in the order of the files.

    Args:
        bundle: Holds the case files.
        files: Names of the case files to list, all for none.

    Raises:
        UsageError: A case file does not import, a case describes itself wrongly, or there is no case.
    """
    with tempfile.TemporaryDirectory(prefix="masks-") as folder:
        cases = _with_few(bundle.cases, files, Path(folder) / "cases") if files else bundle.cases
        done = subprocess.run(
            [sys.executable, "-m", "conformance.worker", "list", str(cases)],
            capture_output=True,
            text=True,
            cwd=bundle.folder,
            # What is installed here, this package's own plug-in included, is not in the bundle.
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )
    if done.returncode != 0:
        raise UsageError("the cases cannot be collected:\n" + (done.stderr.strip() or done.stdout.strip()))
    return [json.loads(line) for line in done.stdout.splitlines()]


def _with_few(cases: Path, files: Sequence[str], folder: Path) -> Path:
    """Copy these case files into a folder, with all that may be imported and configured beside them."""
    others = shutil.ignore_patterns("test_*.py", "__pycache__")
    shutil.copytree(cases, folder, ignore=others)
    for file in files:
        shutil.copy(cases / file, folder)
    return folder
