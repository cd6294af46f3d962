"""What runs the suite without a person: the sessions of nox, and the workflows."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from conformance import cli
from conformance.targets import registry
from tests.support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def listed(*options: str) -> list[dict[str, Any]]:
    """The sessions that nox would run."""
    command = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--list", "--json", *options]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)  # type: ignore[no-any-return]


def targets(*options: str) -> list[str]:
    return [session["call_spec"]["target"] for session in listed(*options)]


def test_a_bare_nox_runs_the_core_alone() -> None:
    assert [session["session"] for session in listed()] == ["conformance"]


def test_every_target_is_a_session_with_its_tags() -> None:
    found = {session["session"]: session["tags"] for session in listed("-s", "target")}
    assert found == {f"target({target.id})": target.tags for target in registry.load()}


def test_the_old_name_of_the_session_works_and_no_tag_chooses_it() -> None:
    found = {session["session"]: session["tags"] for session in listed("-s", "column")}
    assert found == {f"column({target.id})": [] for target in registry.load()}
    assert targets("-s", "column(keras-3.8)") == ["keras-3.8"]
    assert {session["session"].partition("(")[0] for session in listed("-t", "core")} == {"target"}


def test_the_old_name_of_the_session_says_that_it_is_deprecated(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--envdir", str(tmp_path)]
    command += ["--no-venv", "--no-install", "-s", "column(keras-3.8)", "--", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert 'the session "column" is deprecated, use: nox -s "target(keras-3.8)"' in done.stderr, done.stderr


@pytest.mark.parametrize("tag", ["core", "history", "keras-3", "tf_keras", "jax"])
def test_tags_choose_what_the_command_line_chooses(tag: str) -> None:
    chosen = [target.id for target in registry.choose(registry.load(), [tag], "none")]
    assert targets("-t", tag) == chosen


@pytest.mark.parametrize("tier", ["core", "history"])
def test_a_tag_and_a_tier_choose_the_same_targets(tier: str) -> None:
    assert targets("-t", tier) == [target.id for target in registry.choose(registry.load(), [], tier)]


def test_one_target_alone() -> None:
    assert targets("-s", "target(keras-3.8)") == ["keras-3.8"]


def test_the_list_has_a_line_for_each_session() -> None:
    for session in listed("-k", "conformance or not conformance"):
        assert "\n" not in session["description"] and len(session["description"]) <= 100, session["session"]


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Path:
    return request.param  # type: ignore[no-any-return]


def parsed(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text())  # type: ignore[no-any-return]


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in parsed(path)["jobs"].values():
        yield from job["steps"]


def commands(path: Path) -> Iterator[list[str]]:
    """The commands of a workflow, as words, also those in "$(...)" and behind "&&"."""
    for step in steps(path):
        for command in re.split(r"\n|&&|\$\(|\)", step.get("run", "")):
            if command.strip():
                yield shlex.split(command)


def test_there_are_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["history.yml", "tests.yml"]


def test_actions_are_pinned_and_say_their_version(workflow: Path) -> None:
    used = re.findall(r"uses: *(.*)", workflow.read_text())
    assert used and len(used) == sum("uses" in step for step in steps(workflow))
    versions: dict[str, set[str]] = {}
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
        versions.setdefault(line.split("@")[0], set()).add(line)
    assert all(len(lines) == 1 for lines in versions.values()), versions


def test_permissions_are_declared_and_least(workflow: Path) -> None:
    document = parsed(workflow)
    common = document["permissions"]
    for name, job in document["jobs"].items():
        granted = job.get("permissions", common)
        publishes = any("deploy-pages" in step.get("uses", "") for step in job["steps"])
        allowed = {"contents": "read"} | ({"pages": "write", "id-token": "write"} if publishes else {})
        assert granted == allowed, name
        assert job["timeout-minutes"] <= 120
    checkouts = [step for step in steps(workflow) if "actions/checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_nothing_from_outside_is_pasted_into_a_script(workflow: Path) -> None:
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


def test_commands_exist_with_these_options(workflow: Path) -> None:
    found = 0
    for words in commands(workflow):
        if words[0] == "conformance":
            name, command, arguments = cli.main.resolve_command(click.Context(cli.main), words[1:])
            assert command is not None
            command.make_parser(click.Context(command, info_name=name)).parse_args(list(arguments))
            found += 1
        elif words[0].endswith("nox"):
            assert listed(*words[1:])
            found += 1
    assert found


def test_the_tests_are_those_of_the_readme() -> None:
    (command,) = (step["run"] for step in steps(ROOT / ".github" / "workflows" / "tests.yml") if "run" in step)
    assert f"```sh\n{command}\n```" in (ROOT / "README.md").read_text()


def test_the_history_is_planned_run_merged_and_published() -> None:
    document = parsed(ROOT / ".github" / "workflows" / "history.yml")
    plan, run, merge = (document["jobs"][name] for name in ("plan", "run", "merge"))
    programs = [
        words[:4] for words in commands(ROOT / ".github" / "workflows" / "history.yml") if "conformance" in words
    ]
    assert programs == [
        ["conformance", "plan", "--tier", "history"],
        ["conformance", "run", "--tier", "history"],
        ["conformance", "merge", "shards/*", "--out"],
    ]
    assert run["needs"] == "plan" and run["strategy"]["matrix"] == "${{ fromJSON(needs.plan.outputs.matrix) }}"
    assert plan["outputs"] == {"matrix": "${{ steps.plan.outputs.matrix }}"}
    assert run["strategy"]["fail-fast"] is False
    assert merge["needs"] == ["plan", "run"]
    # A step after one that failed is skipped: what could not be merged is not published.
    published = [step for step in merge["steps"] if "pages" in step.get("uses", "")]
    assert len(published) == 2 and not any("if" in step or "continue-on-error" in step for step in published)
    assert set(document[True]) == {"schedule", "workflow_dispatch", "push"}  # YAML reads `on` as true
