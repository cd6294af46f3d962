"""The parameters of each case, as pytest collects them; run as a process of its own: `python -m ... FOLDER`.

Prints one JSON object per case: its id, the backends that it is about, and for each parameter the number of
its value in the decorator and, for simple values, how it is written in Python.
"""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.errors import UsageError


class Collected(msgspec.Struct, frozen=True):
    """parameters: by name, (position of the value in its decorator, its source or None)."""

    id: str
    backends: list[str]
    parameters: dict[str, tuple[int, str | None]]


@functools.cache
def collect(cases: Path) -> dict[str, Collected]:
    """All cases below this folder, by id.

    Raises:
        UsageError: they cannot be collected.
    """
    command = [sys.executable, "-m", "conformance.repro.collected", str(cases)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise UsageError("the cases cannot be collected:\n" + (done.stderr.strip() or done.stdout.strip()))
    found = [msgspec.json.decode(line, type=Collected) for line in done.stdout.splitlines() if line.startswith("{")]
    return {one.id: one for one in found}


class _Listing:
    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: Any) -> None:
        from conformance.worker import modes, plugin

        config.masks = plugin.Masks(None, modes.MODES)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            if hasattr(item, "case") and item.mode_name == item.case.runs_in()[0]:
                params = item.callspec.params
                places = {k: v for mark in item.iter_markers("parametrize") for k, v in _places(mark, params).items()}
                given = {name: (place, _written(params[name])) for name, place in places.items()}
                about = {"id": item.case.id, "backends": item.case.backends, "parameters": given}
                print(json.dumps(about))
        items[:] = []


def _places(mark: pytest.Mark, params: dict[str, Any]) -> dict[str, int]:
    """For each name of this decorator, at which place of its list of values the case has its own."""
    names = [name.strip() for name in mark.args[0].split(",")]
    for place, row in enumerate(mark.args[1]):
        values = row if len(names) > 1 else (row,)
        if all(value is params[name] for name, value in zip(names, values, strict=True)):
            return dict.fromkeys(names, place)
    raise AssertionError(f"no value of {names} is that of the case")


def _written(value: object) -> str | None:
    if isinstance(value, str):
        return json.dumps(value)
    return repr(value) if value is None or isinstance(value, bool | int) else None


if __name__ == "__main__":
    code = pytest.main(
        ["-qq", "--collect-only", "-p", "no:cacheprovider", f"-c{sys.argv[1]}/pytest.ini", sys.argv[1]],
        plugins=[_Listing()],
    )
    sys.exit(0 if code in (0, 5) else 1)
