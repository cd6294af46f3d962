"""Stand-alone scripts: complete, of the right Python, and refused in one line where there is nothing to see."""

import ast
import builtins
import subprocess
import symtable
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from conformance import repro, results
from conformance.cli import main
from conformance.judging.judge import mismatch
from conformance.local import bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.local.launch import Environment
from conformance.repro.execute import ScriptRun, execute
from conformance.repro.fixtures import fixture
from conformance.repro.header import dependencies, setting
from conformance.repro.issue import issue
from conformance.repro.parts import Parts, make_parts
from conformance.repro.request import CellScript, make_request
from conformance.repro.stored import script as stored_script
from conformance.repro.stored import store
from conformance.repro.suite_scripts import parts_of
from conformance.results import Case
from conformance.suite import catalogue
from conformance.targets import registry

TARGETS = {target.id: target for target in registry.load()}
# One column and mode of each kind of script.
KINDS = [
    *[("keras-2.2.4+tf-1.13", "jit"), ("keras-2.3.1+tf-1.15", "session"), ("keras-2.3.1+tf-2.2", "graph")],
    *[("tf-1.15", "eager"), ("tf-2.4", "jit"), ("tf-keras-2.21", "session"), ("keras-3.15", "graph")],
    *[("keras-3.3", "session"), ("keras-3.15+jax", "jit"), ("keras-3.15+torch", "eager")],
    *[("keras-3.15+openvino", "eager")],
]


BASES = ("documented", "established")


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {case.id: case for case in catalogue.collect(the_bundle())}


@pytest.fixture(scope="module")
def parts() -> dict[str, Parts]:
    return parts_of(the_bundle())


def the_bundle() -> bundle.Bundle:
    from conformance.cache import cache_folder

    return bundle.make_bundle(cache_folder())


@pytest.fixture(scope="module")
def scripts(parts: dict[str, Parts]) -> dict[tuple[str, str, str], str]:
    """Of every case, on a column of each kind that has something to see."""
    found = {}
    for target, mode in KINDS:
        for case, one in parts.items():
            try:
                found[case, target, mode] = repro.script(TARGETS[target], mode, one)
            except UsageError as why:
                assert "this case applies only to" in str(why) or f"mode '{mode}' of {target}" in str(why)
    return found


@pytest.mark.no_cover  # it takes long, and traced twice as long
def test_every_case_has_scripts(scripts: dict[tuple[str, str, str], str], cases: dict[str, Case]) -> None:
    without = set(cases) - {case for case, _, _ in scripts}
    assert {cases[id].file for id in without} <= {"test_attach.py"}  # about NumPy
    assert all("numpy" in id for id in without)


@pytest.mark.no_cover  # it takes long, and traced twice as long
def test_scripts_are_complete_and_of_old_syntax(
    scripts: dict[tuple[str, str, str], str], parts: dict[str, Parts], tmp_path: Path
) -> None:
    """No name is undefined or defined twice, nothing of ours is imported, and Python 3.7 can read it.

    For each case one script, and for each column one of all that use the same.
    """
    by_case = {case: text for (case, _, _), text in scripts.items()}
    by_uses = {(target, *parts[case].uses): text for (case, target, _), text in scripts.items()}
    for number, text in enumerate({*by_case.values(), *by_uses.values()}):
        body = ast.parse(text, feature_version=(3, 7)).body
        defined = Counter(node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
        assert [name for name, times in defined.items() if times > 1] == []
        assert "conformance" not in text and "oracle." not in text and "pytest" not in text
        (tmp_path / f"{number}.py").write_text(text)
    command = ["ruff", "check", "--isolated", "--no-cache", "--target-version=py37", "--select=F821,F811,F823,F841,E9"]
    done = subprocess.run([sys.executable, "-m", *command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[:2000]


def test_the_body_of_a_case_takes_no_name_away(scripts: dict[tuple[str, str, str], str]) -> None:
    """In a script it stands at the top level, where a name is one for all."""
    for id, text in {id: text for (id, _, _), text in scripts.items()}.items():
        lines = text.splitlines()
        place = next(i for i, line in enumerate(lines) if line.startswith(f"# {id.partition('[')[0]}, "))
        before, body = (symtable.symtable("\n".join(part), id, "exec") for part in (lines[:place], lines[place:]))
        assigned = {symbol.get_name() for symbol in body.get_symbols() if symbol.is_assigned()}
        assert not assigned & {*_known(before), *dir(builtins)}, id


def _known(table: symtable.SymbolTable) -> Iterator[str]:
    """The global names that are defined or used there."""
    for symbol in table.get_symbols():
        if symbol.is_global() or table.get_type() == "module":
            yield symbol.get_name()
    for child in table.get_children():
        yield from _known(child)


def test_stored_texts_make_the_same_scripts(scripts: dict[tuple[str, str, str], str], parts: dict[str, Parts]) -> None:
    stored = store(parts, [TARGETS[target] for target in dict(KINDS)])
    assert len(set(stored.texts)) == len(stored.texts)
    for (case, target, mode), text in scripts.items():
        assert stored_script(stored, case, target, mode) == text


def test_a_script_is_short(scripts: dict[tuple[str, str, str], str], cases: dict[str, Case]) -> None:
    """Those that somebody may be sent: of promises, eagerly and in graphs."""
    assert len(scripts["merge.add.both-masked", "keras-3.15", "graph"].splitlines()) <= 40
    first = {id.partition("[")[0]: id for id in reversed(cases)}  # the variants of a case differ in a line or two
    sent = [
        text
        for (id, _, mode), text in scripts.items()
        if id in first.values() and mode in ("eager", "graph") and cases[id].basis in BASES
    ]
    lengths = sorted(len([line for line in text.splitlines() if line.strip()]) for text in sent)
    assert lengths[len(lengths) // 2] < 60


def test_parameters_are_written_as_in_the_case(parts: dict[str, Parts]) -> None:
    assert parts["merge.values[add]"].pieces[-2].splitlines()[-1] == 'name = "Add"'
    assert "x = X\nmask = MASK[..., None]" in parts["batchnorm.mask-rank[batch-time-1]"].pieces[-2]
    assert "garbage = np.nan" in parts["rnn.gradient-nan-leak[nan]"].pieces[-2]
    made = parts["model.clone[functional]"]
    assert "make = make_functional" in made.pieces[-2] and any("def make_functional(" in text for text in made.pieces)


def test_only_the_recipe_of_the_layer_is_there(parts: dict[str, Parts]) -> None:
    text = "\n".join(parts["layer-table.incoming-mask[Bidirectional]"].pieces)
    assert 'add("Bidirectional"' in text and 'add("Dense"' not in text
    assert 'add("Dense"' in "\n".join(parts["layer-table.complete"].pieces)


@pytest.mark.parametrize(
    "target, expected",
    [
        ("keras-2.3.1+tf-1.15", {"keras": "2.3.1", "tensorflow": "1.15.5", "protobuf": None, "numpy": None}),
        ("tf-2.11", {"tensorflow-cpu": "2.11.1", "numpy": None}),
        ("tf-keras-2.21", {"tf-keras": "2.21.0", "tensorflow": "2.21.0", "numpy": None}),
        ("keras-3.15+jax", {"keras": "3.15.1", "jax[cpu]": "0.10.2", "numpy": None}),
        ("keras-3.15+torch", {"keras": "3.15.1", "torch": "2.13.0+cpu", "numpy": None}),
    ],
)
def test_dependencies_are_pinned_as_in_the_column(target: str, expected: dict[str, str | None]) -> None:
    found = dict(pin.split("==") for pin in dependencies(TARGETS[target]))
    assert found.keys() == expected.keys()
    assert all(version in (None, found[name]) for name, version in expected.items())


@pytest.mark.parametrize("target", TARGETS)
def test_metadata_can_be_read(target: str) -> None:
    import tomllib

    text = repro.texts(TARGETS[target], TARGETS[target].modes[0], Parts([], [], [], []))[0]
    first, *lines, last = text.splitlines()
    assert (first, last) == ("# /// script", "# ///")
    about = tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))
    assert about["requires-python"] == f"=={TARGETS[target].base.python}.*"
    assert all("==" in one for one in about["dependencies"])


@pytest.mark.no_cover  # it takes long, and traced twice as long
def test_scripts_judge_as_the_matrix_does(parts: dict[str, Parts], cases: dict[str, Case]) -> None:
    """Each stored value of a case that has not changed since, given to `record` of its script."""
    stored = results.read(results.PUBLISHED)
    same = {case.id for case in stored.cases if case.id in cases and case.digest == cases[case.id].digest}
    here = setting(TARGETS["keras-3.15"], "eager")
    judged = 0
    for case, id in {(cell.case, cell.observation) for cell in stored.cells if cell.observation and cell.case in same}:
        use = next((use for use in parts[case].uses if use.startswith("record")), "record")
        for fact in (fact for fact in stored.observations[id].facts if fact.expected is not None):
            observed, expected = (_decoded(stored.values[value]) for value in (fact.observed, fact.expected))
            names: dict[str, Any] = {"np": np, "print": str}
            exec(str(fixture(here, use)), names)
            given = {name: getattr(fact, name) for name in ("rtol", "atol") if getattr(fact, name) is not None}
            try:
                names["record"](fact.name, observed, expected=expected, **given)
                wrong = bool(names.get("wrong"))
            except SystemExit:
                wrong = True
            assert wrong == bool(mismatch(fact, stored.values)), (case, fact.name)
            judged += 1
    assert judged > 2000


class _Raised:
    def __init__(self, names: list[str]):
        self.names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Raised) and not set(self.names).isdisjoint(other.names)


def _decoded(value: Any) -> Any:
    """What a case had when it recorded this."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict) and "raised" in value:
        return _Raised(value["raised"])
    if isinstance(value, dict) and "dtype" in value:
        data = [float(item) if isinstance(item, str) else item for item in value["data"]]
        return np.array(data, value["dtype"]).reshape(value["shape"])
    return value["repr"] if isinstance(value, dict) else value


@pytest.mark.parametrize(
    "arguments, said",
    [
        ("merge.ad.both-masked --target keras-3.15", "unknown case 'merge.ad.both-masked'; did you mean 'merge.add."),
        ("merge.values --target keras-3.15", "'merge.values' has variants: merge.values[add], "),
        ("lstm.gap --target keras-3.155", "unknown target 'keras-3.155'; did you mean 'keras-3.15'?"),
        ("lstm.gap --target keras-3.15 --mode grap", "unknown mode 'grap'; did you mean 'graph'?"),
        ("lstm.gap --target keras-3.15+jax --mode graph", "keras-3.15+jax has no mode 'graph': JAX has no graphs"),
        ("lstm.gap --target keras-3.15 --mode jit", "lstm.gap does not run in mode 'jit', only in eager, graph"),
        ("attach.jax-jit.in --target keras-3.15", "this case applies only to jax"),
        ("mask.gradient-none --target keras-3.15+numpy", "mode 'eager' of keras-3.15+numpy computes no gradients"),
        ("lstm.gap --target keras-3.15 --results /no/file", "cannot read /no/file: No such file or directory"),
    ],
)
def test_bad_requests_are_one_line(arguments: str, said: str) -> None:
    done = CliRunner().invoke(main, ["repro", *arguments.split()])
    assert done.exit_code == 2
    assert said in done.stderr.splitlines()[-1] and done.stdout == ""


def test_what_stored_results_know_to_be_absent_is_not_printed() -> None:
    cell = results.Cell(case="mha.auto-mask", target="tf-1.15", mode="eager", verdict="unsupported", reason="no MHA")
    empty = {"targets": [], "cases": [], "problems": [], "platform": {}, "seconds": 0.0}
    about = {"schema_version": 1, "suite_version": "0", "bundle": "", "created": "", "cells": [cell]}
    stored = results.Results(**(about | empty))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="mha.auto-mask is unsupported on tf-1.15 in mode 'eager': no MHA"):
        make_request("mha.auto-mask", "tf-1.15", "eager", the_bundle(), TARGETS.values(), stored)
    assert make_request("mha.auto-mask", "tf-2.15", "eager", the_bundle(), TARGETS.values(), stored)


def test_the_command_prints_a_script() -> None:
    done = CliRunner().invoke(main, ["repro", "mha.auto-mask", "--target=keras-3.15"])
    assert done.exit_code == 0 and done.stdout.startswith("# /// script\n")
    assert done.stdout.count("tf.function") == 0  # eager is the first of its modes


def request(case: str, target: str, mode: str) -> CellScript:
    return make_request(case, target, mode, the_bundle(), TARGETS.values(), None)


def test_an_issue_says_what_is_promised_and_what_happens() -> None:
    lines = ["WARNING: noise", "not as expected: last output"]
    text = issue(
        request("rnn.initial-state.implicit-mask", "keras-3.15", "jit"), ScriptRun(1, "last output:\n[1.]\n", lines)
    )
    assert text.startswith("# RNNs use the input mask when `initial_state` is passed: violated by Keras 3.15.1\n")
    assert "Documented: Guide 'Understanding masking & padding'" in text
    assert "Not as expected: last output" in text and "noise" not in text
    assert "Keras 3.15.1 on TensorFlow 2.21.0, Python 3.11, mode jit" in text
    assert "```\nlast output:\n[1.]\nnot as expected: last output\n```" in text


def test_an_issue_shows_an_exception_without_folders_of_this_machine() -> None:
    trace = ["Traceback (most recent call last):", '  File "/x/site-packages/keras/a.py", line 1', "TypeError: no"]
    text = issue(request("lstm.gap", "tf-2.15", "eager"), ScriptRun(1, "", ["noise", *trace]))
    assert "\n`TypeError: no`\n" in text and "/x/" not in text and 'File "keras/a.py"' in text
    assert "violated by tf.keras 2.15.1" in text


def test_a_script_that_hangs_is_given_up() -> None:
    with pytest.raises(Unavailable, match="^the script timed out after 1 s$"):
        execute("import time; time.sleep(60)", TARGETS["keras-3.15"], Environment(Path(sys.executable)), seconds=1.0)


def test_a_fixture_that_no_script_has_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("def test_case(unheard_of, record):\n    pass\n")
    case = Case(
        id="some.case",
        title="",
        contract="",
        basis="documented",
        source="",
        severity="silent",
        issues=[],
        tags=[],
        modes=["eager"],
        needs=[],
        file="test_some.py",
        function="test_case",
        line=1,
        code="",
    )
    with pytest.raises(UsageError, match="^some.case uses the fixture 'unheard_of', which scripts do not support$"):
        make_parts(tmp_path, catalogue.Listed(case=case, backends=[], parameters={}))


def test_what_conforms_is_no_issue_and_what_nothing_promises_is_a_question() -> None:
    with pytest.raises(UsageError, match="lstm.gap conforms on tf-2.15 in mode 'eager': there is nothing to report"):
        issue(request("lstm.gap", "tf-2.15", "eager"), ScriptRun(0, "", []))
    with pytest.raises(UsageError, match="lstm.gap is unsupported on tf-2.15: .*there is no keras.layers.X"):
        issue(request("lstm.gap", "tf-2.15", "eager"), ScriptRun(2, "unsupported: there is no keras.layers.X\n", []))
    text = issue(request("merge.add.both-masked", "keras-3.15", "eager"), ScriptRun(0, "mask:\n1", []))
    assert "See the output; this behaviour is undocumented." in text
    assert "behaviour of Keras 3.15.1" in text and "Undocumented: No documentation says" in text
