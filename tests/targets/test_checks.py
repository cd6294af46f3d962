"""The check of a layer on real columns: a broken layer for each clause, the minimal layers, pytest, the command."""

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.clause import all_clauses
from conformance.checks.kinds import NAMES
from conformance.local.launch import Environment
from tests.checks import builtin_layers
from tests.support.paths import ROOT
from tests.support.warm import Warm, installed, the_target

COLUMNS = ["keras-3.15", "tf-2.15"]
on_columns = pytest.mark.parametrize("column", COLUMNS)
# Names of the layers in tests/checks/broken_layers.py.
BROKEN_LAYERS = [
    "flag too early",
    "needs a mask",
    "attached masks only",
    "mixes steps",
    "infinite gradient",
    "mask of floats",
    "mask of the old steps",
    "returns its input",
    "leaves an inner mask",
    "divides by zero",
    "needs both masks",
    "counts from the start",
    "refuses in one mode only",
    "large number",
    "eager only",
    "forgets an argument",
    "remembers the mask",
    "backwards",
    "warns",
]
GOOD_LAYERS = ["good", "good, with any number of steps", "good pooling", "good reshaper"]


def run_in(where: Environment, *command: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a Python command where this checkout can be imported."""
    path = [ROOT, *([where.on_top] if where.on_top else []), *([folder] if folder else [])]
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONNOUSERSITE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    return subprocess.run([where.python, *command], capture_output=True, text=True, env=variables, cwd=folder)


@pytest.fixture(scope="module")
def broken(warm: Warm) -> Callable[[str], dict[str, Any]]:
    """Function: what the check finds on a target, by the name of the layer."""

    @cache
    def check(column: str) -> dict[str, Any]:
        done = run_in(warm(column), ROOT / "tests" / "checks" / "broken_layers.py", the_target(column).front_end)
        found = {line["layer"]: line for line in map(json.loads, done.stdout.splitlines())}
        assert found, done.stderr[-3000:]
        return found

    return check


@on_columns
@pytest.mark.parametrize("layer", BROKEN_LAYERS + GOOD_LAYERS)
def test_a_fault_is_caught_by_its_clause_alone(
    broken: Callable[[str], dict[str, Any]], column: str, layer: str
) -> None:
    line = broken(column)[layer]
    assert line["found"] == line["caught"], line["text"]
    assert bool(line["caught"]) == (layer in BROKEN_LAYERS)


@on_columns
def test_there_is_a_broken_layer_for_every_clause(broken: Callable[[str], dict[str, Any]], column: str) -> None:
    assert sorted(broken(column)) == sorted(BROKEN_LAYERS + GOOD_LAYERS)
    caught = {number for line in broken(column).values() for number in line["caught"]}
    assert caught == {f"C{clause.number}" for clause in all_clauses()}


MINIMAL = """
import json, sys
from conformance.checks import check_layer
from conformance.checks.reference import make_layers
from conformance.worker.frontend import FrontEnd

front = FrontEnd(sys.argv[1])
layers = make_layers(front)
for kind in sys.argv[2:]:
    shape = [(2, 5, 3)] * 2 if kind == "combiner" else (2, 5, 3)
    found = check_layer(layers[kind], shape, kind=kind, raises=False, out=False, modes=["eager", "graph"])
    print(json.dumps([kind, [[r.clause, r.reason] for r in found if r.status not in ("passed", "not-applicable")]]))
"""


@on_columns
def test_the_minimal_layers_keep_the_contract(warm: Warm, column: str, tmp_path: Path) -> None:
    """What they break would never be found in any other layer. tf.keras calls layers of one's own in TimeDistributed
    without a mask if the batch is known (case timedistributed.inner-rnn-mask.known-batch)."""
    (tmp_path / "minimal.py").write_text(MINIMAL)
    done = run_in(warm(column), tmp_path / "minimal.py", the_target(column).front_end, *NAMES)
    found = dict(map(json.loads, done.stdout.splitlines()))
    assert list(found) == NAMES, done.stderr[-3000:]
    known = ["C16-nesting"] if column == "tf-2.15" else []
    for kind, other in found.items():
        assert [clause for clause, _ in other] == (known if kind in ("consumer", "consumer-remover") else []), other


LAYERS = """
import {keras}
Layer = {keras}.layers.Layer

class Sum(Layer):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is not None:
            inputs = inputs * mask_of(mask, inputs)
        return total(inputs)

    def compute_mask(self, inputs, mask=None):
        return None

class Needs(Sum):
    def __init__(self, units, **arguments):
        super().__init__(**arguments)

class Leaks(Sum):
    def call(self, inputs, mask=None):
        return total(inputs)

def make():
    return Leaks()

class Raises(Sum):
    def call(self, inputs, mask=None):
        raise ValueError("feed me " + str(inputs.shape[-1]))

class Counts(Sum):
    def call(self, inputs, mask=None):
        self.calls = getattr(self, "calls", 0) + 1
        return total(inputs) * self.calls

if hasattr({keras}, "ops"):
    total, cast = lambda x: {keras}.ops.sum(x, axis=1), {keras}.ops.cast
else:
    import tensorflow as tf
    total, cast = lambda x: tf.reduce_sum(x, axis=1), tf.cast

def mask_of(mask, like):
    return cast(mask, like.dtype)[..., None]
"""
TESTS = """
import my_layers
from conformance.checks import mask_contract

@mask_contract(my_layers.Sum, input_shape=(2, 5, 3), kind="consumer-remover", expected_failures={"C1": "never true"})
def test_sum(clause):
    clause()

@mask_contract(my_layers.Leaks, input_shape=(2, 5, 3), kind="consumer-remover", expected_failures={"C4": "leaks"})
def test_leaks(clause):
    clause()
"""


@pytest.fixture
def mine(tmp_path: Path) -> Callable[[str], Path]:
    def write(column: str) -> Path:
        keras = "tensorflow.keras" if the_target(column).front_end == "tf.keras" else the_target(column).front_end
        text = LAYERS.replace("import {keras}", "from tensorflow import keras" if "." in keras else f"import {keras}")
        (tmp_path / "my_layers.py").write_text(text.replace("{keras}", keras.split(".")[-1]))
        (tmp_path / "test_mine.py").write_text(TESTS)
        return tmp_path

    return write


DRAWS = """
import tensorflow as tf
from conformance.checks import check_layer
from {keras} import layers

def draw():
    tf.random.set_seed(7)
    return float(tf.random.uniform(()))

before = draw()
check_layer(lambda: layers.Dense(3), input_shape=(2, 5, 3), kind="transparent", clauses=["C1", "C4"])
assert before == draw() == draw(), "the same seed draws something else after the check of a layer"
"""


@on_columns
def test_the_process_of_the_author_is_left_as_it_was(warm: Warm, column: str) -> None:
    """A worker tunes TensorFlow for itself; here, other tests run in the same process."""
    keras = "tensorflow.keras" if the_target(column).front_end == "tf.keras" else "keras"
    done = run_in(warm(column), "-c", DRAWS.format(keras=keras))
    assert done.returncode == 0, done.stderr[-3000:]


@on_columns
def test_clauses_are_tests_that_k_chooses(column: str, mine: Callable[[str], Path]) -> None:
    options = ("-q", "-rA", "-p", "no:cacheprovider", "-p", "conformance.checks.pytest_plugin", "test_mine.py")
    done = run_in(installed(column), "-m", "pytest", *options, "-k", "C1-flag or C4- or C7-", folder=mine(column))
    assert "FAILED test_mine.py::test_sum[C1-flag]" in done.stdout, done.stdout + done.stderr
    assert "passed unexpectedly (eager): declared to fail: never true" in done.stdout
    assert "repair: remove it from expected_failures" in done.stdout
    assert "PASSED test_mine.py::test_sum[C4-padding-invariance]" in done.stdout
    assert "XFAIL test_mine.py::test_leaks[C4-padding-invariance]" in done.stdout
    counts = "mask contract: 6 clauses: 2 passed, 1 failed, 1 failed as expected, 2 skipped"
    assert counts in done.stdout


@on_columns
def test_the_command(warm: Warm, column: str, mine: Callable[[str], Path]) -> None:
    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        shape = () if "--input-shape" in arguments else ("--input-shape", "2,5,3")
        return run_in(warm(column), "-m", "conformance.checks.command", *arguments, *shape, folder=folder)

    folder = mine(column)
    chosen = ("--clause", "C1", "--clause", "C4")
    done = check("my_layers:Sum", *chosen, "--format", "json")
    (found,) = json.loads(done.stdout)
    assert (done.returncode, found["kind"]) == (0, "consumer-remover")
    assert found["guessed"] == "its output depends on the mask and has none itself"
    assert [(c["clause"], c["status"]) for c in found["clauses"]] == [
        ("C1-flag", "passed"),
        ("C4-padding-invariance", "passed"),
    ]
    done = check("my_layers:make", "--factory", "--kind", "consumer-remover", *chosen)
    assert done.returncode == 1 and "sample 0: observed [" in done.stdout and "repair: " in done.stdout
    assert done.stdout.endswith("2 clauses: 1 passed, 1 failed\n")
    for arguments, says in [
        (("my_layers:Needs",), "'units': the constructor needs arguments; pass a function, such as lambda: Needs(...)"),
        (("my_layers:Raises",), "called on float32 (2, 5, 3) without a mask, Raises raises ValueError: "),
        (("my_layers:Counts",), "twice, Counts returns different results; turn off what is random"),
        (
            ("my_layers:Sum", "--mode", "session"),
            "mode 'session' is not available in this process; it has eager, graph, ",
        ),
        (("my_layers:Sum", "--front-end", "tf_keras"), "tf_keras"),
        (("my_layers:Sum", "--clause", "C99"), "unknown clause 'C99'"),
    ]:
        done = check(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert says in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


@on_columns
def test_built_in_layers_give_no_unexplained_failure(column: str) -> None:
    """A few; all of them, on any column: python -m tests.checks.builtin_layers."""
    names = [
        "Add",
        "Dense",
        "Embedding",
        "Flatten",
        "GlobalAveragePooling1D",
        "GroupNormalization",
        "MultiHeadAttention",
    ]
    target = the_target(column)
    found = list(builtin_layers.check(target, names))
    assert len(found) == len(names)
    assert [line for one in found for line in builtin_layers.unexplained(target, one)] == []
