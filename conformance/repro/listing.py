"""Prints one JSON object per case of these files: what pytest knows of it. `python -m ... FOLDER FILE...`."""

import json
import sys
from typing import Any

import pytest

from conformance.verdicts import MODES


class Listing:
    """Collects and runs nothing; the marks are read by the plug-in that the cases bring."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for case, item in {item.case.id: item for item in items if hasattr(item, "case")}.items():
            params = item.callspec.params
            places = {k: v for mark in item.iter_markers("parametrize") for k, v in _places(mark, params).items()}
            given = {name: (place, _written(params[name])) for name, place in places.items()}
            print(json.dumps({"id": case, "backends": item.case.backends, "parameters": given}))
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
    """How a simple value is written in Python."""
    if isinstance(value, str):
        return json.dumps(value)
    return repr(value) if value is None or isinstance(value, bool | int) else None


if __name__ == "__main__":
    folder, *files = sys.argv[1:]
    options = ["-qq", "--collect-only", "--assert=plain", "-pno:cacheprovider", f"-c{folder}/pytest.ini"]
    options += [f"--mode={mode}" for mode in MODES]
    options += [f"{folder}/{file}" for file in files]
    sys.exit(0 if pytest.main(options, plugins=[Listing()]) in (0, 5) else 1)
