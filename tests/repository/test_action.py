"""The GitHub Action: its shell steps, run as a job would run them, and what they leave behind."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from conformance import action, cli
from conformance.checks.command import parser
from tests.support.paths import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in DOCUMENT["runs"]["steps"]}


class Job:
    """A job of GitHub Actions that uses the action: `folder` is its workspace."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.temporary = folder / "runner temp"  # a runner's own may have blanks
        self.temporary.mkdir()
        self.summary, self.output = folder / "summary", folder / "output"

    def step(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run a step with these inputs, as the runner does: the expressions of `env` replaced, bash with -e."""
        known = {key: str(one.get("default", "")) for key, one in DOCUMENT["inputs"].items()} | inputs
        step = STEPS[name]

        def value(text: str) -> str:
            text = text.replace("${{ github.action_path }}", str(ROOT))
            return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: known[found[1]], text)

        given = {key: value(text) for key, text in step["env"].items()}
        assert not [text for text in given.values() if "${{" in text]
        job = {
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_ACTIONS": "true",
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env=dict(os.environ) | job | given,
            cwd=self.folder / value(step.get("working-directory", ".")),
            capture_output=True,
            text=True,
        )

    def with_python(self) -> "Job":
        """The installation is there already."""
        folder = self.temporary / "keras-masks" / "bin"
        folder.mkdir(parents=True)
        program(folder / "python", f'exec "{sys.executable}" "$@"')
        return self


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_it_uses_no_other_action_and_pastes_nothing_into_a_script() -> None:
    assert DOCUMENT["runs"]["using"] == "composite"
    for step in STEPS.values():
        assert "uses" not in step and step["shell"] == "bash"
        assert "${{" not in step["run"]
    asked = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert asked == set(DOCUMENT["inputs"])
    assert "token" not in (ROOT / "action.yml").read_text().replace("It needs no token", "")


def test_it_installs_the_project_that_the_action_is_part_of(job: Job) -> None:
    log, made = job.folder / "log", job.temporary / "keras-masks" / "bin"
    inner = job.folder / "inner"
    program(inner, f'echo "inner $@" >> "{log}"')
    program(job.folder / "any-python", f'echo "$@" >> "{log}"; mkdir -p "{made}"; cp "{inner}" "{made}/python"')
    done = job.step("Install conformance", python=str(job.folder / "any-python"))
    assert done.returncode == 0, done.stderr
    assert log.read_text().splitlines() == [
        f"-m venv {job.temporary / 'keras-masks'}",
        f"inner -m pip install --quiet {ROOT}[matrix]",
    ]


def test_a_comparison_becomes_the_summary(job: Job) -> None:
    done = job.with_python().step(
        "Run", run='compare tf-2.15 keras-3.15 --case "rnn.initial-state.*"  # the decoder\n\n'
    )
    assert done.returncode == 0, done.stderr
    assert "rnn.initial-state.implicit-mask" in job.summary.read_text()
    assert done.stdout.startswith("::group::conformance compare tf-2.15 keras-3.15 --case 'rnn.initial-state.*'")
    assert job.output.read_text() == "exit-code=0\n"


def test_the_worst_exit_code_is_that_of_the_step(job: Job) -> None:
    commands = "compare tf-2.15 keras-3.15 --fail-on silent\ncompare tf-2.15 keras-3.15 --case nothing.*\ngate --help"
    done = job.with_python().step("Run", run=commands)
    assert done.returncode == 2
    assert "unknown case 'nothing.*'" in done.stderr
    assert done.stdout.count("::group::") == done.stdout.count("::endgroup::") == 3
    assert job.output.read_text() == "exit-code=2\n"


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ("pip install keras", "'pip' is not one of check, compare, gate, run"),
        ("check 'my_layers:Mine", "No closing quotation"),
        ("# nothing\n", "no command; write one per line, of check, compare, gate, run"),
    ],
)
def test_what_is_no_command_is_refused(
    commands: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMMANDS", commands)
    # Stands for any other process.
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("something was run"))
    assert action.main() == 2
    assert capsys.readouterr().out == f"::error title=Masks in Keras::run: {message}\n"


def test_nothing_of_a_command_is_read_by_a_shell(job: Job) -> None:
    done = job.with_python().step("Run", run="compare $(touch made) `touch made` ; touch made")
    assert done.returncode == 2
    assert not (job.folder / "made").exists()


def test_the_workflow_of_the_page_is_safe_and_its_commands_exist() -> None:
    page = (ROOT / "docs" / "check-on-targets.md").read_text()
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert job["timeout-minutes"] <= 60
    checkout, use = job["steps"]
    assert re.search(r"uses: actions/checkout@[0-9a-f]{40} # v\d", text)
    assert checkout["with"]["persist-credentials"] is False
    assert set(use["with"]) <= set(DOCUMENT["inputs"])
    commands = [shlex.split(line) for line in use["with"]["run"].splitlines()]
    assert [words[0] for words in commands] == ["check", "compare"]
    for name, *words in commands:
        if name == "check":
            assert parser().parse_args(words).targets == ["tf-2.15", "keras-3.15"]
        else:
            command = cli.main.get_command(click.Context(cli.main), name)
            assert command
            command.make_parser(click.Context(command)).parse_args(words)
    (shell,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in shell.replace("\\\n", " ").splitlines():
        name, command_name, *words = shlex.split(line, comments=True)
        assert (name, command_name) == ("conformance", "check")
        parser().parse_args(words)
