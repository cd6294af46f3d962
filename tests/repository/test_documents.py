"""What the documents say can be done: commands that exist, links that lead somewhere, tests that are there."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from conformance import cli, results
from conformance.checks import command as checks
from conformance.judging import expectations
from conformance.local.errors import UsageError
from conformance.report import documents
from conformance.report.scope import NOT_MEASURED
from tests.repository.test_automation import listed
from tests.support.paths import PUBLISHED, ROOT

WRITTEN = {"cases.md", "findings.md", "performance.md"}  # by programs
DOCUMENTS = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").glob("*.md") if p.name not in WRITTEN)]
PLACEHOLDER = re.compile(r"[A-Z_]+")
PROGRAM = re.compile(r"(?:\.venv/bin/|\.nox/\w+/bin/)?(conformance|nox|pytest|pip|python3?)$")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request: pytest.FixtureRequest) -> Path:
    return request.param  # type: ignore[no-any-return]


def commands(path: Path) -> Iterator[list[str]]:
    """The command lines of a document, as words: lines of blocks of shell, and code that begins with a program."""
    text = path.read_text()
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in re.sub(r"\\\n", " ", block).splitlines()]
    without = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`((?:conformance|nox|pytest) [^`]*)`", without)
    for line in lines:
        for part in re.split(r"&&|\|\||;|\s\|\s|\s>\s", line.removeprefix("$ ")):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue  # no shell
            while words and re.match(r"\w+=", words[0]):
                words = words[1:]
            found = PROGRAM.match(words[0]) if words else None
            if found:
                yield [found[1], *words[1:]]


def parse(words: list[str]) -> None:
    """Raise `click.UsageError` if `conformance` would not take these arguments."""
    group: click.Command = cli.main
    context = click.Context(group, info_name="conformance")
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        name, group_, words = group.resolve_command(context, words)
        assert group_ is not None
        group, context = group_, click.Context(group_, info_name=name, parent=context)
    if "--help" not in words and "--schema" not in words and words != ["--version"]:
        parser = group.make_parser(context)
        values, rest, _ = parser.parse_args(list(words))
        assert not rest, rest
        for parameter in group.params:
            given = values.get(parameter.name)
            for value in given if isinstance(given, list | tuple) else [given]:
                if isinstance(value, str) and not PLACEHOLDER.fullmatch(value):
                    parameter.type.convert(value, parameter, context)


def is_whole(words: list[str]) -> bool:
    """Whether this is a command line and no pattern of one."""
    return not any("..." in word or word.startswith("[-") or "|" in word for word in words)


def test_there_are_commands_in_the_documents() -> None:
    found = [words for path in DOCUMENTS for words in commands(path)]
    assert len([words for words in found if words[0] == "conformance" and len(words) > 2]) > 20
    assert len([words for words in found if words[0] == "nox"]) > 5


def test_commands_of_the_program_exist_with_these_options(document: Path) -> None:
    for program, *words in commands(document):
        if program == "conformance" and is_whole(words) and words[:1] != ["check"]:
            try:
                parse(words)
            except click.UsageError as error:
                pytest.fail(f"conformance {shlex.join(words)}: {error.format_message()}")


def test_checks_are_asked_for_with_options_that_exist(document: Path) -> None:
    known = {option for action in checks.parser()._actions for option in action.option_strings}
    for program, *words in commands(document):
        if program == "conformance" and words[:1] == ["check"]:
            assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, words


def test_sessions_exist(document: Path) -> None:
    asked = {
        words[words.index("-s") + 1] for program, *words in commands(document) if program == "nox" and "-s" in words
    }
    known = {session["session"].partition("(")[0] for session in listed("-k", "conformance or not conformance")}
    assert {name.partition("(")[0] for name in asked if not name.isupper()} <= known


def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|mailto:", target):
            file, _, anchor = target.partition("#")
            path = (document.parent / file) if file else document
            assert path.exists(), target
            if anchor and path.suffix == ".md" and path.name not in WRITTEN:
                headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
                slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in slugs, target


def test_pages_can_be_found(document: Path) -> None:
    """Every document is linked from the README or from a document that is."""
    if document.name == "README.md":
        return
    links = {
        Path(link).name
        for path in DOCUMENTS
        for link in re.findall(r"\]\(([^)#\s]+)", path.read_text())
        if path != document
    }
    assert document.name in links


@pytest.mark.parametrize(
    "line", ["list targets", "schema", "schema changes", "--help", "plan --shards 2", "gate --schema"]
)
def test_cheap_commands_run(line: str) -> None:
    done = CliRunner().invoke(cli.main, line.split())
    assert done.exit_code == 0 and done.output, done.output


def test_faults_name_tests_that_are_there() -> None:
    named = re.findall(r"`(tests/\w+/\w+\.py)::(\w+)`", (ROOT / "docs" / "faults.md").read_text())
    assert len(named) > 30
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(), f"{file}::{name}"


def test_the_lines_that_need_no_keras_really_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance", "schema"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("{")


@pytest.fixture(scope="module")
def published() -> results.Results:
    return results.read(PUBLISHED)


def test_documents_count_changes_as_the_program_does(published: results.Results) -> None:
    known, counting = expectations.load(), []
    for path in DOCUMENTS:
        text = path.read_text()
        assert documents.with_headlines(text, published, known) == text, f"{path.name} has old numbers: nox -s docs"
        counting += [path.name] if re.search(r"\d+ behaviours? changes? from", text) else []
    assert counting == ["outputs.md", "upgrade-how-to.md"]


def test_old_numbers_in_a_document_are_replaced(published: results.Results) -> None:
    old = "Look:\n1 behaviour changes from tf.keras 2.15\nto Keras 3.15: 1 silently. 2 behaviours are unchanged. Done."
    new = documents.with_headlines(old, published, expectations.load())
    assert re.match(r"Look:\n\d{3} behaviours change from tf.keras 2.15 to Keras 3.15: .* unchanged. Done.$", new)
    with pytest.raises(UsageError, match="counts the changes of 'Keras 9.9', which these results do not have"):
        documents.with_headlines(old.replace("Keras 3.15", "Keras 9.9"), published, expectations.load())


def test_the_readme_says_what_is_not_measured() -> None:
    assert f"Not measured: {' '.join(NOT_MEASURED)}" in " ".join((ROOT / "README.md").read_text().split())
