"""The command `conformance`: hands over to the host side, or says in one line what is missing for that.

Beside a Keras, where this is installed without the extra `matrix`, only `check` and `run --here` are available. Imports
nothing that could be missing, on any Python from 3.9.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.util import find_spec

HOST_PYTHON = (3, 11)
HOST_MODULES = ("click", "filelock", "jinja2", "msgspec", "packaging", "platformdirs", "psutil", "rich", "uv")
"""What the extra `matrix` brings."""
COLLECTION_THRESHOLD = 500_000
"""New objects before garbage is collected, by default 700: a command keeps nearly everything it reads until it ends."""
USAGE = """\
Usage: conformance check ...       check your own layers in this environment
       conformance run --here ...  run the mask cases in this environment

Each has a `--help` of its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, or exits with it."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    reason = missing()
    if not reason:
        gc.set_threshold(COLLECTION_THRESHOLD)
        from conformance import cli

        try:
            return int(cli.main(given, prog_name="conformance") or 0)
        finally:
            gc.freeze()  # the process ends: the last collection of garbage has nothing to visit
    if given[:1] == ["check"]:
        from conformance.checks import command

        return int(command.main(given[1:], reason))
    if given[:1] == ["run"] and "--here" in given:
        from conformance.local import run

        return run.main(given[1:], reason)
    if given == ["--version"]:
        from conformance import __version__

        print(f"conformance, version {__version__}")
        return 0
    if not given or given[0] in ("--help", "-h"):
        print(f"{USAGE}\nOther commands are not available: {reason}.")
        return 0
    print(f"Error: {reason}; only `conformance check` and `conformance run --here` are available", file=sys.stderr)
    return 2


def missing() -> str:
    """Return why the host side cannot run here and what to do about it, "" if it can."""
    if sys.version_info < HOST_PYTHON:
        needed, has = (".".join(map(str, version[:2])) for version in (HOST_PYTHON, sys.version_info))
        return f"the host side needs Python {needed} or later, this is Python {has}"
    absent = [name for name in HOST_MODULES if find_spec(name) is None]
    if not absent:
        return ""
    return f"the host side needs pip install 'keras-mask-conformance[matrix]' ({', '.join(absent)} not found)"


if __name__ == "__main__":
    sys.exit(main())
