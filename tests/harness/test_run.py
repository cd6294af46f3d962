"""The runner on fake targets: what a case or a target may do, and what the results say of it."""

import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from conformance.local.bundle import make_bundle
from conformance.local.launch import Environment
from conformance.local.worker_process import WorkerLimits
from conformance.results import Cell, Results
from conformance.run.collector import ResultCollector
from conformance.run.plan import make_plan
from conformance.run.progress import SilentProgress
from conformance.run.request import RunRequest
from conformance.run.result_cache import ResultCache
from conformance.suite import catalogue
from conformance.targets.requested import PreparedTarget
from conformance.worker import backends
from tests.support.fakes import FAKES, FakeRuns, fake_target


def cells(results: Results, mode: str = "eager", target: str = "fake-0.1") -> dict[str, Cell]:
    return {c.case: c for c in results.cells if c.mode == mode and c.target == target}


def facts(results: Results, cell: Cell) -> dict[str, object]:
    assert cell.observation
    return {f.name: results.values[f.observed] for f in results.observations[cell.observation].facts}


@pytest.fixture(scope="module")
def good(run_fake: FakeRuns) -> Results:
    return run_fake(fake_target())


def test_every_kind_of_verdict(good: Results) -> None:
    assert {case: cell.verdict for case, cell in cells(good).items()} == {
        "good.masking": "conforms",
        "good.deviates": "deviates",
        "good.observed": "observed",
        "good.raises": "raises",
        "good.attempt": "conforms",
        "good.needs": "unsupported",
        "good.needs-argument": "unsupported",
        "good.backends": "unsupported",
        "good.variants[two]": "conforms",
        "good.variants[three]": "conforms",
        "good.warns": "conforms",
    }
    assert good.problems == []


def test_planned_cells_are_recorded_once_and_in_order(good: Results) -> None:
    keys = [(c.case, c.target, c.mode) for c in good.cells]
    assert len(set(keys)) == len(keys)
    assert len(keys) == 10 * 4 + 2  # ten cases in four modes, one in two
    assert [c.case for c in good.cells if c.mode == "eager"] == [c.id for c in good.cases]


def test_a_lacking_mode_is_unsupported_with_its_reason(good: Results) -> None:
    for mode in ("graph", "session", "jit"):
        for cell in cells(good, mode).values():
            assert (cell.verdict, cell.reason) == ("unsupported", f"the fake has no {mode}")


def test_facts_after_a_mismatch_are_recorded(good: Results) -> None:
    cell = cells(good)["good.deviates"]
    assert facts(good, cell)["word"] == "same"


def test_exceptions_have_type_phase_and_place(good: Results) -> None:
    cell = cells(good)["good.raises"]
    assert cell.observation
    observation = good.observations[cell.observation]
    assert observation.exception
    assert observation.exception.raised[0] == "LinAlgError"
    assert observation.exception.phase == "call"
    assert observation.exception.where[0].startswith("cases/test_good.py:")
    assert facts(good, cell) == {"before": 1}


def test_special_floats_survive(good: Results) -> None:
    value = facts(good, cells(good)["good.observed"])["values"]
    assert value["data"] == ["nan", "inf", "-inf", "-0.0", 1e300]  # type: ignore[index]


def test_only_warnings_about_masks_are_kept(good: Results) -> None:
    cell = cells(good)["good.warns"]
    assert cell.observation
    warnings = good.observations[cell.observation].warnings
    assert [(w.category, w.message, w.count) for w in warnings] == [("UserWarning", "the mask is destroyed", 2)]


def test_missing_api_says_which(good: Results) -> None:
    assert cells(good)["good.needs"].reason == "there is no keras.layers.Nothing"
    assert cells(good)["good.needs-argument"].reason == "there is no keras.layers.Masking(colour)"
    assert cells(good)["good.backends"].reason == "applies only to JAX, PyTorch"


def test_versions_are_those_reported(good: Results) -> None:
    assert good.targets[0].versions["keras"] == "0.1"
    assert good.targets[0].reason is None


@pytest.fixture(scope="module")
def bad(run_fake: FakeRuns) -> Results:
    limits = WorkerLimits(case_seconds=8.0, memory_mb=400)
    return run_fake(fake_target(), patterns=("bad.*",), modes=("eager",), limits=limits)


def test_bad_cases_cost_only_their_own_cells(bad: Results) -> None:
    assert {case: cell.verdict for case, cell in cells(bad).items()} == {
        "bad.segfault": "crashes",
        "bad.after-segfault": "conforms",
        "bad.hang": "times-out",
        "bad.native-hang": "times-out",
        "bad.leak": "crashes",
        "bad.exit": "crashes",
        "bad.system-exit": "not-run",
        "bad.keyboard-interrupt": "not-run",
        "bad.junk": "conforms",
        "bad.strange-values": "conforms",
        "bad.raises-text": "raises",
        "bad.seed": "observed",
        "bad.after-seed": "observed",
        "bad.own-mistake": "not-run",
        "bad.own-mistake-attempted": "not-run",
        "bad.float64": "conforms",
        "bad.after-float64": "conforms",
    }


def test_a_crash_says_how_and_keeps_the_facts_before(bad: Results) -> None:
    cell = cells(bad)["bad.segfault"]
    assert cell.reason and cell.reason.startswith("killed by SIGSEGV: ") and "about to fall" in cell.reason
    assert facts(bad, cell) == {"before": 1}
    assert "exit code 7" in str(cells(bad)["bad.exit"].reason)


def test_a_leak_says_how_much(bad: Results) -> None:
    assert re.match(r"killed: used \d+ MB of memory, the limit is 400 MB", str(cells(bad)["bad.leak"].reason))


def test_the_most_memory_is_recorded(good: Results) -> None:
    assert 10 < (good.targets[0].peak_mb or 0) < 400  # its own: not what the tests had when they started it


def test_neither_seeds_nor_filters_go_on_to_the_next_case(bad: Results) -> None:
    first, second = (facts(bad, cells(bad)[case])["draw"] for case in ("bad.seed", "bad.after-seed"))
    assert first["data"] != second["data"]  # type: ignore[index]
    assert bad.observations[str(cells(bad)["bad.after-seed"].observation)].warnings[0].message == "a mask, just so"
    again = np.random.RandomState(backends.SEED ^ (zlib.crc32(b"bad.after-seed") & 0x7FFFFFFF)).rand(2)
    assert second["data"] == list(again)  # type: ignore[index]


def test_strange_values_are_recorded_as_what_they_are(bad: Results) -> None:
    found = facts(bad, cells(bad)["bad.strange-values"])
    assert found["ragged"] == [
        {"dtype": "float64", "shape": [1], "data": [0.0]},
        {"dtype": "float64", "shape": [2, 0], "data": []},
        [],
    ]
    assert found["extremes"] == {"dtype": "float32", "shape": [4], "data": ["nan", "-inf", 3.4e38, 1e-45]}
    assert found["integers"]["data"] == [2**63 - 1, -(2**63)]  # type: ignore[index]
    assert found["long"] == 10**30
    assert found["bytes"] == {"repr": "b'\\x00\\xff'"}
    # Cut by the worker, then three control characters spelled out.
    assert len(str(found["text"])) == 2000 - 3 + len(r"\x1b\x00\u202e")
    assert len(found["large"]["data"]) == 16  # type: ignore[index]


def test_a_time_out_says_how_long(bad: Results) -> None:
    assert str(cells(bad)["bad.hang"].reason).startswith("timed out: no event for 8 s")


def test_a_mistake_of_a_case_is_a_problem_of_the_run(bad: Results) -> None:
    reason = str(cells(bad)["bad.own-mistake"].reason)
    assert reason.startswith("the case itself failed: NameError")
    assert any("bad.own-mistake" in problem for problem in bad.problems)


def test_changed_global_state_is_a_problem_of_the_run(bad: Results) -> None:
    assert any(
        "bad.float64" in problem and "changed global state: " in problem and "float32 -> float64" in problem
        for problem in bad.problems
    )


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("uninstallable", "there is no such wheel"),
        ("no-import", "libfake.so.1"),
        ("dies", "killed by SIGSEGV: something went very wrong"),
        ("lies", "reports keras 0.2, but 0.1 is declared"),
        ("rnn-broken", "mode eager does not work here: RuntimeError: no kernel for this processor"),
        ("rnn-flat", "mode eager does not work here: an RNN of 4 units gives an output of shape (1, 2)"),
    ],
)
def test_a_target_that_cannot_run(run_fake: FakeRuns, fault: str, reason: str) -> None:
    results = run_fake(fake_target(), fake_target(f"fake-{fault}"), modes=("eager",))
    assert all(c.verdict == "not-run" for c in results.cells if c.target == f"fake-{fault}")
    assert reason in str(results.targets[1].reason)
    assert cells(results)["good.masking"].verdict == "conforms"


def test_a_cell_that_nobody_planned_is_a_problem(run_fake: FakeRuns) -> None:
    bundle, cache = make_bundle(run_fake.folder / "cache", FAKES / "cases"), run_fake.folder / "cache"
    cases, target = catalogue.choose(catalogue.collect(bundle), ["good.masking"]), fake_target()
    request = RunRequest(
        cases=cases, targets=[PreparedTarget(target, lambda: Environment(Path()))], bundle=bundle, cache=cache
    )
    plan = make_plan(cases, [target], ["eager"])
    collector = ResultCollector(plan, request, ResultCache(cache, bundle, fresh=True), SilentProgress(plan))
    event = {"status": "completed", "seconds": 0.1}
    for mode in ("eager", "jit"):
        collector.cell_observed(target.id, "good.masking", mode, event, [])
    assert collector.close(1.0).problems == ["good.masking fake-0.1 jit was recorded but not planned"]


def test_a_mode_that_is_there_though_declared_missing(run_fake: FakeRuns) -> None:
    target = fake_target(processes=[["graph"]], lacks=dict.fromkeys(("eager", "session", "jit"), "no"))
    results = run_fake(target, patterns=("good.masking",))
    assert "fake-0.1: mode eager is declared unavailable, but it works" in results.problems
    assert any("graph: no mode 'graph'" in p or "mode graph does not work here" in p for p in results.problems)
