"""The check of a layer without a Keras: declarations, masks, evidence, records, the command, the plug-in, the page."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from conformance.cache import cache_folder
from conformance.checks import BadInput, ContractBroken, api, check_layer, command, declaration, evidence, masks
from conformance.checks.clause import all_clauses, find, names
from conformance.checks.kinds import KINDS, NAMES
from conformance.checks.layer_spec import LayerSpec
from conformance.checks.pytest_adapter import BoundClause, LazyExamination
from conformance.checks.records import BAD, STATUSES, WORDS, Record, Records
from conformance.local import bundle as bundle_module
from conformance.suite import catalogue
from conformance.worker.recorder import Recorder
from tests.support.paths import ROOT


def some_layer() -> None:
    """Never called here."""


# Declarations


@pytest.mark.parametrize(
    ("shape", "declaration", "says"),
    [
        (None, {}, "input_shape is missing: the shape of the input including the batch, such as (2, 5, 3)"),
        ((2,), {}, "input_shape (2,) is too small for a mask"),
        ((2, 2, 3), {}, "at least 3 steps"),
        ((2, 5, None), {}, "only the batch and the steps"),
        ("2,5,3", {}, "is neither a shape, such as (2, 5, 3), nor a list of shapes"),
        ((2, 0, 3), {}, "is neither a shape"),
        (
            (2, 5, 3),
            {"kind": "consumers"},
            "unknown kind 'consumers' (did you mean 'consumer'?); expected one of producer, transparent",
        ),
        (
            (2, 5, 3),
            {"limits": ["lefft"]},
            "unknown limit 'lefft' (did you mean 'left'?); expected one of left, gap, random, all-masked",
        ),
        ((2, 5, 3), {"masked": [False]}, "masked= declares that no input has a mask; at least one input needs one"),
        ([(2, 5, 3)] * 2, {"dtype": ["float32"]}, "dtype has 1 entries, but there are 2 inputs"),
    ],
)
def test_bad_declarations_are_refused_in_one_line(shape: object, declaration: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=re.escape(says)) as refused:
        LayerSpec(some_layer, shape, **declaration)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        (
            lambda: 1 / 0,
            "the factory raises ZeroDivisionError: division by zero; it must return a layer when called",
        ),
        (lambda: 3, "the factory does not return a Keras layer, but an object of type int"),
        (3, "the factory is of type int; pass a function without arguments that returns a layer"),
    ],
)
def test_a_factory_that_gives_no_layer_is_refused(factory: object, says: str) -> None:
    with pytest.raises(BadInput, match=re.escape(says)):
        check_layer(factory, (2, 5, 3))


def test_a_class_that_needs_arguments_is_refused_with_what_to_write() -> None:
    class Layer:
        def __init__(self, units: int):
            """Never succeeds."""

    with pytest.raises(
        BadInput,
        match=r"missing 1 .*: the constructor needs arguments; pass a function, such as lambda: Layer\(\.\.\.\)",
    ):
        check_layer(Layer, (2, 5, 3))


def test_unknown_clauses_options_and_empty_reasons_are_refused() -> None:
    with pytest.raises(BadInput, match=r"unknown clause 'C18'.*; the clauses are C1-flag, C2-no-mask"):
        check_layer(some_layer, (2, 5, 3), expected_failures={"C18": "because"})
    with pytest.raises(BadInput, match=r"unknown clause 'padding' \(did you mean"):
        find("padding")
    with pytest.raises(BadInput, match=r"expected_failures\['C4'\] needs a reason: a sentence that says why it fails"):
        check_layer(some_layer, (2, 5, 3), expected_failures={"C4": " "})
    with pytest.raises(
        BadInput, match="^unexpected keyword argument 'kinds'; the arguments are documented in conformance.checks.api$"
    ):
        check_layer(some_layer, (2, 5, 3), kinds="consumer")


@pytest.mark.parametrize("name", ["C4", "c4", 4, "4", "padding-invariance", "C4-padding-invariance"])
def test_a_clause_has_several_names(name: object) -> None:
    assert find(name).id == "C4-padding-invariance"


def test_open_dimensions_are_filled_in() -> None:
    spec = LayerSpec(some_layer, (None, None, 3))
    assert spec.any_length and spec.shapes[0][1] >= 3 and not LayerSpec(some_layer, (2, 5, 3)).any_length
    assert [a.shape for a in LayerSpec(some_layer, [(2, 5, 3), (2, 4)], dtype=["float32", "int32"]).arrays()] == [
        (2, 5, 3),
        (2, 4),
    ]


def test_inputs_hold_no_padding_and_junk_is_something_else() -> None:
    for dtype in ("float32", "int32"):
        spec = LayerSpec(some_layer, (3, 7, 2), dtype=dtype, max_id=4)
        (array,), (junk,) = spec.arrays(), spec.junk()
        assert np.all(array != 0) and np.any(array != junk) and array.dtype == junk.dtype == dtype
        (mask,) = spec.masks()
        (mixed,) = spec.replaced([array], [junk], [mask])
        assert np.array_equal(mixed[mask], array[mask]) and np.array_equal(mixed[~mask], junk[~mask])
        assert dtype == "float32" or (array.max() <= 4 and junk.max() <= 4)


def test_a_declaration_never_changes() -> None:
    spec = LayerSpec(some_layer, (2, 5, 3))
    with pytest.raises(AttributeError, match="LayerSpec is immutable: cannot set kind"):
        spec.kind = "consumer"
    assert spec.kind is None


# Masks


@pytest.mark.parametrize("steps", [3, 4, 6, 11])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_masks_are_what_they_are_called(batch: int, steps: int) -> None:
    for shift in range(3):
        made = {
            p: masks.make(p, batch, steps, shift) for p in ("right", "left", "gap", "random", "all-true", "all-masked")
        }
        assert all(m.any(axis=1).all() for p, m in made.items() if p != "all-masked")
        assert not made["right"][:, -1].any() and made["right"][:, 0].all()
        assert not made["left"][:, 0].any() and made["left"][:, -1].all()
        assert made["gap"][:, [0, -1]].all() and not made["gap"].all(axis=1).any()
        assert not made["random"].all(axis=1).any() and made["all-true"].all()
        assert not made["all-masked"][0].any() and made["all-masked"][1:].any(axis=1).all()


# The clauses


def test_there_are_seventeen_clauses_that_say_all_that_they_should() -> None:
    clauses = all_clauses()
    assert [c.number for c in clauses] == list(range(1, 18)) and len({c.id for c in clauses}) == 17
    for clause in clauses:
        assert clause.title and clause.contract.endswith(".") and clause.why.endswith(".") and clause.repair
        assert set(clause.kinds) <= set(NAMES) and clause.kinds


def test_the_cases_that_clauses_name_exist() -> None:
    collected = catalogue.collect(bundle_module.make_bundle(cache_folder()))
    known = {case.id for case in collected} | {case.id.split("[")[0] for case in collected}
    assert [case for clause in all_clauses() for case in clause.cases if case not in known] == []


def test_importing_the_checks_imports_nothing_heavy() -> None:
    code = (
        "import sys, conformance.checks.pytest_plugin; print(sorted({'numpy', 'pytest', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


# Evidence and records


def facts(observed: object, expected: object) -> list[str]:
    record = Recorder()
    record("output", observed, expected=expected)
    return [line for fact, why in evidence.mismatches(record.facts) for line in evidence.lines(fact, why)]


def test_evidence_names_samples_and_steps() -> None:
    expected = np.zeros((3, 4, 2))
    observed = expected.copy()
    observed[1, 2] = [1, 2]
    observed[1, 3] = [3, 4]
    assert facts(observed, expected) == [
        "output: 4 of 24 elements differ, by up to 4",
        "  sample 1, steps 2, 3: observed [1 2], expected [0 0] at the first",
    ]
    assert facts(expected, expected) == []


def test_evidence_spells_masks() -> None:
    observed, expected = np.array([[1, 1, 0], [1, 0, 1]], bool), np.array([[1, 1, 0], [1, 1, 1]], bool)
    assert facts(observed, expected)[1:] == ["  observed: 110 101", "  expected: 110 111"]
    assert facts(None, expected) == ["output: None, expected bool array of shape (2, 3)", "  expected: 110 111"]
    assert facts(np.full((2, 3), np.nan), np.ones((2, 3)))[1] == "  sample 0: observed [nan nan nan], expected [1 1 1]"


def records(*statuses: str, kind: str = "consumer") -> Records:
    made = [Record(clause, ["eager"], status, "so") for clause, status in zip(all_clauses(), statuses, strict=False)]
    return Records("Mine", kind, None, "keras", {"keras": "3.15.1", "tensorflow": "2.21.0"}, ["eager", "graph"], made)


def test_what_several_clauses_show_is_shown_once() -> None:
    found = records("failed", "failed", "failed", "passed")
    for record, line in zip(found, ("ValueError: no", "ValueError: no", "another"), strict=False):
        record.evidence = [line]
    assert found.text().splitlines()[1:-1] == [
        "  C1-flag  failed (eager): so",
        "      ValueError: no",
        "  C2-no-mask  failed (eager): same as C1-flag",
        "  C3-implicit-explicit  failed (eager): so",
        "      another",
    ]


def test_an_inferred_kind_is_explained() -> None:
    found = records(kind="unaware")
    found.guessed = "supports_masking is False"
    assert found.head().startswith("Mine (kind inferred: unaware, because supports_masking is False) on keras")
    assert found.text().splitlines()[1] == "It is unaware of masks: a mask ends there."


def test_records_are_counted() -> None:
    found = records("passed", "passed", "failed", "expected", "keras", "not-applicable", "unexpected-pass")
    assert found.counts() == (
        "7 clauses: 2 passed, 1 failed, 1 passed unexpectedly, 1 failed as expected, 1 caused by Keras, "
        "1 not applicable"
    )
    assert found.head() == "Mine (consumer) on keras 3.15.1 with tensorflow 2.21.0: eager, graph"
    assert [r.status for r in found.bad] == ["failed", "unexpected-pass"]
    assert set(BAD) <= set(STATUSES) == set(WORDS)
    assert found.as_dict()["clauses"][0]["clause"] == "C1-flag"


# Tests of pytest


class FakeExamination:
    def __init__(self, status: str):
        self.status = status

    def record(self, clause: object) -> Record:
        return Record(clause, ["eager"], self.status, "so", ["line"], "repair")

    def collected(self, found: list[Record]) -> Records:
        return records()


@pytest.mark.parametrize(
    ("status", "outcome", "says"),
    [
        ("passed", None, ""),
        ("failed", "Failed", "C4-padding-invariance  failed (eager): so\n    line\n    repair: repair"),
        ("unexpected-pass", "Failed", "passed unexpectedly"),
        ("error", "Failed", "could not be checked"),
        ("expected", "XFailed", "so"),
        ("keras", "Skipped", "caused by Keras (eager): so"),
        ("not-applicable", "Skipped", "not applicable (eager): so"),
    ],
)
def test_a_clause_is_a_test(status: str, outcome: str | None, says: str) -> None:
    clause = BoundClause("C4-padding-invariance", LazyExamination(lambda: FakeExamination(status)))
    try:
        clause()
    except BaseException as ended:
        assert type(ended).__name__ == outcome and says in str(ended)
    else:
        assert outcome is None
    assert clause.record.status == status


def test_bad_input_fails_every_clause_in_one_line() -> None:
    def refuse() -> None:
        calls.append(1)
        raise BadInput("give it arguments")

    calls: list[int] = []
    examination = LazyExamination(refuse)
    for name in names():
        with pytest.raises(BaseException, match="^give it arguments$"):
            BoundClause(name, examination)()
    assert calls == [1]


PLUGGED = """
import pytest

class Clause:
    is_clause_of_mask_contract = True
    def __init__(self, id, outcome):
        self.id, self.outcome = id, outcome
    def __call__(self):
        {"fail": pytest.fail, "skip": pytest.skip, "xfail": pytest.xfail, "pass": lambda _: None}[self.outcome]("so")

@pytest.mark.parametrize("clause", [Clause(o, o) for o in ("pass", "fail", "skip", "xfail", "pass")])
def test_mine(clause):
    clause()

def test_other():
    pass
"""


def pytest_run(folder: Path, *options: str) -> str:
    (folder / "test_mine.py").write_text(PLUGGED)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder, *options]
    return subprocess.run(command, capture_output=True, text=True).stdout


def test_the_plug_in_counts_clauses(tmp_path: Path) -> None:
    """By its entry point, as wherever the package is installed."""
    said = pytest_run(tmp_path, "--mask-front-end", "tf_keras")
    assert "mask contract: 5 clauses: 2 passed, 1 failed, 1 failed as expected, 1 skipped" in said
    assert "mask contract" not in pytest_run(tmp_path, "-k", "other")


# The command


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["json:JSONDecoder", "--input-shape", "2,5,3"], 2, "JSONDecoder"),
        (
            ["no.such.module:Layer", "--input-shape", "2,5,3"],
            2,
            "there is no module no.such.module; install its package, or run this in the folder",
        ),
        (["json:Nothing", "--input-shape", "2,5,3"], 2, "module json has no Nothing"),
        (["json", "--input-shape", "2,5,3"], 2, "write package.module:Layer"),
        (
            ["raises_at_import:Layer", "--input-shape", "2,5,3"],
            3,
            "raises_at_import cannot be imported: RuntimeError: no",
        ),
        (["collections:OrderedDict"], 2, "input_shape is missing"),
        (["collections:OrderedDict", "--input-shape", "2,x"], 2, "'2,x' is not a shape; write it as 2,5,3"),
        (["collections:OrderedDict", "--config", "[1]"], 2, '[1] is not a JSON object, such as {"units": 4}'),
        (["collections:OrderedDict", "--config", "{"], 2, "{ is not valid JSON: "),
        (["collections:OrderedDict", "--expect-failure", "C4"], 2, "gives no reason"),
        (
            ["collections:OrderedDict", "--masked", "yes"],
            2,
            "'yes' does not say which inputs have a mask; write 1 or 0",
        ),
        (
            ["json:__name__", "--input-shape", "2,5,3"],
            2,
            "json:__name__ is neither a class nor a function, but of type str",
        ),
        (["collections:OrderedDict", "--kind", "sponge"], 2, "invalid choice"),
        ([], 2, "required"),
    ],
)
def test_bad_command_lines(
    arguments: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "raises_at_import.py").write_text("raise RuntimeError('no')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert command.main(arguments) == code
    out, err = capsys.readouterr()
    assert says in err and out == "" and "Traceback" not in err


def test_a_command_line_is_a_declaration_and_back() -> None:
    line = "collections:OrderedDict --input-shape 2,5,3 ?,4 --dtype float32 --dtype int32 --kind combiner --masked 1,0"
    asked = command.parser().parse_args(
        [*line.split(), "--limit", "left", "--expect-failure", "C4=not yet", "--call", '{"training": true}']
    )
    (declared,) = command.declarations(asked)
    arguments = declaration.arguments(declared)
    assert arguments["input_shape"] == [(2, 5, 3), (None, 4)] and arguments["name"] == "OrderedDict"
    assert arguments["expected_failures"] == {"C4": "not yet"} and arguments["call"] == {"training": True}
    expected = arguments.pop("expected_failures")
    assert expected
    spec = LayerSpec(**arguments)
    assert (spec.kind, spec.masked, spec.limits) == ("combiner", [True, False], ("left",))


def test_config_goes_to_the_constructor() -> None:
    made = declaration.factory("types:SimpleNamespace", {"units": 4})()
    assert made == SimpleNamespace(units=4)
    assert declaration.factory("json:loads", is_factory=True) is __import__("json").loads


# The documentation


def listed() -> str:
    """The list of clauses in docs/check-your-layer.md, as it should be."""
    parts = []
    for clause in all_clauses():
        whom = "every kind" if len(clause.kinds) == len(NAMES) else ", ".join(clause.kinds)
        cases = ", ".join(f"`{case}`" for case in clause.cases)
        parts += [
            f"### {clause.id}",
            f"**{clause.title}.** {clause.contract}",
            f"*Why:* {clause.why}",
            f"*Repair:* {clause.repair}",
            f"For {whom}. What Keras itself does: {cases}.",
        ]
    return "\n\n".join(parts)


def test_the_page_lists_the_clauses_as_they_are() -> None:
    page = (ROOT / "docs" / "check-your-layer.md").read_text()
    start, end = "<!-- clauses -->\n", "\n<!-- end -->"
    assert page[page.index(start) + len(start) : page.index(end)] == listed()


def test_the_page_names_every_kind_argument_and_status() -> None:
    page = (ROOT / "docs" / "check-your-layer.md").read_text()
    for kind in KINDS.values():
        assert f"| `{kind.name}` | {kind.says} |" in page
    documented = re.findall(r"^    (\w+):", api.__doc__ or "", re.MULTILINE)
    assert {"kind", "limits", "expected_mask"} <= set(documented)
    assert [name for name in documented if f"`{name}`" not in page] == []
    assert [word for word in WORDS.values() if f"| {word} |" not in page] == []
    assert issubclass(ContractBroken, AssertionError)
