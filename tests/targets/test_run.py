"""Three real targets, one old, one new, one on JAX, through the real command: environments, workers, results."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance import results
from conformance.cache import cache_folder
from conformance.targets import install, registry

OLD, NEW, JAX = "tf-1.15", "keras-3.15", "keras-3.15+jax"
MODES = ("eager", "graph", "session", "jit")
CASES = ("masking.broadcast.scalar", "lstm.skip-masked-steps", "merge.add.*", "rnn.initial-state.implicit-mask")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> results.Results:
    out = tmp_path_factory.mktemp("real")
    chosen = [
        f"--{option}={value}" for option, values in (("target", (OLD, NEW, JAX)), ("case", CASES)) for value in values
    ]
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", *chosen, f"--out={out}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return results.read(out)


def fact(found: results.Results, case: str, target: str, mode: str, name: str) -> object:
    (cell,) = (c for c in found.cells if (c.case, c.target, c.mode) == (case, target, mode))
    assert cell.observation, cell.reason
    (observed,) = (f.observed for f in found.observations[cell.observation].facts if f.name == name)
    return found.values[observed]


def verdicts(found: results.Results, case: str, target: str) -> dict[str, str]:
    return {c.mode: c.verdict for c in found.cells if (c.case, c.target) == (case, target)}


def test_all_columns_ran_and_say_what_they_are(found: results.Results) -> None:
    assert found.problems == []
    old, new, jax = found.targets
    assert old.versions["tensorflow"] == "1.15.5" and old.versions["python"].startswith("3.7.")
    assert new.versions["keras"] == "3.15.1" and new.versions["tensorflow"] == "2.21.0"
    assert jax.versions["keras"] == "3.15.1" and jax.backend == "jax" and "tensorflow" not in jax.versions
    assert [t.reason for t in found.targets] == [None, None, None]


def mask(rows: str) -> object:
    """A bool array as the results hold it, from rows such as "110 010"."""
    parts = rows.split()
    return {"dtype": "bool", "shape": [len(parts), len(parts[0])], "data": [int(c) for c in "".join(parts)]}


@pytest.mark.parametrize("target", [OLD, NEW])
@pytest.mark.parametrize("mode", MODES)
def test_masks_are_real(found: results.Results, target: str, mode: str) -> None:
    assert fact(found, "masking.broadcast.scalar", target, mode, "mask") == mask("11100 10110")
    assert verdicts(found, "lstm.skip-masked-steps", target)[mode] == "conforms"


@pytest.mark.parametrize("mode", ["eager", "jit"])
def test_masks_are_real_on_jax(found: results.Results, mode: str) -> None:
    assert fact(found, "masking.broadcast.scalar", JAX, mode, "mask") == mask("11100 10110")
    assert verdicts(found, "lstm.skip-masked-steps", JAX)[mode] == "conforms"
    assert verdicts(found, "rnn.initial-state.implicit-mask", JAX)[mode] == "deviates"


@pytest.mark.parametrize("mode", MODES)
def test_known_differences_are_seen(found: results.Results, mode: str) -> None:
    """keras-team/keras#19685 turned AND into OR; Keras 3 drops the mask of an RNN that is given states."""
    both = "merge.add.both-masked"
    assert fact(found, both, OLD, mode, "mask") == mask("10100 00100")
    assert fact(found, both, NEW, mode, "mask") == mask("11110 11110")
    assert fact(found, "merge.add.one-masked", OLD, mode, "masked first") == mask("11100 10110")
    assert fact(found, "merge.add.one-masked", NEW, mode, "masked first") is None
    assert verdicts(found, "rnn.initial-state.implicit-mask", OLD)[mode] == "conforms"
    assert verdicts(found, "rnn.initial-state.implicit-mask", NEW)[mode] == "deviates"


def test_an_environment_that_is_there_is_a_column(tmp_path: Path) -> None:
    """The interpreter of a declared column, asked what it has as if nobody knew."""
    (target,) = registry.choose(registry.load(), ["tf-2.15"], "none")
    python = install.provision(target, cache_folder()).python
    case = "masking.broadcast.scalar"
    command = [sys.executable, "-m", "conformance", "run", f"--here={python}", f"--case={case}", f"--out={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = results.read(tmp_path)
    (column,) = found.targets
    assert (column.id, column.title) == ("tf-2.15.1+here", "tf.keras 2.15.1, here")
    assert (column.front_end, column.base, column.python) == ("tf.keras", "TensorFlow 2.15.1", "3.11")
    assert column.versions["keras"] == "2.15.0" and set(column.pins) == set(target.pins())
    assert verdicts(found, case, column.id) == dict.fromkeys(MODES, "conforms")
    assert fact(found, case, column.id, "jit", "mask") == mask("11100 10110")
