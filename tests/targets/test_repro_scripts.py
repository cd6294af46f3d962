"""Real scripts where their columns are installed: they do what the cells did."""

import subprocess
import sys

import msgspec
import pytest

from conformance import results
from conformance.cache import cache_folder
from conformance.local import bundle
from conformance.repro.suite_scripts import parts_of
from conformance.targets import registry
from tests.audit.__main__ import Audit

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


@pytest.fixture(scope="module")
def audit(measured: results.Results) -> Audit:
    parts = parts_of(bundle.make_bundle(cache_folder()))
    return Audit(measured, {target.id: target for target in registry.load()}, parts)


def cell_of(found: results.Results, case: str, target: str, mode: str) -> results.Cell:
    (cell,) = (c for c in found.cells if (c.case, c.target, c.mode) == (case, target, mode))
    return cell


@pytest.mark.parametrize("case, target, mode, verdict", CELLS)
def test_a_script_does_what_its_cell_did(audit: Audit, case: str, target: str, mode: str, verdict: str) -> None:
    cell = cell_of(audit.found, case, target, mode)
    assert cell.verdict == verdict
    assert audit.repeat(cell) is None


def test_an_audit_tells_what_a_script_does_otherwise(audit: Audit) -> None:
    cell = cell_of(audit.found, "lstm.skip-masked-steps", OLD, "jit")
    observation = audit.found.observations[str(cell.observation)]
    other = msgspec.structs.replace(observation, facts=[msgspec.structs.replace(f) for f in observation.facts])
    other.facts[0].observed = "other"
    found = msgspec.structs.replace(
        audit.found, values=audit.found.values | {"other": True}, observations={str(cell.observation): other}
    )
    doctored = Audit(found, audit.targets, audit.parts)
    assert str(doctored.repeat(cell)).startswith(
        "sequence at the other steps: float32 array of shape (11, 4), expected"
    )
