"""The syntax that old Pythons understand, what enters a target; import-linter holds the rest (pyproject.toml)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

WORKER = [*sorted((ROOT / "conformance" / "worker").glob("*.py")), ROOT / "bench" / "floor.py"]
INSIDE = sorted((ROOT / "conformance" / "inspection" / "inside").rglob("*.py"))
CHECKS = sorted((ROOT / "conformance" / "checks").rglob("*.py"))
WORKER += [ROOT / "conformance" / "case.py", *INSIDE, *CHECKS]
CASES = sorted((ROOT / "cases").glob("*.py"))
HOST = [p for name in ("conformance", "bench") for p in sorted((ROOT / name).rglob("*.py")) if p not in WORKER]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", WORKER + CASES, ids=lambda p: p.name)
def test_what_enters_a_target_is_old_python(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("path", WORKER + CASES, ids=lambda p: p.name)
def test_what_enters_a_target_needs_only_numpy_and_pytest(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"numpy", "pytest"} | {p.stem for p in CASES if not p.stem.startswith("test_")}
    if path.name == "test_serial.py":
        allowed |= {"tensorflow"}  # TensorFlow Lite is no part of Keras; the case is for this backend only
    if path.name == "safety.py":
        allowed |= {"h5py"}  # of a file that Keras itself reads with it
    for name in imports(path):
        if path in CHECKS and (name.startswith("conformance.checks") or name == "conformance.commands.check"):
            continue  # the host's part of the command, if it is installed
        ours = (
            "conformance.case."
            if path in CASES
            else ("conformance.worker", "conformance.vocabulary", "mask_inspection")
        )
        assert name.split(".")[0] in allowed or name.startswith(ours), name


def test_no_file_has_become_the_place_for_everything() -> None:
    for path in [*ROOT.glob("*.py"), *WORKER, *CASES, *HOST, *(ROOT / "conformance").rglob("*.js")]:
        assert len(path.read_text().splitlines()) <= (400 if path in CASES else 450), path


def test_titles_of_areas_are_headings_of_a_table() -> None:
    for path in CASES:
        if path.name.startswith("test_"):
            title = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0]
            assert title.endswith(".") and len(title) <= 30 and "\n" not in title, path
