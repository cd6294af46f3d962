"""Layers of an author on columns: as cases of a run, with its page, its exit codes and its reasons."""

import ast
import math
from pathlib import Path

import pytest

from conformance import results
from conformance.layer_matrix import clause_cases, declaration
from conformance.layer_matrix.declaration import LayerDeclaration
from conformance.local.errors import UsageError
from tests.support.fakes import Command

LAYERS = '''
import os

import keras


class Passes(keras.layers.Layer):
    """Says of itself what it is."""

    supports_masking = True

    def __init__(self, units=1):
        super().__init__()
        if units < 0:
            raise ValueError("units must not be negative")

    def call(self, inputs):
        return inputs * 2.0


class Stops(Passes):
    """Says that it is unaware."""

    supports_masking = False


def made():
    return Passes(3)


class NoLayer:
    def call(self, inputs):
        return inputs

    def compute_mask(self, inputs, mask=None):
        return mask
'''
OPTIONS = ("--kind", "transparent", "--input-shape", "2,5,3", "--clause", "C1", "--target", "fake-0.1")


@pytest.fixture
def check(command: Command, tmp_path: Path):  # type: ignore[no-untyped-def]
    """`conformance check` of `LAYERS` on fake columns."""
    (tmp_path / "my_layers.py").write_text(LAYERS)
    return lambda *arguments: command("check", *arguments)


def cells(folder: Path) -> dict[tuple[str, str], tuple[str, str | None]]:
    found = results.read(folder)
    return {(c.case, c.target): (c.verdict, c.reason) for c in found.cells if c.mode == "eager"}


def test_a_layer_that_keeps_its_contract(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = check("my_layers:Passes", "my_layers:made", *OPTIONS)
    assert done.exit_code == 0, done.output
    assert cells(tmp_path / "reports" / "check") == {
        ("passes.c1-flag", "fake-0.1"): ("conforms", None),
        ("made.c1-flag", "fake-0.1"): ("conforms", None),
    }
    written = {path.name for path in (tmp_path / "reports" / "check").iterdir()}
    assert written == {"index.html", "results.json", "summary.md", "junit.xml", "badge.svg", "changes.json"}


def test_a_layer_that_breaks_it(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = check("my_layers:Stops", *OPTIONS, "--out", "out")
    assert done.exit_code == 1
    assert "stops.c1-flag on fake-0.1 in eager: deviates: supports_masking is False" in done.output
    assert "C1-flag (stops): set `self.supports_masking = True`" in done.output
    (case,) = results.read(tmp_path / "out").cases
    assert "super().__init__()" in case.source and case.tags == ["stops", "transparent", "C1"]
    assert "check(LAYER, 'C1-flag', record, run)" in case.code


@pytest.mark.parametrize(("layer", "code"), [("my_layers:Stops", 0), ("my_layers:Passes", 1)])
def test_what_the_author_expects_to_be_broken(layer: str, code: int, check) -> None:  # type: ignore[no-untyped-def]
    done = check(layer, *OPTIONS, "--expect-failure", "C1=issue 7")
    assert done.exit_code == code, done.output
    name = layer.rpartition(":")[2].lower()
    said = f"unexpected: {name}.c1-flag passes, but is expected to fail: issue 7"
    assert (said in done.output) == bool(code)


def test_a_layer_that_cannot_be_had_is_not_run(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    layers = [f"my_layers:{name}" for name in ("Passes", "Missing", "NoLayer")]
    done = check(*layers, *OPTIONS, "--out", "out")
    assert done.exit_code == 1
    assert cells(tmp_path / "out") == {
        ("passes.c1-flag", "fake-0.1"): ("conforms", None),
        ("missing.c1-flag", "fake-0.1"): ("not-run", "unavailable on this target: module my_layers has no Missing"),
        ("no-layer.c1-flag", "fake-0.1"): (
            "not-run",
            "unavailable on this target: it is not a layer of this target's keras",
        ),
    }
    assert "not run: missing on fake-0.1: unavailable on this target: module my_layers has no Missing" in done.output
    assert check(*layers, *OPTIONS, "--out", "out", "--allow-not-run").exit_code == 0


def test_a_module_that_raises_and_arguments_that_do_not_fit(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "broken.py").write_text("raise RuntimeError('needs a GPU')\n")
    done = check("broken:Layer", *OPTIONS, "--out", "out")
    assert done.exit_code == 3
    reason = "unavailable on this target: broken cannot be imported: RuntimeError: needs a GPU"
    assert f"fake-0.1: not run: {reason}" in done.output
    assert results.read(tmp_path / "out").targets[0].reason == reason
    done = check("my_layers:Passes", *OPTIONS, "--config", '{"units": -1}', "--out", "out")
    assert done.exit_code == 3
    assert "unavailable on this target: ValueError: units must not be negative" in done.output


def test_a_column_that_cannot_be_installed(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = check("my_layers:Passes", *OPTIONS, "--target", "fake-uninstallable", "--out", "out")
    assert done.exit_code == 1
    assert "fake-uninstallable: not run: uv pip failed: there is no such wheel" in done.output
    assert cells(tmp_path / "out")["passes.c1-flag", "fake-0.1"][0] == "conforms"


def test_a_file_declares_layers(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "my_layers.py").rename(folder / "my_layers.py")
    (folder / "layers.toml").write_text(
        """
        targets = ["fake-0.1"]
        modules = ["my_layers.py"]
        [[layer]]
        layer = "my_layers:Passes"
        config = { units = 2 }
        input_shape = ["?", "?", 3]
        kind = "transparent"
        [[layer]]
        name = "Stops, of which it is known"
        layer = "my_layers:Stops"
        input_shape = [2, 5, 3]
        kind = "transparent"
        expected_failures = { flag = "it is on its way" }
        """
    )
    done = check("elsewhere/layers.toml", "--clause", "C1", "--out", "out")
    assert done.exit_code == 0, done.output
    assert {key: verdict for key, (verdict, _) in cells(tmp_path / "out").items()} == {
        ("passes.c1-flag", "fake-0.1"): "conforms",
        ("stops-of-which-it-is-known.c1-flag", "fake-0.1"): "deviates",
    }
    (folder / "my_layers.py").write_text(LAYERS.replace("supports_masking = True", "supports_masking = False"))
    assert check("elsewhere/layers.toml", "--clause", "C1", "--out", "out").exit_code == 1  # measured again


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("my_layers:Passes", "--target", "fake-0.1"),
            "--input-shape is required, for instance --input-shape 2,5,3",
        ),
        (("my_layers:Passes", *OPTIONS, "--target", "fake-9"), "unknown target 'fake-9'"),
        (("my_layers:Passes", *OPTIONS, "--clause", "C99"), "unknown clause 'C99'"),
        (
            ("elsewhere:Passes", *OPTIONS),
            "neither elsewhere.py nor elsewhere/ is in this folder; name its package",
        ),
        (("my_layers", *OPTIONS), "my_layers: name a layer as package.module:Name"),
        (("my_layers:Passes", "my_layers:Passes", *OPTIONS), "two layers are called 'passes'; set `name` of one"),
        (("my_layers:Passes", *OPTIONS, "--input-shape", "2,2"), "is too small for a mask"),
        (("my_layers:Passes", *OPTIONS, "--with", "keras==3.2"), "targets bring their own keras"),
        (("nowhere.toml",), "cannot read nowhere.toml"),
        (("my_layers:Passes", *OPTIONS, "--format", "json"), "on targets, see results.json and others in --out"),
        (("my_layers:Passes", *OPTIONS, "--jobs", "0"), "--jobs 0: must be at least 1"),
        (("my_layers:Passes", *OPTIONS[:-2], "--out", "out"), "no target is selected: use --target ID, --tier core"),
    ],
)
def test_what_cannot_be_understood(arguments: tuple[str, ...], message: str, check) -> None:  # type: ignore[no-untyped-def]
    done = check(*arguments)
    assert done.exit_code == 2, done.output
    assert message in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[layer]]\nlayer = 'a:B'\n", "missing required field `input_shape`"),
        ("[[layer]]\nlayer = 'a:B'\ninput_shape = [2, 5, 3]\nshape = 1\n", "unknown field `shape`"),
        ("layer = []\n", "declares no layer"),
        (
            "[[layer]]\nname = '?'\nlayer = 'a:B'\ninput_shape = [1]\n",
            "a:B: name = '?' must contain a letter or a digit",
        ),
        ("modules = ['x.py']\n[[layer]]\nlayer = 'a:B'\ninput_shape = [2, 5, 3]\n", "x.py: no such file or folder"),
        (
            "[[layer]]\nlayer = 'a:b'\nfactory = true\nconfig = {c = 1}\ninput_shape = [1]\n",
            "config requires a class; a",
        ),
        ("[[", "Invalid"),
    ],
)
def test_a_file_that_is_not_valid(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "layers.toml").write_text(text)
    with pytest.raises(UsageError, match="layers.toml: ") as raised:
        declaration.read(tmp_path / "layers.toml")
    assert message in str(raised.value)


def test_case_files_are_old_python_and_hold_what_was_declared(tmp_path: Path) -> None:
    layer = LayerDeclaration(
        layer="a.b:MyLSTMCell", input_shape=[2, 5, 3], config={"name": 'a "quoted" one'}, padding=float("nan")
    )
    clause_cases.write([layer], [], tmp_path)
    (file,) = tmp_path.glob("test_*.py")
    assert file.name == "test_my_lstm_cell.py"
    tree = ast.parse(file.read_text(), feature_version=(3, 6))
    (layer_of_file,) = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    told = eval(ast.unparse(layer_of_file), {"nan": float("nan")})
    assert told["config"] == {"name": 'a "quoted" one'} and math.isnan(told["padding"])
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions[0] == "test_c1_flag" and len(functions) == 17


def test_a_layer_of_keras_needs_no_package(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = check("keras.layers:Masking", "--kind", "producer", *OPTIONS[2:], "--out", "out")
    assert ("masking.c1-flag", "fake-0.1") in cells(tmp_path / "out"), done.output
    assert "name its package" not in done.output


def test_no_kind_is_declared(check, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = check("my_layers:Passes", "--input-shape", "2,5,3", "--clause", "C7", "--target", "fake-0.1", "--out", "out")
    assert done.exit_code == 0, done.output
    (case,) = results.read(tmp_path / "out").cases
    assert (case.area, case.file, case.function) == ("Passes", "test_passes.py", "test_c7_recomputed_mask")
    assert case.tags == ["passes", "C7"]
    verdict, reason = cells(tmp_path / "out")["passes.c7-recomputed-mask", "fake-0.1"]
    assert (verdict, reason) == ("unsupported", "does not concern a layer of kind transparent")
