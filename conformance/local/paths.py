"""Where the package and the suite are."""

from __future__ import annotations

from pathlib import Path

from conformance.local.errors import UsageError

PACKAGE = Path(__file__).parent.parent


def cases_folder() -> Path:
    """Return the folder of the suite: beside the package in a checkout, inside it when installed from a wheel.

    Raises:
        UsageError: There is none.
    """
    for folder in (PACKAGE.parent / "cases", PACKAGE / "cases"):
        if (folder / "oracle.py").is_file():
            return folder
    raise UsageError("the cases are missing from this installation; install the package again")
