"""Real scripts where their columns are installed: they do what the published cells did."""

from pathlib import Path

import pytest

from conformance import bundle, provision, results, targets
from conformance.cache import cache_folder
from conformance.repro.execute import execute
from conformance.repro.request import make_request
from tests.repro_sample import disagreement

OLD, NEW = "tf-1.15", "keras-3.15"
CELLS = [
    ("lstm.skip-masked-steps", OLD, "jit", "conforms"),
    ("merge.add.both-masked", OLD, "session", "observed"),
    ("rnn.initial-state.implicit-mask", NEW, "graph", "deviates"),
    ("mask.gradient-none", NEW, "eager", "conforms"),
    ("layer-table.incoming-mask[Bidirectional]", NEW, "eager", "observed"),
    ("lstm.gap", NEW, "session", "conforms"),
]


@pytest.fixture(scope="module")
def published() -> results.Results:
    return results.read(Path(__file__).parent.parent / "reports" / "latest")


@pytest.mark.parametrize("case, column, mode, verdict", CELLS)
def test_a_script_does_what_its_cell_did(
    published: results.Results, case: str, column: str, mode: str, verdict: str
) -> None:
    (cell,) = (c for c in published.cells if (c.case, c.target, c.mode) == (case, column, mode))
    assert cell.verdict == verdict
    cache = cache_folder()
    request = make_request(case, column, mode, bundle.make_bundle(cache), targets.load(), published)
    done = execute(request.script, request.target, provision.provision(request.target, cache))
    assert disagreement(done, cell, published) is None, done.errors
    assert all(fact.name in done.output for fact in published.observations[str(cell.observation)].facts)
