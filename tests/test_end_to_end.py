"""Two real targets, one old and one new, through the real command: environments, workers, results."""

import subprocess
import sys

import pytest

from conformance import results

OLD, NEW = "tf-1.15", "keras-3.15"
CASES = ("masking.broadcast.scalar", "lstm.skip-masked-steps", "merge.add.*", "rnn.initial-state.implicit-mask")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> results.Results:
    out = tmp_path_factory.mktemp("real")
    chosen = [f"--{option}={value}" for option, values in (("target", (OLD, NEW)), ("case", CASES)) for value in values]
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


def test_both_columns_ran_and_say_what_they_are(found: results.Results) -> None:
    assert found.problems == []
    old, new = found.targets
    assert old.versions["tensorflow"] == "1.15.5" and old.versions["python"].startswith("3.7.")
    assert new.versions["keras"] == "3.15.1" and new.versions["tensorflow"] == "2.21.0"
    assert [t.reason for t in found.targets] == [None, None]


@pytest.mark.parametrize("target", [OLD, NEW])
@pytest.mark.parametrize("mode", ["eager", "graph", "session", "jit"])
def test_masks_are_real(found: results.Results, target: str, mode: str) -> None:
    mask = fact(found, "masking.broadcast.scalar", target, mode, "mask")
    assert mask == {"dtype": "bool", "shape": [2, 5], "data": [1, 1, 1, 0, 0, 1, 0, 1, 1, 1]}
    assert verdicts(found, "lstm.skip-masked-steps", target)[mode] == "conforms"


def test_known_differences_are_seen(found: results.Results) -> None:
    """keras-team/keras#19685 turned AND into OR; Keras 3 drops the mask of an RNN given states."""
    for mode in ("eager", "graph", "session", "jit"):
        old = fact(found, "merge.add.both-masked", OLD, mode, "mask")
        new = fact(found, "merge.add.both-masked", NEW, mode, "mask")
        assert isinstance(old, dict) and isinstance(new, dict)
        assert old["dtype"] == new["dtype"] == "bool"
        assert all(a <= b for a, b in zip(old["data"], new["data"], strict=True)) and old != new
        assert fact(found, "merge.add.one-masked", OLD, mode, "mask") is not None
        assert fact(found, "merge.add.one-masked", NEW, mode, "mask") is None
        assert verdicts(found, "rnn.initial-state.implicit-mask", OLD)[mode] == "conforms"
        assert verdicts(found, "rnn.initial-state.implicit-mask", NEW)[mode] == "deviates"
