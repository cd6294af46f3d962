"""The start of the program: what it imports, what it says of itself, and who may decide what it works on."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from conformance import cli
from conformance.project import Project
from tests.support.fakes import FAKES, Command, fake_target

HEAVY = {"filelock", "jinja2", "msgspec", "numpy", "packaging", "platformdirs", "psutil", "pytest", "rich"}


def imported(*arguments: str) -> set[str]:
    """Top-level modules that the program has imported when it ends."""
    code = (
        f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); sys.argv[1:] = {arguments}"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nfrom conformance.__main__ import main\nsys.exit(main())"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


def test_help_imports_no_library_but_click() -> None:
    found = imported("--help")
    assert "click" in found and not found & HEAVY


def test_the_list_of_targets_imports_what_reads_them() -> None:
    assert imported("list", "targets") & HEAVY == {"msgspec"}


def test_a_comparison_of_stored_targets_imports_nothing_to_measure_or_to_draw_with() -> None:
    assert imported("compare", "tf-2.15", "keras-3.15") & HEAVY == {"msgspec", "packaging"}


def test_the_help_of_each_command_is_what_the_list_says() -> None:
    context = click.Context(cli.main)
    for name, (_, text) in cli.COMMANDS.items():
        command = cli.main.get_command(context, name)
        assert command and (command.name, command.get_short_help_str(limit=200)) == (name, text)
    described = CliRunner().invoke(cli.main, ["--help"]).output
    assert all(f"  {name} " in described for name in cli.COMMANDS)


def test_every_module_of_commands_is_in_the_list() -> None:
    commands = (Path(cli.__file__).parent / "commands").glob("*.py")
    modules = {path.stem for path in commands if re.search(r"^@click\.(command|group)", path.read_text(), re.MULTILINE)}
    assert modules == {module for module, _ in cli.COMMANDS.values()}


def test_an_unknown_command_is_a_usage_error() -> None:
    done = CliRunner().invoke(cli.main, ["mesure"])
    assert done.exit_code == 2 and "No such command 'mesure'." in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--no-cache", "--only-failed"), "--no-cache, --only-failed and --only-missing exclude each other"),
        (("run", "--python", "3.11"), "--python requires --with"),
        (("run", "--front-end", "keras"), "--front-end and --backend require --with or --here"),
        (("run", "--executor", "dask://a:1", "--shard", "1/2"), "--executor excludes --shard, --with, --here, "),
        (("bisect", "good.masking", "--from", "fake-0.1", "--to", "fake-0.1"), "fake-0.1 is both"),
        (("compare", "fake-0.1", "nothing"), "unknown target 'nothing'"),
        (("trace", "a:b", "--target", "nothing"), "unknown target 'nothing'"),
        (("check", "a:B", "--target", "fake-0.1", "--jobs", "0"), "--jobs 0: must be at least 1"),
    ],
)
def test_usage_errors_say_what_to_change(command: Command, arguments: tuple[str, ...], message: str) -> None:
    done = command(*arguments)
    assert done.exit_code == 2, done.output
    assert message in done.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ("run", ["Also run in an existing environment (default: the active one). Nothing is installed.",
                 "Front end to use with --with or --here.", "Do not fail because a target could not run.",
                 "Ignore the result cache: measure everything again."]),
        ("compare", ["Read results from here; missing cells are measured.", "Exit with 1 on a silent change"]),
        ("trace", ["Interpreter whose environment contains the model's Keras.",
                   "Build an environment with this requirement and use that instead. Repeatable."]),
        ("repro", ["Use these results to detect unsupported cells early."]),
        ("gate", ["Fail on expectations that match no cell."]),
        ("bisect", ["Ignore stored results and the result cache: measure again."]),
        ("check", ["what the layer does with masks (default: inferred)", "(*) on targets; needs the host side: pip"]),
    ],
)  # fmt: skip
def test_help_texts(words: str, texts: list[str]) -> None:
    done = CliRunner().invoke(cli.main, [words, "--help"])
    said = " ".join(done.output.split())
    assert done.exit_code == 0 and all(text in said for text in texts), said


def test_a_project_has_the_defaults_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_MASK_CACHE", str(tmp_path))
    project = Project()
    assert project.cache == tmp_path and project.target("keras-3.15").id == "keras-3.15"
    assert (project.cases_folder / "expectations.toml").is_file() and project.expectations()
    other = Project(targets=[fake_target()], cases=FAKES / "cases", cache=tmp_path)
    assert [target.id for target in other.choose([], "core")] == ["fake-0.1"]
    assert {case.id for case in other.cases(["good.variants"])} == {"good.variants[two]", "good.variants[three]"}
