"""`conformance compare`: what it prints, and its exit codes."""

import json
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance import results
from conformance.commands import options
from tests.support.fakes import Command
from tests.support.page_samples import MASK, MODES, Made, sample


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The command in a folder where the sample is the last report."""
    monkeypatch.chdir(tmp_path)
    results.write(sample(), tmp_path / "reports" / "latest" / "results.json")

    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "expectations.toml").touch()
    command = Command(targets=[], cases=tmp_path / "cases")
    return lambda *arguments: command("compare", *arguments)


def one_column(folder: Path, title: str, mask: object, **case: str) -> None:
    made = Made()
    made.target("here", title)
    made.case("masking.plain")
    made.case("masking.other", **case)
    for name in ("masking.plain", "masking.other"):
        made.cells(name, "here", {"mask": (mask, MASK)})
    results.write(made.judged(), folder / "results.json")


def test_table(compare) -> None:  # type: ignore[no-untyped-def]
    result = compare("tf-2.15", "keras-3.3")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    headings = ["severity", "behaviour", "modes", "what", "changes", "status", "first", "changed", "in"]
    assert lines[0].split() == headings
    assert lines[1].split()[:2] == ["silent", "masking.lost"]
    assert "mask: [11100 10110] -> [11110 10110]" in lines[1] and lines[1].split()[-3:] == [
        "regression",
        "Keras",
        "3.3",
    ]
    assert lines[-1] == (
        "4 behaviours change from tf.keras 2.15 to Keras 3.3: 2 silently, 2 harmlessly;"
        " 2 regressions, 1 fix. 1 behaviour is unchanged."
    )


def test_json_is_as_its_schema_says(compare) -> None:  # type: ignore[no-untyped-def]
    schema = json.loads(compare("--schema").output)
    told = json.loads(compare("tf-2.15", "keras-3.3", "--format", "json").stdout)
    jsonschema.validate(told, schema)
    assert (told["before"], told["after"], told["same"]) == ("tf-2.15", "keras-3.3", 1)
    assert told["steps"][0]["case"] == "masking.lost"
    assert told["steps"][0]["before"] == {"promise": "kept", "verdict": "conforms", "expectation": None}


def test_markdown(compare) -> None:  # type: ignore[no-untyped-def]
    text = compare("keras-3.3", "tf-2.15", "--format", "markdown").stdout
    assert "| `masking.lost` | eager, graph, session, jit | `mask: [11110 10110] -> [11100 10110]` | fixed |" in text


def test_choosing(compare) -> None:  # type: ignore[no-untyped-def]
    def steps(*options: str) -> list[tuple[str, tuple[str, ...]]]:
        told = json.loads(compare("tf-2.15", "keras-3.3", "--format", "json", *options).stdout)
        return [(step["case"], tuple(step["modes"])) for step in told["steps"]]

    assert steps("--tag", "add") == [("masking.lost", tuple(MODES))]
    assert steps("--case", "lstm.*") == [("lstm.numbers", ("jit",))]
    assert steps("--case", "masking.*", "--mode", "graph", "--mode", "jit") == [("masking.lost", ("graph", "jit"))]
    assert steps("--case", "lstm.*", "--mode", "eager") == []
    no_mode = compare("keras-2.3", "tf-2.15", "--case", "masking.*", "--mode", "eager").stdout
    assert no_mode == "Nothing could be compared from Keras 2.3 to tf.keras 2.15. 2 are not run in these modes.\n"


def test_exit_codes(compare) -> None:  # type: ignore[no-untyped-def]
    assert compare("tf-2.15", "keras-3.3", "--fail-on", "silent").exit_code == 1
    assert compare("tf-2.15", "keras-3.3", "--fail-on", "any").exit_code == 1
    assert compare("tf-2.15", "keras-3.3", "--fail-on", "silent", "--case", "masking.plain").exit_code == 0
    fixed = ("keras-2.3", "keras-3.3", "--case", "merge.dies", "--fail-on")
    assert compare(*fixed, "silent").exit_code == 0
    assert compare(*fixed, "any").exit_code == 1


@pytest.mark.parametrize(
    "arguments, messages",
    [
        (("tf-2.15", "keras-3.4"), ["unknown target 'keras-3.4'; did you mean 'keras-3."]),
        (("tf-2.15", "tf-2.15"), ["tf-2.15 and tf-2.15 are the same target"]),
        (("tf-2.15", "reports/latest#tf-2.15"), ["are the same target"]),
        (("tf-2.15", "reports/latest#tf-2.16"), ["reports/latest: unknown target 'tf-2.16'"]),
        (("tf-2.15", "keras==="), ["keras===: "]),
        (("tf-2.15", "./nowhere"), ["nowhere: no such file or folder"]),
        (("tf-2.15", "text"), ["text is not JSON"]),
        (("tf-2.15", "other.json"), ["other.json is not a results file of this suite"]),
        (("tf-2.15", "reports"), ["cannot read reports/results.json"]),
        (("tf-2.15", "keras-3.3", "--tag", "Lost"), ["unknown tag 'Lost'"]),
        (("tf-2.15", "keras-3.3", "--case", "mask.plain"), ["unknown case 'mask.plain'; did you mean"]),
        (("tf-2.15", "keras-3.3", "--mode", "fast"), ["'fast' is not one of"]),
        (("tf-2.15", "reports/latest"), ["reports/latest has 4 targets; name one, as in reports/latest#keras-3.8"]),
        (("tf-2.15", "keras-3.3", "--results", "nowhere"), ["cannot read", "nowhere"]),
        (("tf-2.15",), ["Missing argument 'TO'"]),
    ],
)
def test_usage_errors(compare, arguments: tuple[str, ...], messages: list[str]) -> None:  # type: ignore[no-untyped-def]
    Path("text").write_text("not results")
    Path("other.json").write_text("{}")
    before = {*Path().rglob("*")}
    result = compare(*arguments)
    assert result.exit_code == 2
    for message in messages:
        assert message in result.output.splitlines()[-1]
    assert {*Path().rglob("*")} == before


@pytest.mark.parametrize("name", ["keras-3.8", "reports/latest#keras-3.8"])
def test_a_column_that_did_not_run_and_cannot_be_measured(compare, name: str) -> None:  # type: ignore[no-untyped-def]
    result = compare("tf-2.15", name)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        3,
        "Error: Keras 3.8 did not run: no wheel for this machine",
    )


def test_two_files(compare, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    one_column(tmp_path / "old", "Keras 3.1", MASK)
    one_column(tmp_path / "new", "Keras 3.2", None, digest="0" * 16)
    told = json.loads(compare("old", "new/results.json", "--format", "json").stdout)
    assert [(step["case"], step["text"]) for step in told["steps"]] == [
        ("masking.plain", "mask: [11100 10110] -> none")
    ]
    assert told["left_out"] == ["masking.other"]
    assert compare("old", "new").output.splitlines()[-1] == (
        "1 behaviour changes from Keras 3.1 to Keras 3.2: 1 silently; 1 regression."
        " Left out, as 1 case differs between the results."
    )
    beside = json.loads(compare("tf-2.15", "new#here", "--format", "json").stdout)
    assert [step["case"] for step in beside["steps"]] == ["masking.plain"]


def test_what_neither_has_is_not_the_same(released) -> None:  # type: ignore[no-untyped-def]
    chosen = ("--case", "good.needs", "--case", "good.attempt", "--mode", "eager")
    result = released("compare", "fake-0.1", "fake-0.5", *chosen)
    assert result.output.splitlines()[-1].endswith("1 behaviour is unchanged. 1 is unsupported on both.")


def test_a_table_is_the_same_with_and_without_a_terminal(capsys, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Where nobody looks at it, it is written without rich, which takes longer than the comparison."""
    headings, rows = (
        ("one", "two", "three"),
        [("a" * 9, "[red]", "x"), ("\u6f22\u5b57", "", "  indented"), ("", "b", "")],
    )
    options.print_table(headings, rows)
    plain = capsys.readouterr().out
    table = Table(*headings, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=10_000, color_system=None).print(table)
    assert plain == capsys.readouterr().out
