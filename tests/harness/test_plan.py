"""The plan: which processes a run needs, and after one import each group of modes in one of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from conformance.local.bundle import make_bundle
from conformance.local.process_group import ProcessGroup
from conformance.results import Thinning
from conformance.run.plan import make_plan
from conformance.suite import catalogue
from conformance.vocabulary import MODES
from tests.support.fakes import FAKES, fake_target
from tests.support.paths import ROOT

GROUPS = """
import json, os, sys
from conformance.worker.process_groups import serve_all
state = ["fresh"]
def serve(group):
    print(json.dumps([group, state[0], os.getpid() == parent]), flush=True)
    state[0] = "used"
    if group == "dies":
        os.kill(os.getpid(), {signal})
    if group == "raises":
        raise ValueError("not today")
parent = os.getpid()
serve_all({groups}, serve)
"""


def groups(tmp_path: Path, *modes: str) -> list[ProcessGroup]:
    target = fake_target(processes=[["eager"], ["session", "jit"]], lacks={"graph": "no"})
    cases = catalogue.choose(catalogue.collect(make_bundle(tmp_path, FAKES / "cases")), ["good.masking"])
    return make_plan(cases, [target], list(modes)).groups


def test_a_run_of_one_mode_starts_all_that_share_its_process(tmp_path: Path) -> None:
    """What `jit` is on TensorFlow 1 depends on whether `session` is in the same process."""
    (group,) = groups(tmp_path, "jit")
    assert (group.modes, group.cells) == (["session", "jit"], [("good.masking", "jit")])


def test_modes_that_are_lacking_are_tried_first(tmp_path: Path) -> None:
    assert [(group.modes, group.probe) for group in groups(tmp_path, "eager", "graph", "session")] == [
        (["graph"], True),
        (["eager"], False),
        (["session", "jit"], False),
    ]


GRAPH_FOR_JIT = Thinning(mode="jit", covered_by="graph", seen="2026-11-29", targets=["fake-0.1", "fake-0.2"])


@pytest.mark.parametrize(
    ("target", "lacks", "jit"),
    [
        ("fake-0.1", [], False),
        ("fake-0.3", [], True),  # a new release, a nightly, one of --with
        ("fake-0.2", ["graph"], True),  # nothing covers it
        ("fake-0.2", ["jit"], True),  # unsupported, which costs nothing
    ],
)
def test_a_thinned_mode_is_skipped_only_where_it_was_seen_to_agree(
    target: str, lacks: list[str], jit: bool, tmp_path: Path
) -> None:
    declared = fake_target(
        target, processes=[[mode for mode in MODES if mode not in lacks]], lacks=dict.fromkeys(lacks, "no")
    )
    (case,) = catalogue.choose(catalogue.collect(make_bundle(tmp_path, FAKES / "cases")), ["good.masking"])
    thinned = msgspec.structs.replace(case, thinned=[GRAPH_FOR_JIT])
    found = make_plan([thinned], [declared], MODES)
    assert [mode for _, _, mode in found.cells] == [mode for mode in MODES if mode != "jit" or jit]
    executed = [mode for group in found.groups for _, mode in group.cells]
    assert executed == [mode for mode in MODES if mode not in lacks and (mode != "jit" or jit)]
    assert [mode for _, _, mode in make_plan([case], [declared], MODES).cells] == [*MODES]


def serve(names: list[str], died_of: int = signal.SIGSEGV) -> subprocess.CompletedProcess[str]:
    code = GROUPS.format(groups=names, signal=int(died_of))
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60)


def test_each_group_has_a_process_that_nothing_has_used() -> None:
    done = serve(["a", "b", "c"])
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        ["a", "fresh", False],
        ["b", "fresh", False],
        ["c", "fresh", True],
    ]


@pytest.mark.parametrize("died_of", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_death_in_a_group_is_the_death_of_all(died_of: int) -> None:
    done = serve(["dies", "never"], died_of)
    assert done.returncode == -died_of
    assert "never" not in done.stdout


def test_an_exception_in_a_group_is_told_and_ends_all() -> None:
    done = serve(["raises", "never"])
    assert done.returncode == 1
    assert "ValueError: not today" in done.stderr and "never" not in done.stdout
