"""The cases as the worker's plug-in lists them; no Keras is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from conformance.errors import UsageError
from conformance.suite.bundle import Bundle


def listed(bundle: Bundle) -> list[dict[str, Any]]:
    """What each case says of itself, in the order of their files.

    Raises:
        UsageError: a case file does not import, or a case describes itself wrongly.
    """
    done = subprocess.run(
        [sys.executable, "-m", "conformance.worker", "list", str(bundle.cases)],
        capture_output=True,
        text=True,
        cwd=bundle.folder,
        # What is installed here, this package's own plug-in included, is not in the bundle.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    if done.returncode != 0:
        raise UsageError("the cases cannot be collected:\n" + (done.stderr.strip() or done.stdout.strip()))
    return [json.loads(line) for line in done.stdout.splitlines()]
