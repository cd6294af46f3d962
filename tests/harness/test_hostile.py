"""What a target says, and a file that somebody sends, is data: read or refused in one line, shown and never obeyed."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import results
from conformance.judging import judge
from conformance.judging.gate import find_unexpected
from conformance.local.bundle import make_bundle
from conformance.local.errors import UsageError
from conformance.local.sanitize import cleaned, printable
from conformance.local.validation import is_event, wrong_value
from conformance.local.worker_process import WorkerLimits
from conformance.report import documents, github, page
from conformance.report.folder import BESIDE
from conformance.run import result_cache
from conformance.targets import existing
from conformance.targets.requested import TargetRequest
from tests.support.fakes import FAKES, FakeRuns, fake_target

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(scope="module")
def valid(run_fake: FakeRuns) -> bytes:
    """A results file of everything that a case and a column can do."""
    found = run_fake(fake_target(), fake_target("fake-uninstallable"), modes=("eager", "graph"))
    results.write(found, run_fake.folder / "valid" / "results.json")
    return (run_fake.folder / "valid" / "results.json").read_bytes()


def read_and_use(content: bytes, path: Path) -> bool:
    """Whether it is a results file; if so, everything can be made of it, else it is named in one line."""
    path.write_bytes(content)
    try:
        found = results.read(path)
    except UsageError as error:
        assert str(path) in str(error) and not CONTROL.search(str(error))
        return False
    judge.judge_all(found)
    for make in BESIDE.values():
        assert not CONTROL.search(make(found, []))
    assert not CONTROL.search(page.render(found))
    list(documents.documents(found.cases, found, []))
    told = [*find_unexpected(found, [], True), *github.annotations(found, [], True)]
    assert not any(CONTROL.search(str(line)) for line in told)
    return True


# The folder of a test is the same for all of its examples, each of which writes its file anew.
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["eager", "conforms", "\x1b[2J", "../../x", "nan", "9" * 30, 2**70]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("dtype"), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(inner, (*at, key))


@FUZZ
@given(content=st.binary(max_size=200) | JUNK.map(lambda data: json.dumps(data).encode()))
def test_what_is_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    assert not read_and_use(content, tmp_path / "results.json")


@FUZZ
@given(data=st.data())
def test_what_is_cut_is_refused(valid: bytes, data: st.DataObject, tmp_path: Path) -> None:
    cut = data.draw(st.integers(0, len(valid.rstrip()) - 1))
    assert not read_and_use(valid[:cut], tmp_path / "results.json")


@FUZZ
@given(data=st.data())
def test_what_was_changed_is_read_or_refused(valid: bytes, data: st.DataObject, tmp_path: Path) -> None:
    changed = json.loads(valid)
    by_depth: dict[int, list[tuple[Any, ...]]] = {}
    for place in places(changed):
        by_depth.setdefault(len(place), []).append(place)
    for _ in range(data.draw(st.integers(1, 2))):
        depth = data.draw(st.sampled_from(sorted(by_depth)))
        *way, last = data.draw(st.sampled_from(by_depth[depth]))
        node = changed
        try:
            for key in way:
                node = node[key]
            what = data.draw(st.sampled_from(["replace", "replace", "drop", "double", "add"]))
            if what == "drop":
                del node[last]
            elif what == "double" and isinstance(node, list):
                node.append(copy.deepcopy(node[last]))
            elif what == "add" and isinstance(node, dict):
                node[data.draw(st.text(max_size=4))] = data.draw(JUNK)
            else:
                node[last] = data.draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue  # the first change has taken it away
    read_and_use(json.dumps(changed).encode(), tmp_path / "results.json")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"schema_version":' * 100_000,
        b'{"schema_version": ' + b"9" * 10_000 + b"}",
        b'{"schema_version": "\\u001b[2J"}',
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",  # a pickle
        b"\xef\xbb\xbf{}",
        b'{"schema_version": 1, "schema_version": 2}',
    ],
    ids=["lists", "objects", "number", "escape", "pickle", "mark", "twice"],
)
def test_what_is_deep_or_foreign_is_refused(content: bytes, tmp_path: Path) -> None:
    assert not read_and_use(content, tmp_path / "results.json")


def test_what_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "results.json").open("wb") as file:
        file.truncate(results.MAX_BYTES + 1)  # without a block on the disk
    with pytest.raises(UsageError, match="results.json has more than 512 MB; that is no results file of this suite"):
        results.read(tmp_path)


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", "..\\x.py", "a/../../x.py"])
def test_the_file_of_a_case_lies_in_its_folder(valid: bytes, tmp_path: Path, file: str) -> None:
    changed = json.loads(valid)
    changed["cases"][0]["file"] = file
    assert not read_and_use(json.dumps(changed).encode(), tmp_path / "results.json")


def test_every_command_that_reads_results_refuses_in_one_line(command, valid: bytes, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "bad" / "results.json"
    path.parent.mkdir()
    path.write_bytes(valid[:1000] + b"\x1b[2J")
    asked = [["report", "bad"], ["cells", "bad"], ["docs", "bad"], ["gate", "bad"], ["merge", "bad", "--out", "x"]]
    asked += [["compare", "a", "b", "--results", "bad"], ["run", "--only-missing", "--out", "bad"]]
    for arguments in asked:
        done = command(*arguments)
        assert done.exit_code == 2, (arguments, done.output)
        assert "results.json is not JSON" in done.output and "\x1b" not in done.output
        assert "Traceback" not in done.output and isinstance(done.exception, SystemExit)


@FUZZ
@given(lines=st.lists(st.binary(max_size=60) | JUNK.map(lambda data: json.dumps(data).encode()), max_size=5))
def test_a_journal_with_anything_in_it_is_read(lines: list[bytes], tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_bytes(b"\n".join(lines))
    journal = result_cache._Journal(tmp_path / "j.jsonl")
    assert all(journal.get(key) is None for key in journal.cells if key)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"not JSON\n", "the worker wrote a line that is not an event"),
        (b'["event"]\n', "the worker wrote a line that is not an event"),
        (b'{"event": "fact"}\n', "the worker wrote a line that is not an event"),
        (b'{"event": "served", "modes": 1, "peak_mb": 1}\n', "the worker wrote a line that is not an event"),
        (b'{"event": "end", "case": 7}\n', "the worker wrote a line that is not an event"),
        (b'{"event": "fact", "fact": {"name": "x", "observed": {"dtype": 3}}}\n', "a line that is not an event"),
        (b'{"event": "hello", "versions": {"keras": null}, "backend": "numpy"}\n', "a line that is not an event"),
        (b"[" * 50_000 + b"\n", "the worker wrote a line that is not an event"),
        (b'{"event": "done"}\n', "the worker ended without recording this cell"),
        (
            b'{"event": "hello", "versions": {"keras": "9\\u001b[2J"}, "backend": "x"}\n',
            "reports keras 9\\x1b[2J, but 0.1 is declared",
        ),
    ],
)
def test_what_a_target_says_in_the_name_of_its_worker_costs_that_column(
    run_fake: FakeRuns, said: bytes, why: str
) -> None:
    run_fake.says.write_bytes(said)
    found = run_fake(fake_target(), fake_target("fake-says"), patterns=("good.masking",), modes=("eager",))
    assert [cell.verdict for cell in found.cells] == ["conforms", "not-run"]
    assert why in str(found.cells[1].reason)
    forgotten = "good.masking fake-says eager was planned but not recorded"
    assert (forgotten in found.problems) == (said == b'{"event": "done"}\n')


def test_a_worker_that_closes_its_output_is_stopped(run_fake: FakeRuns) -> None:
    patterns, limits = ("good.masking",), WorkerLimits(end_seconds=0.2)
    found = run_fake(fake_target("fake-closes"), patterns=patterns, modes=("eager",), limits=limits)
    assert "the worker closed its output and did not end" in str(found.targets[0].reason)


def test_a_target_that_never_ends_its_line_is_stopped(run_fake: FakeRuns) -> None:
    run_fake.says.write_bytes(b"x" * 100_000)
    limits = WorkerLimits(event_bytes=1000)
    found = run_fake(fake_target("fake-says"), patterns=("good.masking",), modes=("eager",), limits=limits)
    assert "the worker wrote a line that is not an event" in str(found.targets[0].reason)


def test_a_case_that_says_too_much_is_stopped(run_fake: FakeRuns) -> None:
    patterns, limits = ("bad.strange-values", "good.raises"), WorkerLimits(cell_bytes=500)
    found = run_fake(fake_target(), patterns=patterns, modes=("eager",), limits=limits)
    assert {c.case: c.verdict for c in found.cells} == {"bad.strange-values": "crashes", "good.raises": "raises"}
    assert "the worker wrote more than 0 MB about one cell" in str(next(c for c in found.cells if c.reason).reason)


def test_hostile_texts_are_shown_not_obeyed(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    ran = command(
        "run", "--case", "bad.raises-text", "--case", "bad.strange-values", "--mode", "eager", "--annotations"
    )
    assert ran.exit_code == 1
    said = [ran.output]
    for arguments in (["gate"], ["gate", "--format", "markdown"], ["gate", "--format", "json"], ["cells"], ["report"]):
        said.append(command(*arguments).output)
    for path in [tmp_path / "step.md", *(tmp_path / "reports" / "latest").iterdir()]:
        said.append(path.read_text())
    assert len(said) == 13
    assert r"\\x1b]0;title\\x07" in (tmp_path / "reports" / "latest" / "results.json").read_text()
    for text in said:
        assert not CONTROL.search(text)
    for line in ran.output.splitlines():
        assert not line.startswith("::") or re.match(r"::(error|warning|notice) (file|title)=", line)


def test_a_version_that_would_leave_the_cache_stays_in_it(run_fake: FakeRuns, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, FAKES / "cases")
    column = existing.prepare(str(run_fake.interpreter("hostile")), TargetRequest(), [fake_target()], bundle)
    assert "/" not in column.target.id and not CONTROL.search(column.target.id + column.target.title)


@given(st.text())
def test_printable_text_stays_as_it_is_and_no_other_is_left(text: str) -> None:
    assert not CONTROL.search(printable(text))
    assert CONTROL.search(text) or printable(text) == text
    assert printable(printable(text)) == printable(text)


@given(JUNK)
def test_bytes_that_need_no_cleaning_are_told(data: Any) -> None:
    for raw in (json.dumps(data).encode(), json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")):
        assert cleaned(data, raw) == cleaned(data) or data != data or "nan" in raw.decode("utf-8", "replace").lower()


@given(JUNK)
def test_any_data_is_a_value_or_not(data: Any) -> None:
    assert wrong_value(data) is None or isinstance(wrong_value(data), str)
    assert is_event(data) in (True, False)


def test_the_schema_is_not_a_promise_that_reading_breaks(valid: bytes) -> None:
    assert msgspec.json.decode(valid, type=results.Results).schema_version == results.SCHEMA_VERSION
