"""A cell is the same whatever its process ran before; where early TensorFlows make that hard."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.cache import cache_folder
from conformance.local import bundle
from conformance.local.paths import cases_folder
from conformance.local.worker_process import WorkerProcess
from conformance.suite import catalogue
from conformance.targets import install, registry
from conformance.worker import modes


def test_an_xla_computation_of_keras_2_asks_for_devices_first_of_all(tmp_path: Path) -> None:
    """No mode is tried and nothing runs before: Keras looks for GPUs in the middle of the computation."""
    (target,) = (target for target in registry.load() if target.id == "keras-2.3.1+tf-1.15")
    made = bundle.make_bundle(tmp_path)
    (case,) = catalogue.choose(catalogue.collect(made), ["batchnorm.broadcast-moments"])
    where = install.provision(target, cache_folder())
    groups = [(["session", "jit"], [(case.id, "jit")])]
    worker = WorkerProcess(where, target, groups, {case.id: case.file}, made, tmp_path / "w", tried=["session", "jit"])
    (end,) = (event for event in worker if event["event"] == "end")
    assert worker.ending.why is None and end["status"] == "completed", end


@pytest.mark.parametrize(("tf_minor", "kept"), [((1, 13), 1), ((1, 15), 1), ((2, 0), 1), ((2, 1), 0), (None, 0)])
def test_what_could_not_be_traced_is_kept_up_to_tensorflow_2_0(tf_minor: tuple[int, int] | None, kept: int) -> None:
    """Else it is deleted, and with it iterators, in whatever graph is made at that moment."""
    mode = modes.Mode(SimpleNamespace(tf_minor=tf_minor, backend="tensorflow"))
    error = ValueError("not traced")
    mode.end(error)
    assert mode._errors == [error] * kept


COLLECTS_GARBAGE = '''"""Garbage that is collected while a function is traced."""

import gc

import numpy as np
import pytest


@pytest.mark.case("garbage.while-traced", unspecified="nothing is promised", modes=["graph"])
def test_while_traced(run, record):
    """Garbage is collected in the middle of a trace.

    Nothing of an earlier cell is in the garbage that could change the function.
    """

    def increase(x):
        gc.collect()
        return x + 1.0

    record("output", run(increase, np.ones(2, "float32")), expected=np.full(2, 2.0, "float32"))
'''


def test_garbage_that_is_collected_in_a_trace_is_not_an_earlier_function(tmp_path: Path) -> None:
    """On TensorFlow 2.0, `evaluate` of a loss that cannot be traced left an iterator that ended a later cell."""
    suite = tmp_path / "cases"
    others = [path.name for path in cases_folder().glob("test_*") if path.name != "test_loss.py"]
    shutil.copytree(cases_folder(), suite, ignore=shutil.ignore_patterns("__pycache__", *others))
    (suite / "test_garbage.py").write_text(COLLECTS_GARBAGE)
    cells = [("loss.per-sequence", "graph"), ("garbage.while-traced", "graph")]
    files = {"loss.per-sequence": "test_loss.py", "garbage.while-traced": "test_garbage.py"}
    (target,) = (target for target in registry.load() if target.id == "tf-2.0")
    where, made = install.provision(target, cache_folder()), bundle.make_bundle(tmp_path, suite)
    worker = WorkerProcess(where, target, [(["eager", "graph"], cells)], files, made, tmp_path / "w")
    raised, traced = (event for event in worker if event["event"] == "end")
    assert raised["status"] == "raised" and raised["exception"]["raised"][0] == "ValueError"
    assert worker.ending.why is None and traced["status"] == "completed", traced
