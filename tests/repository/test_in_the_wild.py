"""The survey of released packages: declarations, scripts and page belong together, and scripts stand alone."""

import ast
import importlib.util
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from packaging.requirements import Requirement

from conformance.layer_matrix import clause_cases, declaration
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "in-the-wild"
DECLARATIONS = sorted(FOLDER.glob("*.toml"))
OURS = ("survey", "wild_factories")
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem not in OURS)
LAYERS = """
import keras


class Stops(keras.layers.Layer):
    def __init__(self, units=1):
        super().__init__()

    def call(self, inputs):
        return inputs * 2.0
"""
DECLARED = """
targets = ["fake-0.1", "fake-uninstallable"]
modules = ["mine.py"]
[[layer]]
layer = "mine:Stops"
config = { units = 2 }
input_shape = [2, 5, 3]
kind = "transparent"
expected_failures = { C1 = "it is on its way (script.py)" }
[[layer]]
layer = "mine:Missing"
input_shape = [2, 5, 3]
kind = "transparent"
"""
Command = Callable[..., Result]
PAGE = (FOLDER.parent / "in-the-wild.md").read_text()


def about(script: Path) -> dict[str, object]:
    """The inline metadata of a script."""
    (block,) = re.findall(r"^# /// script\n((?:# .*\n)+)# ///$", script.read_text(), re.MULTILINE)
    return tomllib.loads(re.sub(r"^# ", "", block, flags=re.MULTILINE))


def pins(script: Path) -> set[str]:
    return set(about(script)["dependencies"])  # type: ignore[call-overload]


@pytest.mark.parametrize("file", DECLARATIONS, ids=lambda file: file.stem)
def test_a_declaration_is_complete(file: Path, tmp_path: Path) -> None:
    what = declaration.read(file)
    assert what.targets and all(layer.kind for layer in what.layers)
    assert all("==" in text for text in what.requirements)
    clause_cases.write(what.layers, [], tmp_path)
    for layer in what.layers:
        assert all(reason.endswith(".py)") for reason in clause_cases.expected([layer]).values()), layer.slug


def test_at_least_eight_packages() -> None:
    packages = {Requirement(text).name for file in DECLARATIONS for text in declaration.read(file).requirements}
    assert len(packages) >= 8


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_stands_alone_and_is_pinned(script: Path) -> None:
    assert about(script).keys() == {"requires-python", "dependencies"}
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", pin) for pin in pins(script))
    tree = ast.parse(script.read_text())
    assert ast.get_docstring(tree) and len(script.read_text().splitlines()) <= 40
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    installed = {Requirement(pin).name.lower().replace("-", "_").removesuffix("_cpu") for pin in pins(script)}
    others = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"numpy"} - installed
    assert others <= {"tensorflow", "tcn", "keras"}, others
    assert re.search(r"\bassert\b|SystemExit", script.read_text()), "it must fail if nothing is shown"


def test_each_reason_has_a_script_of_its_package_and_each_script_a_reason() -> None:
    named: set[str] = set()
    for file in DECLARATIONS:
        what = declaration.read(file)
        for layer in what.layers:
            for reason in clause_cases.expected([layer]).values():
                for script in re.findall(r"\((\w+\.py)\)", reason):
                    named.add(script)
                    assert pins(FOLDER / script) & {*what.requirements}, f"{script} is not about {file.stem}"
    assert named == {script.name for script in SCRIPTS}


def test_the_page_is_of_these_declarations() -> None:
    assert PAGE.startswith((FOLDER / "introduction.md").read_text())
    for file in DECLARATIONS:
        what = declaration.read(file)
        assert f"## {', '.join(what.requirements)}\n" in PAGE
        for layer in what.layers:
            assert f"| `{layer.layer.rpartition(':')[2]}(" in PAGE
    for link in re.findall(r"\]\((in-the-wild/\w+\.py)\)", PAGE):
        assert (FOLDER.parent / link).is_file()
    assert "unexpected" not in PAGE


def test_the_page_says_what_a_check_found(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(LAYERS)
    file = tmp_path / "mine.toml"
    file.write_text(DECLARED)
    assert command("check", "mine.toml", "--clause=C1", "--out=reports/wild/mine", "--allow-not-run").exit_code == 0
    spec = importlib.util.spec_from_file_location("survey", FOLDER / "survey.py")
    assert spec is not None and spec.loader is not None
    survey = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(survey)
    text = survey.section(file)
    assert "| layer | kind | fake-0.1 | fake-uninstallable |" in text
    refused = "not run: uv pip failed: there is no such wheel"
    assert f"| `Stops(units=2)` | transparent | breaks C1; keeps 0 | {refused} |" in text
    assert f"| `Missing()` | transparent | not run: module mine has no Missing | {refused} |" in text
    assert "- **Stops C1**: it is on its way ([script.py](in-the-wild/script.py))" in text
    assert survey.main(["nobody"]) == 2
    assert capsys.readouterr().err == "no declaration is named nobody\n"
