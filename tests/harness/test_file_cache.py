"""What is made of case files is made again only of those that changed, if nothing that they share did."""

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.local.bundle import make_bundle
from conformance.local.dependencies import imported
from conformance.local.errors import UsageError
from conformance.local.paths import cases_folder
from conformance.suite import catalogue, file_cache

FILES = {
    "helper.py": "import numpy as np\n",
    "test_a.py": "import helper\n",
    "test_b.py": "import numpy as np\n",
}


class Making:
    """Makes texts of files in a suite below `folder`, and knows which files it was asked for."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.asked: list[str] = []
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self._folder / "cases").mkdir(exist_ok=True)
        (self._folder / "cases" / name).write_text(text)

    def made(self) -> dict[str, str]:
        suite = make_bundle(self._folder / "cache", self._folder / "cases")
        return file_cache.made("texts", suite, str, self._make)

    def _make(self, files: Sequence[str]) -> dict[str, str]:
        self.asked = [*files]
        return {file: f"of {file}" for file in files}


@pytest.fixture
def making(tmp_path: Path) -> Making:
    making = Making(tmp_path)
    assert making.made() == {"test_a.py": "of test_a.py", "test_b.py": "of test_b.py"}
    assert making.asked == ["test_a.py", "test_b.py"]
    making.asked = []
    return making


def test_nothing_is_made_twice(making: Making) -> None:
    assert making.made()["test_b.py"] == "of test_b.py" and making.asked == []


def test_a_file_that_changed_is_made_again_alone(making: Making) -> None:
    making.write("test_b.py", "import numpy\n")
    assert [*making.made()] == ["test_a.py", "test_b.py"] and making.asked == ["test_b.py"]


def test_all_are_made_again_if_what_they_share_changed(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    def assert_all_are_made_again() -> None:
        making.made()
        assert making.asked == ["test_a.py", "test_b.py"]
        making.asked = []

    making.write("helper.py", "import numpy\n")
    assert_all_are_made_again()
    making.write("conftest.py", "import numpy\n")
    assert_all_are_made_again()
    installed = importlib.metadata.version
    # Stands for the libraries that are installed.
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99" if name == "msgspec" else installed(name))
    assert_all_are_made_again()


def test_case_files_do_not_import_each_other() -> None:
    """The digest of what is made of one counts on it."""
    files = sorted(cases_folder().glob("test_*.py"))
    assert files
    for file in files:
        assert [path.name for path in imported(file) if path.name.startswith("test_")] == [file.name]


@pytest.mark.parametrize("kept", [b"", b'{"test_a.py": 1}', b"\xff"])
def test_what_cannot_be_read_is_made_again(making: Making, tmp_path: Path, kept: bytes) -> None:
    (store,) = (tmp_path / "cache" / "bundles").glob("texts-*.json")
    store.write_bytes(kept)
    assert making.made()["test_a.py"] == "of test_a.py" and making.asked == ["test_a.py", "test_b.py"]


CASE = '''
"""Title of the area."""
import pytest

@pytest.mark.case({id!r}, documented="a page")
def test_one(record):
    """Title.

    Contract.
    """
'''


def test_cases_of_a_changed_file_are_listed_beside_those_that_are_known(tmp_path: Path) -> None:
    making = Making(tmp_path)
    (tmp_path / "cases" / "conftest.py").write_text('pytest_plugins = ["conformance.worker.pytest_plugin"]\n')
    (tmp_path / "cases" / "pytest.ini").write_text("[pytest]\n")

    def ids() -> list[str]:
        return [case.id for case in catalogue.collect(make_bundle(tmp_path / "cache", tmp_path / "cases"))]

    making.write("helper.py", "")
    making.write("test_b_again.py", "")
    with pytest.raises(UsageError, match="cannot be collected"):
        ids()
    making.write("test_b.py", CASE.format(id="b.one"))
    assert ids() == ["b.one"]
    making.write("test_a.py", CASE.format(id="a.one"))
    assert ids() == ["a.one", "b.one"]
    making.write("test_a.py", "")
    assert ids() == ["b.one"]
    making.write("test_b_again.py", CASE.format(id="b.one"))
    with pytest.raises(UsageError, match="'b.one' is used twice: test_b.py::test_one, test_b_again.py::test_one"):
        ids()
