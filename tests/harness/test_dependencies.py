"""What a result depends on: a change of any file that decides is seen, wherever work is skipped."""

import ast
import importlib.metadata
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.local import dependencies
from conformance.local.bundle import make_bundle
from conformance.local.dependencies import code_digest, imported, program_digest, read
from tests.support.paths import TESTS

PACKAGE = dependencies.PACKAGE
WRITES = (
    "conformance/files.py",
    "conformance/results.py",
    "conformance/vocabulary.py",
    "conformance/targets/registry.py",
)
WRITE = ("judging", "report", "repro", "suite")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package without most of the locks."""
    copy = tmp_path / "copy" / "conformance"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "keras-*.txt"))
    return copy


def test_a_change_of_any_kind_of_file_is_one_of_the_program(package: Path) -> None:
    known = {program_digest(package)}
    files = {(path.parent, path.suffix): path for path in package.rglob("*") if path.is_file()}
    assert {".py", ".toml", ".jinja", ".j2", ".js", ".css", ".json", ".txt"} <= {suffix for _, suffix in files}
    for path in files.values():
        path.write_bytes(path.read_bytes() + b"\n")
        digest = program_digest(package)
        assert digest not in known, path
        known.add(digest)


def test_so_is_a_file_that_is_renamed_and_one_of_a_further_folder(package: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "expectations.toml").write_text("")
    before = program_digest(cases)
    (cases / "expectations.toml").rename(cases / "expected.toml")
    assert program_digest(cases) != before != program_digest()


def test_so_is_another_version_of_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    before = program_digest()
    installed = importlib.metadata.version
    # Stands for the libraries that are installed.
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == "jinja2" else installed(name))
    assert program_digest() != before


def test_the_libraries_are_those_that_what_writes_imports() -> None:
    files = [PACKAGE.parent / name for name in WRITES]
    files += [path for folder in WRITE for path in (PACKAGE / folder).glob("*.py")]
    names = set()
    for file in files:
        for node in ast.walk(read(file).tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split(".")[0])
    assert names - set(sys.stdlib_module_names) - {"conformance"} <= {*dependencies.LIBRARIES}


WRITTEN = """
import json, sys
from pathlib import Path
from conformance.local.dependencies import PACKAGE
from conformance.report.folder import BESIDE, write_report
from tests.support.page_samples import sample

out = Path(sys.argv[1])

def written():
    write_report(sample(), [], out)
    return [(out / name).stat().st_mtime_ns for name in (*BESIDE, "index.html")]

before = written()
for name in ("", *sys.argv[2:]):
    if name:
        (PACKAGE / name).write_text((PACKAGE / name).read_text() + "\\n")
    after = written()
    assert [new > old for new, old in zip(after, before)] == [bool(name)] * len(before), name
    before = after
"""


def test_a_report_is_written_again_after_a_change_of_the_program(package: Path, tmp_path: Path) -> None:
    cases = package.parent / "cases"
    cases.mkdir()
    (cases / "oracle.py").touch()
    changed = [
        "../cases/oracle.py",
        "judging/gate.py",
        "local/launch.py",
        "report/web/page.html.j2",
        "suite/catalogue.py",
        "targets.toml",
        "targets/versions.py",
        "vocabulary.py",
    ]
    run_with(package, WRITTEN, str(tmp_path / "out"), *changed)


def run_with(package: Path, code: str, *arguments: str) -> str:
    """Execute code in a process that imports this copy of the package."""
    variables = {**os.environ, "PYTHONPATH": f"{package.parent}{os.pathsep}{TESTS.parent}"}
    command = [sys.executable, "-P", "-c", code, *arguments]
    done = subprocess.run(command, env=variables, cwd=package.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


JOURNAL = """
from pathlib import Path
from conformance.local.bundle import Bundle
from conformance.run.result_cache import ResultCache
from conformance.targets import registry
print(ResultCache(Path("cache"), Bundle(Path("bundle"), "", "")).target_digest(registry.load()[0]))
"""


@pytest.mark.parametrize(
    ("file", "before", "after", "counts"),
    [
        ("local/launch.py", "INHERITED = (", 'INHERITED = ("OTHER", ', True),
        ("local/validation.py", "DEPTH = ", "DEPTH = 1 + ", True),
        ("local/sanitize.py", '"unicode_escape"', '"ascii"', True),
        ("local/supervisor.py", "MAX_IDLE_DEATHS = ", "MAX_IDLE_DEATHS = 1 + ", True),
        ("local/worker_process.py", "LIMITS = ", "LIMITS = OTHER = ", True),
        ("run/result_cache.py", '_PARTS = ("status", ', "_PARTS = (", True),
        ("results.py", "    atol: float | None = None\n", "    atol: float | None = 0.0\n", True),
        ("run/progress.py", "import", "import sys\nimport", False),
        ("results.py", "MAX_BYTES = ", "MAX_BYTES = 1 + ", False),
        ("report/summary.py", "LIMIT = ", "LIMIT = 1 + ", False),
    ],
)
def test_cells_are_remembered_until_what_observes_them_changes(
    file: str, before: str, after: str, counts: bool, package: Path
) -> None:
    was, text = run_with(package, JOURNAL), (package / file).read_text()
    assert before in text
    (package / file).write_text(text.replace(before, after, 1))
    assert (run_with(package, JOURNAL) != was) is counts


SOURCES = {
    "__init__.py": "from program.rules import rule as exported\n",
    "main.py": """
from typing import TYPE_CHECKING
from program import constants
from program import exported
if TYPE_CHECKING:
    from program.annotations import Other

def entry(other: "Other"):
    from program.late import late
    return helper() + constants.USED + exported() + late()

def helper():
    return 1

def unused():
    return 2
""",
    "constants.py": "USED = 1\nUNUSED = 1\nassert USED < 9\n",
    "rules.py": "def rule():\n    return 1\n",
    "late.py": "class Base:\n    pass\n\nclass late(Base):\n    pass\n",
    "annotations.py": "class Other:\n    pass\n",
}


@pytest.mark.parametrize(
    ("file", "before", "after", "counts"),
    [
        ("main.py", "return 1", "return 3", True),
        ("main.py", "return 2", "return 3", False),
        ("constants.py", "USED = 1\n", "USED = 2\n", True),
        ("constants.py", "UNUSED = 1", "UNUSED = 2", False),
        ("constants.py", "< 9", "< 8", True),
        ("rules.py", "return 1", "return 2", True),
        ("late.py", "class Base:\n    pass", "class Base:\n    x = 1", True),
        ("annotations.py", "pass", "x = 1", False),
    ],
)
def test_code_is_followed_by_the_names_that_it_uses(
    file: str, before: str, after: str, counts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(root: Path, sources: dict[str, str]) -> str:
        (root / "program").mkdir(parents=True)
        for name, text in sources.items():
            (root / "program" / name).write_text(text)
        module = types.ModuleType(root.name)
        module.__file__ = str(root / "program" / "main.py")
        monkeypatch.setitem(sys.modules, root.name, module)
        exec("def entry(): pass", module.__dict__)
        module.entry.__module__ = root.name
        return code_digest(module.entry)

    assert before in SOURCES[file]
    changed = {**SOURCES, file: SOURCES[file].replace(before, after, 1)}
    assert (digest(tmp_path / "one", SOURCES) != digest(tmp_path / "other", changed)) is counts


@pytest.fixture
def suites(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "suite"
    folder.mkdir()
    for name in ("first", "second", "third", "other"):
        (folder / f"{name}.py").write_text("")
    (folder / "first.py").write_text("def f():\n    import second as s\n")
    yield folder


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("import os, first", {"first", "second"}),
        ("from first import f", {"first", "second"}),
        ('pytest_plugins = ["third"]', {"third"}),
        ('import importlib\nimportlib.import_module("third")', {"third"}),
        ("# other", set()),
        ("import third\n(", set()),
    ],
)
def test_what_a_file_imports_beside_it(text: str, modules: set[str], suites: Path) -> None:
    (suites / "conftest.py").write_text(text)
    assert {path.stem for path in imported(suites / "conftest.py")} == {"conftest", *modules}


def test_what_acts_on_every_case_is_a_part_of_the_worker(suites: Path, tmp_path: Path) -> None:
    (suites / "conftest.py").write_text('pytest_plugins = ["first"]  # other\n')

    def worker() -> str:
        return make_bundle(tmp_path / "cache", suites).worker

    was = worker()
    (suites / "other.py").write_text("x = 1\n")
    assert worker() == was
    (suites / "second.py").write_text("x = 1\n")
    assert worker() != was
