"""What is declared of a layer, in Python and on the command line of `conformance check`, without a Keras."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from conformance.checks import BadInput, check_layer, command, declaration
from conformance.checks.clause import find
from conformance.checks.layer_spec import LayerSpec


def some_layer() -> None:
    """Never called here."""


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
    monkeypatch.setattr(sys, "path", [*sys.path])  # stands for the import path of a new process
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
