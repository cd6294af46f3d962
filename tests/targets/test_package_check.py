"""A package of one's own on two real columns, through the real command: it is built, installed and checked there."""

import subprocess
import sys

import pytest

from conformance import results

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "mine"
version = "0.4"
dependencies = ["keras>=99"]
[tool.setuptools]
py-modules = ["mine"]
"""
LAYERS = '''
from tensorflow import keras


class Centre(keras.layers.Layer):
    """Subtracts the mean over the steps; padding counts in it."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        return inputs - sum(inputs[:, i : i + 1] for i in range(5)) / 5.0


if hasattr(keras, "ops"):

    class OfKeras3(keras.layers.Layer):
        """Passes a mask on."""

        def __init__(self, **arguments):
            super().__init__(**arguments)
            self.supports_masking = True

        def call(self, inputs):
            return inputs * 2.0
'''
OPTIONS = ("--kind=consumer", "--input-shape", "2,5,3", "--clause=C1", "--clause=C4", "--clause=C6", "--mode=eager")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> results.Results:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "mine.py").write_text(LAYERS)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    command = [sys.executable, "-m", "conformance", "check", "mine:Centre", "mine:OfKeras3", *OPTIONS]
    command += ["--target=tf-2.15", "--target=keras-3.15", "--with=.", "--out=out"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "C4-padding-invariance (centre): exclude masked steps before" in done.stderr
    assert "not run: of-keras3 on tf-2.15: unavailable on this target: module mine has no OfKeras3" in done.stderr
    return results.read(folder / "out")


def test_the_package_is_on_each_column_and_its_keras_is_not(found: results.Results) -> None:
    assert found.problems == []
    assert [target.versions["keras"] for target in found.targets] == ["2.15.0", "3.15.1"]
    for target in found.targets:
        assert "mine==0.4" in target.pins and target.reason is None


def test_verdicts(found: results.Results) -> None:
    eager = {(c.case, c.target): c.verdict for c in found.cells if c.mode == "eager"}
    for target in ("tf-2.15", "keras-3.15"):
        assert eager["centre.c1-flag", target] == "conforms"
        assert eager["centre.c4-padding-invariance", target] == "deviates"
        assert eager["centre.c6-output-mask", target] == "conforms"
    assert {v for (case, target), v in eager.items() if case.startswith("of-keras3") and target == "tf-2.15"} == {
        "not-run"
    }
    assert {v for (case, t), v in eager.items() if case.startswith("of-keras3") and t == "keras-3.15"} == {"conforms"}
