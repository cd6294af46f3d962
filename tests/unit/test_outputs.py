"""What stands beside the page: the summary, JUnit, annotations, the badge, changes.json; also with hostile texts."""

import datetime
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import markdown_it
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from conformance import results
from conformance.commands.finish import FinishOptions, finish
from conformance.judging.expectations import Expectation, ExpectedCells
from conformance.project import Project
from conformance.report.badge import badge
from conformance.report.changes import as_json, changes, schema
from conformance.report.folder import BESIDE, write_report
from conformance.report.github import SHOWN, annotations, command
from conformance.report.junit import junit
from conformance.report.summary import summary
from conformance.results import Results
from conformance.worker import values
from tests.support.page_samples import HOSTILE, MASK, MODES, Made, sample

NASTY = HOSTILE + "]]>\n::error file=x::y\r\n\x00\x1b[31m\ufffe%0A|`a`|::stop-commands::x"
SCHEMA = Path(results.__file__).parent / "schemas" / "changes.schema.json"


def known(case: str, outcome: str, kind: str = "bug") -> Expectation:
    cell = ExpectedCells(case=case, on=("keras>=3",), outcome=outcome)
    return Expectation(
        id="known-one",
        kind=kind,  # type: ignore[arg-type]
        reason="Upstream lost it.",
        sources=["s"],
        reviewed=datetime.date(2026, 1, 1),
        cells=[cell],
    )


def versioned() -> Results:
    """The sample, with a version on every column, as expectations need them."""
    found = sample()
    for target in found.targets:
        target.versions = {"keras": "2.3.1" if target.id == "keras-2.3" else "3.3.3"}
    return found


def nasty() -> Results:
    """Every text that a target or a case can give is hostile; only ids are what ids can be."""
    made = Made()
    made.target("a", NASTY)
    made.target("b", NASTY, reason=NASTY)
    made.target("c", NASTY)
    made.case("case.one[x-y]", contract=NASTY, source=NASTY, title=NASTY, file="test_a.py")
    made.cells("case.one[x-y]", "a", {NASTY: (NASTY, "good")})
    made.not_run("case.one[x-y]", "b", NASTY)
    made.cells("case.one[x-y]", "c", {NASTY: (values.Raised(NASTY, phase=NASTY), "good")})
    made.case("case.two", file="test_a.py")
    made.cells("case.two", "a", status="crashed", reason=NASTY)
    made.not_run("case.two", "b", NASTY)
    made.cells("case.two", "c", status="unsupported", reason=NASTY)
    made.results.problems = [NASTY]
    return made.judged()


def empty() -> Results:
    return Made().judged()


def no_cells() -> Results:
    made = Made()
    made.target("a", "Keras 3.1", reason="no wheel")
    made.target("b", "Keras 3.2")
    made.case("one.case")
    return made.judged()


ALL = [sample, nasty, empty, no_cells]


def html(text: str) -> str:
    return markdown_it.MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text)


def test_the_summary_says_what_differs() -> None:
    text = summary(versioned(), [known("masking.lost", "deviates: mask is 11110 10110")])
    assert "5 behaviours, 4 targets, 80 cells" in text
    assert "- Keras 3.8 did not run: no wheel for this machine" in text
    assert "4 cells deviate for a known reason: see index.html." in text
    assert "masking.lost" not in text.partition("## From")[0]
    assert "- `lstm.numbers` on Keras 3.3 (jit): deviates: output differs, with NaN; no expectation explains it" in text
    assert "## From tf.keras 2.15 to Keras 3.3" in text
    assert (
        "| `masking.lost` | eager, graph, session, jit | `mask: [11100 10110] -> [11110 10110]` | regression |" in text
    )
    assert text.index("### Silent") < text.index("`masking.lost`")
    assert html(text).count("<table>") == text.count("\n| --- |")


def test_the_summary_of_the_history_stays_short() -> None:
    made = Made()
    for column in range(50):
        made.target(f"keras-{column}", f"Keras {column}")
    for case in range(200):
        made.case(f"case.number-{case}")
        for column in range(50):
            mask = MASK.copy()
            mask[0, 0] = (column + case) % 3 == 0
            made.cells(f"case.number-{case}", f"keras-{column}", {"mask": (mask, MASK)})
    assert len(summary(made.judged())) < 100_000


@pytest.mark.parametrize("make", ALL)
def test_a_summary_is_text_alone(make) -> None:  # type: ignore[no-untyped-def]
    text = html(summary(make()))
    assert not re.search(r"<(script|img|a)\b", text)
    assert "::error" not in [line[:7] for line in summary(make()).splitlines()]


@pytest.mark.parametrize("make", ALL)
def test_junit_has_every_cell_once(make) -> None:  # type: ignore[no-untyped-def]
    found = make()
    root = ElementTree.fromstring(junit(found))
    own, *suites = root.findall("testsuite")
    assert len(own.findall("testcase/error")) == len(found.problems)
    assert [suite.get("name", "").split("<")[0] for suite in suites] == [t.title.split("<")[0] for t in found.targets]
    for suite, target in zip(suites, found.targets, strict=True):
        cells = [cell for cell in found.cells if cell.target == target.id]
        tests = suite.findall("testcase")
        assert [test.get("name") for test in tests] == [f"{cell.case} ({cell.mode})" for cell in cells]
        for test, cell in zip(tests, cells, strict=True):
            said = {"not-run": "error", "unsupported": "skipped", "conforms": None, "observed": None}
            assert [child.tag for child in test] == [tag for tag in [said.get(cell.verdict, "failure")] if tag]
    for element in [root, own, *suites]:
        for attribute, path in (("tests", ""), ("failures", "/failure"), ("errors", "/error")):
            assert int(element.get(attribute, "")) == len(element.findall(f".//testcase{path}")), attribute
    for test in root.iter("testcase"):
        assert set(test.attrib) == {"classname", "name", "time"}  # what Jenkins' schema knows


def test_junit_passes_what_is_known_and_says_why() -> None:
    root = ElementTree.fromstring(junit(versioned(), [known("masking.lost", "deviates: mask is 11110 10110")]))
    lost = [test for test in root.iter("testcase") if test.get("name") == "masking.lost (jit)" and len(test)]
    (of_keras_3_3,) = [test for test in lost if test.get("classname") == "keras-3.3.test_masking"]
    assert of_keras_3_3.findtext("system-out") == (
        "deviates: mask is 11110 10110\nexpected (bug) by 'known-one': Upstream lost it."
    )
    numbers = next(t for t in root.iter("testcase") if t.find("failure") is not None)
    failure = numbers.find("failure")
    assert failure is not None and "no expectation explains it" in failure.get("message", "")
    assert "What is promised." in (failure.text or "")


@given(st.text())
def test_any_text_can_stand_in_junit_and_in_the_badge(text: str) -> None:
    made = Made()
    made.target("a", text, reason=text or None)
    made.target("b", text)
    made.case("c", contract=text)
    made.not_run("c", "a", text)
    made.cells("c", "b", {"x": (1, 2)})
    ElementTree.fromstring(junit(made.judged()))
    ElementTree.fromstring(badge(made.results))


@given(st.text())
def test_an_annotation_is_one_command(text: str) -> None:
    line = command("error", text, file=text, title=text)
    assert "\n" not in line and "\r" not in line
    properties, _, message = line.removeprefix("::error ").partition("::")
    assert "::" not in properties
    given = dict(part.split("=", 1) for part in properties.split(","))

    def read(escaped: str) -> str:
        for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
            escaped = escaped.replace(code, character)
        return escaped

    assert [read(given["file"]), read(given["title"]), read(message)] == [text] * 3


def test_annotations_name_the_line_of_the_case() -> None:
    lines = annotations(versioned(), [known("masking.lost", "deviates: mask is 11110 10110")])
    assert "masking.lost" not in "".join(lines)
    assert lines[0] == (
        "::error file=cases/test_lstm.py,line=7,title=lstm.numbers::"
        "Keras 3.3 (jit): deviates: output differs, with NaN; no expectation explains it"
    )
    assert "::warning title=Keras 3.8 did not run::no wheel for this machine" in lines
    unused = annotations(versioned(), [known("masking.gone", "deviates: x")], complete=True)
    assert any(line.startswith("::error file=cases/expectations.toml,") and "masking.gone" in line for line in unused)


def test_there_are_not_more_annotations_than_github_shows() -> None:
    made = Made()
    made.target("a", "Keras 3.1")
    for i in range(25):
        made.target(f"b{i}", f"Keras 4.{i}", reason="no wheel")
        made.case(f"case.{i}")
        made.cells(f"case.{i}", "a", {"mask": (~MASK, MASK)})
    lines = annotations(made.judged())
    assert [sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")] == [
        SHOWN,
        SHOWN,
        1,
    ]
    assert lines[-1] == "::notice title=Masks in Keras::15 more errors and 15 more warnings: see summary.md"


@pytest.mark.parametrize("make", ALL)
def test_a_badge_is_an_image_that_reads_aloud(make) -> None:  # type: ignore[no-untyped-def]
    root = ElementTree.fromstring(badge(make()))
    space = "{http://www.w3.org/2000/svg}"
    assert (root.tag, root.get("role")) == (f"{space}svg", "img")
    label, value = (text.text or "" for text in root.iter(f"{space}text"))
    assert root.findtext(f"{space}title") == f"{label}: {value}"
    assert not list(root.iter(f"{space}script"))
    right = max(float(t.get("x", "")) + float(t.get("textLength", "")) for t in root.iter(f"{space}text"))
    assert right < float(root.get("width", ""))


def test_what_the_badge_says() -> None:
    assert ">2 of 4 cases pass on Keras 3.3<" in badge(sample())
    assert ">no targets ran<" in badge(empty())
    assert ">no cases to judge on Keras 3.2<" in badge(no_cells())


@pytest.mark.parametrize("make", ALL)
def test_changes_are_the_matrix(make) -> None:  # type: ignore[no-untyped-def]
    found = make()
    data = json.loads(as_json(changes(found)))
    jsonschema.validate(data, json.loads(SCHEMA.read_text()))
    columns = [column["id"] for column in data["columns"]]
    assert columns == [target.id for target in found.targets]
    has = {column["id"]: column["modes"] for column in data["columns"]}
    told = {
        (row["case"], column, mode): range_["verdict"]
        for row in data["cases"]
        for mode in row["modes"]
        for range_ in row["ranges"]
        for column in columns[columns.index(range_["first"]) : columns.index(range_["last"]) + 1]
        if mode in has[column]
    }
    assert told == {
        (cell.case, cell.target, cell.mode): cell.verdict for cell in found.cells if cell.mode in has[cell.target]
    }


def test_the_schema_of_changes_in_the_package_is_current() -> None:
    assert json.loads(SCHEMA.read_text()) == schema()


def test_changes_stay_the_same_while_verdicts_do() -> None:
    before, again = sample(), sample()
    again.created, again.seconds, again.bundle = "2027-01-01T00:00:00+00:00", 99.0, "f" * 16
    again.platform["machine"] = "aarch64"
    again.cells.reverse()
    for cell in again.cells:
        cell.seconds = 7.0
    for target in again.targets:
        target.versions["numpy"] = "99"
    for observation in again.observations.values():
        if observation.exception:
            observation.exception.message = "in other words"
    assert as_json(changes(again)) == as_json(changes(before))
    next(cell for cell in again.cells if cell.verdict == "conforms").verdict = "observed"
    assert as_json(changes(again)) != as_json(changes(before))


@pytest.mark.parametrize("make", ALL)
def test_a_report_is_complete_and_written_once(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_report(make(), [], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"results.json", "index.html", *BESIDE}
    times = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_report(make(), [], tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == times
    contents = {path: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "badge.svg").unlink()
    write_report(make(), [], tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_a_job_of_github_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # type: ignore[no-untyped-def]
    job = tmp_path / "job.md"
    job.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(job))
    found, project, console = versioned(), Project(targets=[], cache=tmp_path / "cache"), Console(stderr=True)
    out = tmp_path / "out"
    annotated = FinishOptions(out, allow_not_run=True, annotations=True)
    assert finish(project, found, [], annotated, console) == 1
    assert job.read_text() == "before\n" + (out / "summary.md").read_text()
    printed = capsys.readouterr().out.splitlines()
    assert printed == annotations(found, []) and len(printed) >= 4
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    finish(project, found, [], FinishOptions(out, allow_not_run=True), console)
    assert capsys.readouterr().out == ""


def test_modes_are_those_of_the_suite() -> None:
    assert [mode for column in changes(sample()).columns for mode in column.modes].count("jit") == 4
    assert all(set(column.modes) <= set(MODES) for column in changes(sample()).columns)


def test_a_compressed_report_stays_compressed(tmp_path: Path) -> None:
    results.write(sample(), tmp_path / "results.json.gz")
    before = (tmp_path / "results.json.gz").read_bytes()
    changed = sample()
    changed.created, changed.seconds = "2030-01-01T00:00:00+00:00", 1.0
    write_report(changed, [], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"results.json.gz", "index.html", *BESIDE}
    assert (tmp_path / "results.json.gz").read_bytes() == before, "it is measured again only in name"
    changed.cells[0].seconds = 77.0
    write_report(changed, [], tmp_path)
    assert results.read(tmp_path) == changed
    assert not (tmp_path / "results.json").exists()
