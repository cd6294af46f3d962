"""Real scripts where their columns are installed: they do what the cells did."""

import subprocess
import sys

import pytest

from conformance import results
from conformance.cache import cache_folder
from conformance.local import bundle
from conformance.repro.execute import execute
from conformance.repro.request import make_request
from conformance.targets import install, registry
from tests.support.repro_sample import disagreement

OLD, NEW = "tf-1.15", "keras-3.15"
CELLS = [
    ("lstm.skip-masked-steps", OLD, "jit", "conforms"),
    ("merge.add.both-masked", OLD, "session", "observed"),
    ("rnn.initial-state.implicit-mask", NEW, "graph", "deviates"),
    ("mask.gradient-none", NEW, "eager", "conforms"),
    ("layer-table.incoming-mask[Bidirectional]", NEW, "eager", "observed"),
    ("lstm.skip-masked-steps", NEW, "session", "conforms"),
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> results.Results:
    out = tmp_path_factory.mktemp("cells")
    chosen = [f"--target={column}" for column in (OLD, NEW)] + [f"--case={case}" for case, *_ in CELLS]
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", *chosen, f"--out={out}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return results.read(out)


@pytest.mark.parametrize("case, column, mode, verdict", CELLS)
def test_a_script_does_what_its_cell_did(
    measured: results.Results, case: str, column: str, mode: str, verdict: str
) -> None:
    (cell,) = (c for c in measured.cells if (c.case, c.target, c.mode) == (case, column, mode))
    assert cell.verdict == verdict
    cache = cache_folder()
    request = make_request(case, column, mode, bundle.make_bundle(cache), registry.load(), measured)
    done = execute(request.script, request.target, install.provision(request.target, cache))
    assert disagreement(done, cell, measured) is None, done.errors
    assert all(fact.name in done.output for fact in measured.observations[str(cell.observation)].facts)
