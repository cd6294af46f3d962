"""What may not matter does not: the caller's variables, the order of cases; and results say what may."""

import json
import os
from pathlib import Path

import pytest

from conformance import results
from conformance.local import launch
from conformance.local.bundle import make_bundle
from conformance.local.machine import machine
from conformance.run.collector import target_result
from conformance.targets.install import Environment
from conformance.worker import backends
from tests.support.fakes import FAKES, FakeRuns, fake_target

THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def test_a_worker_has_nothing_of_the_caller_that_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *launch.FIXED,
        "PYTHONPATH",
        "KERAS_BACKEND",
        "KERAS_HOME",
        "XLA_FLAGS",
        "TF_DETERMINISTIC_OPS",
        "SECRET",
    ):
        monkeypatch.setenv(name, "the caller's")
    bundle = make_bundle(tmp_path, FAKES / "cases")
    found = launch.environment(Environment(Path("python")), fake_target(), bundle, tmp_path)
    assert "the caller's" not in found.values()
    assert {*found} <= {*launch.INHERITED, *launch.FIXED, "PYTHONPATH", "KERAS_BACKEND", "KERAS_HOME"}
    assert {found[name] for name in THREADS} == {"1"}
    assert found["PYTHONHASHSEED"] == "0" and "PYTHONDONTWRITEBYTECODE" not in found


def test_results_say_what_was_fixed_and_where(run_fake: FakeRuns, tmp_path: Path) -> None:
    found = run_fake(fake_target(), patterns=("good.masking",))
    results.write(found, tmp_path / "results.json")
    again = results.read(tmp_path)
    assert again.fixed == {**launch.FIXED, "seed": str(backends.SEED), "speedups": "all"}
    assert again.targets[0].fixed == {} and target_result(fake_target(front_end="tf_keras")).fixed == {
        "TF_USE_LEGACY_KERAS": "1"
    }
    assert again.platform == machine() and again.platform["cores"] == str(os.cpu_count())
    assert again.targets[0].versions["numpy"] and again.targets[0].versions["python"]


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="not Linux")
def test_beside_tf_keras_the_keras_of_tensorflow_is_that_too(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, FAKES / "cases")
    for front_end, expected in (("tf_keras", "1"), ("keras", None), ("tf.keras", None)):
        found = launch.environment(Environment(Path("python")), fake_target(front_end=front_end), bundle, tmp_path)
        assert found.get("TF_USE_LEGACY_KERAS") == expected


def test_the_processor_is_named_with_what_it_can() -> None:
    assert machine()["processor"] and machine()["libc"]
    assert not {"model name", "bogomips"} & {*machine()}


def test_neither_order_nor_neighbours_matter(run_fake: FakeRuns) -> None:
    """`bad.after-seed` draws a random number: alone, after a case that sets the seed, and in another run."""
    drawn = []
    for patterns in (("bad.after-seed",), ("bad.seed", "bad.after-seed"), ("bad.after-seed",)):
        found = run_fake(fake_target(), patterns=patterns, modes=("eager",))
        (cell,) = (cell for cell in found.cells if cell.case == "bad.after-seed")
        drawn.append([found.values[f.observed] for f in found.observations[str(cell.observation)].facts])
    assert drawn[0] == drawn[1] == drawn[2]


def test_results_of_before_can_be_read(run_fake: FakeRuns, tmp_path: Path) -> None:
    """What was added to the schema has a default."""
    found = run_fake(fake_target(), patterns=("good.masking",))
    found.fixed, found.targets[0].measured = {}, []
    results.write(found, tmp_path / "results.json")
    about = json.loads((tmp_path / "results.json").read_text())
    about.pop("fixed", None)
    for target in about["targets"]:
        del target["fixed"], target["measured"]
    (tmp_path / "results.json").write_text(json.dumps(about))
    assert results.read(tmp_path) == found
