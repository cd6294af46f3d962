"""Each speed-up of the worker finds what it replaces, on every TensorFlow that it names and on no other."""

import contextlib
import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import Result

from conformance import results
from conformance.cache import cache_folder
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.launch import environment
from conformance.targets import install, registry
from conformance.targets.registry import Target
from conformance.worker import speedups
from tests.support.fakes import FakeRuns, fake_target

TRY_ALL = """
import json, os, sys
from conformance.worker import frontend, speedups
front = frontend.FrontEnd(sys.argv[1])
covers, fits = [], {}
for entry in speedups.SPEEDUPS:
    if entry.covers(front):
        covers.append(entry.name)
    if entry.backend in (None, front.backend):
        try:
            entry.apply(front)
            fits[entry.name] = None
        except speedups.NotFound as why:
            fits[entry.name] = str(why)
print("\\n" + json.dumps([covers, fits]))
sys.stdout.flush()
os._exit(0)
"""


def one_of_each_base() -> list[Target]:
    """For each base the column that has most of it: the `tf.keras` or tf_keras, if it has one."""
    found: dict[str, Target] = {}
    for target in sorted(registry.load(), key=lambda target: target.front_end == "keras"):
        found.setdefault(target.base.id, target)
    return list(found.values())


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return make_bundle(cache_folder())


@pytest.mark.parametrize("target", one_of_each_base(), ids=lambda target: target.base.id)
def test_a_speed_up_finds_what_it_replaces_where_it_says_and_nowhere_else(
    target: Target, bundle: Bundle, tmp_path: Path
) -> None:
    where = install.provision(target, cache_folder())
    done = subprocess.run(
        [where.python, "-c", TRY_ALL, target.front_end],
        env=environment(where, target, bundle, tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    covers, fits = json.loads(done.stdout.splitlines()[-1])
    fitting = {name for name, why in fits.items() if why is None}
    if target.front_end == "keras":  # there ConcreteFunction is as well, but nothing of Keras asks for its gradients
        fitting -= {entry.name for entry in speedups.SPEEDUPS if entry.front_ends}
    assert fitting == set(covers), fits


def test_every_base_is_there_and_every_entry_is_about_one_of_them() -> None:
    targets = one_of_each_base()
    assert {target.base.id for target in targets} == {target.base.id for target in registry.load()}
    assert {entry.backend for entry in speedups.SPEEDUPS} <= {target.backend for target in targets} | {None}


@pytest.mark.parametrize("entry", speedups.SPEEDUPS, ids=lambda entry: entry.name)
def test_an_entry_says_what_it_is_for(entry: speedups.Speedup) -> None:
    assert entry.gain and entry.upstream and entry.reason
    assert entry.moment in ("import", "start") and entry.hook in (None, "trace", "session", "cell")
    assert sum(other.name == entry.name for other in speedups.SPEEDUPS) == 1


def tensorflow(version: str, **contents: object) -> Any:
    """A front end on a TensorFlow that has nothing that an entry looks for."""
    operation = type("Operation", (), {"__module__": "no_tensorflow.python.framework.ops"})
    v1 = SimpleNamespace(ConfigProto=lambda: None)
    tf = SimpleNamespace(__version__=version, Operation=operation, compat=SimpleNamespace(v1=v1), **contents)
    return SimpleNamespace(
        name="tf.keras", backend="tensorflow", tf=tf, versions=lambda: {"python": "3", "tensorflow": version}
    )


MISSING = {
    "kept-kernels": "there is no pywrap_tfe.TFE_ContextClearCaches in tensorflow/python: eager/context",
    "one-stack": "there is no tf_stack.extract_stack in tensorflow/python: framework/ops",
    "lean-loops": "there is no tf.compat.v1.experimental.output_all_intermediates",
    "no-gpu-gradients": "there is no ConcreteFunction.add_gradient_functions_to_graph in tensorflow/python: eager/",
    "unconverted-cases": "tensorflow/python/autograph/impl does not read autograph_info__ in api.is_autograph_artifact",
    "unrewritten-sessions": "the configuration of a session has other fields: ",
}


@pytest.mark.parametrize("executes_eagerly", [True, False])
def test_an_entry_that_does_not_find_what_it_replaces_is_a_problem(executes_eagerly: bool) -> None:
    problems: list[str] = []
    active = speedups.ActiveSpeedups(True, problems.append)
    active.started(tensorflow("9.9.0"), executes_eagerly)
    entries = [e for e in speedups.SPEEDUPS if e.backend == "tensorflow"]
    about = {e.name for e in entries if e.executes_eagerly in (None, executes_eagerly)}
    assert {problem.split(" ")[1] for problem in problems} == about
    for problem in problems:
        name = problem.split(" ")[1]
        assert problem.startswith(f"speed-up {name} does not fit tensorflow 9.9.0: {MISSING[name]}")
        assert problem.endswith(" (--no-speedups does without)")
    active.before_trace(print)  # none of them does anything
    active.configure_session(None)
    active.after_cell()


def test_an_entry_is_left_out_where_it_is_not_about_the_version() -> None:
    problems: list[str] = []
    speedups.ActiveSpeedups(True, problems.append).started(tensorflow("2.10.1"), True)
    assert problems and not any("one-stack" in problem for problem in problems)


def test_without_speed_ups_nothing_is_looked_for() -> None:
    speedups.ActiveSpeedups(False, pytest.fail).started(tensorflow("9.9.0"), True)
    speedups.NONE.imported(tensorflow("9.9.0"))


@pytest.mark.parametrize(
    ("placeholder", "why"),
    [
        (lambda ops: ops.tf_stack.extract_stack_of_other_things(), "an operation needs a stack of its own: "),
        (
            lambda ops: None,
            "tensorflow/python/framework/ops.py does not ask tf_stack for the stack of an operation",
        ),
    ],
)
def test_stacks_that_are_kept_otherwise_are_a_problem(
    placeholder: Callable[[Any], None], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ops = ModuleType("no_tensorflow.python.framework.ops")
    ops.tf_stack = SimpleNamespace(extract_stack=traceback.extract_stack)  # type: ignore[attr-defined]
    for name in ("no_tensorflow", "no_tensorflow.python", "no_tensorflow.python.framework"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, ops.__name__, ops)
    front = tensorflow("9.9.0")
    front.tf.compat.v1.Graph = lambda: SimpleNamespace(as_default=contextlib.nullcontext)
    front.tf.compat.v1.placeholder = lambda dtype: placeholder(ops)
    problems: list[str] = []
    speedups.ActiveSpeedups(True, problems.append).started(front, False)
    (problem,) = [problem for problem in problems if "one-stack" in problem]
    assert problem.startswith(f"speed-up one-stack does not fit tensorflow 9.9.0: {why}")


def test_jax_forgets_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[int] = []
    jax = SimpleNamespace(clear_caches=lambda: forgotten.append(1))
    monkeypatch.setitem(sys.modules, "jax", jax)
    front = SimpleNamespace(name="keras", backend="jax", versions=dict)
    active = speedups.ActiveSpeedups(True, pytest.fail)
    active.started(front, True)
    for _ in range(2 * speedups.JAX_CELLS + 1):
        active.after_cell()
    assert len(forgotten) == 2
    del jax.clear_caches
    problems: list[str] = []
    speedups.ActiveSpeedups(True, problems.append).started(front, True)
    assert problems == [
        "speed-up forgotten-compilations does not fit jax: there is no jax.clear_caches (--no-speedups does without)"
    ]


def test_the_stack_that_operations_share_says_that_it_is_none_of_theirs() -> None:
    (frame,) = speedups._stack_of_one_line(traceback.extract_stack)
    assert frame.filename == "<stacks of operations are not kept>" and frame.lineno == 1


def test_a_run_in_which_a_speed_up_does_not_fit_has_a_problem_also_when_cells_are_remembered(
    run_fake: FakeRuns,
) -> None:
    target = fake_target("fake-changed-jax", backend="jax")
    for _ in range(2):
        found = run_fake(target, patterns=("good.masking",), modes=("eager",), fresh=False)
        assert found.problems == [
            "fake-changed-jax: speed-up forgotten-compilations does not fit jax: there is no jax.clear_caches "
            "(--no-speedups does without)"
        ]
        assert [cell.verdict for cell in found.cells] == ["conforms"]


def test_cells_with_and_without_speed_ups_are_not_taken_for_each_other(
    command: Callable[..., Result], tmp_path: Path
) -> None:
    def run(*options: str) -> results.Results:
        out = tmp_path / "-".join(["out", *options])
        run = command("run", "--target", "fake-0.1", "--case", "good.masking", "--out", str(out), *options)
        assert run.exit_code == 0, run.output
        return results.read(out)

    with_, without = run(), run("--no-speedups")
    assert (with_.fixed["speedups"], without.fixed["speedups"]) == ("all", "none")
    assert with_.targets[0].digest != without.targets[0].digest
    assert [c.observation for c in with_.cells] == [c.observation for c in without.cells]


def test_a_bundle_without_speed_ups_has_the_same_files(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    other = bundle.without_speedups()
    assert bundle.speedups and not other.speedups
    assert (other.folder, other.digest) == (bundle.folder, bundle.digest) and other.worker != bundle.worker
