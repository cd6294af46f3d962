"""A cell is the same whatever its process ran before; where TensorFlow 1 makes that hard."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.cache import cache_folder
from conformance.local import bundle
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


@pytest.mark.parametrize(("is_tf1", "kept"), [(True, 1), (False, 0)])
def test_what_could_not_be_traced_is_kept_on_tensorflow_1(is_tf1: bool, kept: int) -> None:
    """Else it is deleted, and with it iterators, in whatever graph is made at that moment."""
    mode = modes.Mode(SimpleNamespace(is_tf1=is_tf1, backend="tensorflow"))
    error = ValueError("not traced")
    mode.end(error)
    assert mode._errors == [error] * kept
