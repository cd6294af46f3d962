"""`conformance bisect` on fakes, from an index on this machine."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.fakes import Command, fake_target
from tests.support.local_index import LocalIndex

CASE = ("bisect", "good.masking", "--from", "fake-0.1", "--to", "fake-0.5")


def test_the_release_is_found_installed_and_remembered(released: Command, local: LocalIndex, tmp_path: Path) -> None:
    result = released(*CASE, "--format", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    jsonschema.validate(found, json.loads(released("bisect", "--schema").output))
    assert found["message"] == "good.masking changed in keras (0.2, 0.5]; skipped: 2"
    assert found["last_same"]["column"] == "keras-0.2+bare"
    assert found["first_different"]["column"] == "fake-0.5"
    assert (found["released"], found["mode"], found["severity"]) == ("2024-05-15", "eager", "silent")
    assert found["change"].startswith("mask: [101] -> [100]")
    assert found["columns"] == {"fake-0.1": True, "fake-0.5": False, "Keras 0.2 on NumPy": True}
    yanked, uninstallable = found["skipped"]
    assert yanked == {"column": "Keras 0.3 on NumPy", "reason": "yanked: a mistake"}
    assert uninstallable["column"] == "Keras 0.4 on NumPy"
    assert "there-is-no-such-package-of-masks" in uninstallable["reason"]
    assert found["warnings"] == []
    assert sorted(found["measured"]) == ["fake-0.1", "fake-0.5", "keras-0.2+bare"]
    said = result.stderr.splitlines()
    assert {
        "between fake-0.1 and fake-0.5",
        "observing Keras 0.2 on NumPy",
        "Keras 0.2 on NumPy: same",
        "Keras 0.3 on NumPy: skipped: yanked: a mistake",
    } <= {*said}
    assert any(line.startswith("Keras 0.4 on NumPy: skipped: ") for line in said)

    again = released(*CASE)
    assert again.exit_code == 0
    lines = again.stdout.splitlines()
    assert lines[0] == found["message"]
    (first_different,) = (line for line in lines if line.startswith("  first different fake-0.5 (keras 0.5, numpy "))
    assert first_different.endswith("), 2024-05-15")
    assert "  read            https://github.com/keras-team/keras/compare/0.2...0.5" in lines
    remembered = json.loads(released(*CASE, "--format", "json").stdout)
    assert remembered["measured"] == []
    markdown = released(*CASE, "--format", "markdown").stdout
    assert "| range | keras (0.2, 0.5] |" in markdown.splitlines()


def test_stored_results_are_used(command: Command, tmp_path: Path) -> None:
    assert command("run", "--case", "good.masking", "--mode", "eager", "--no-cache").exit_code == 0
    command.about["cache"] = tmp_path / "empty"
    result = command("bisect", "good.masking", "--from", "fake-0.1", "--to", "fake-uninstallable", "--format", "json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["message"].endswith("on fake-uninstallable in eager: uv pip failed: there is no such wheel")
    assert found["measured"] == []  # the one that can be run is in reports/latest


def test_exit_code_of_what_does_not_change(command: Command) -> None:
    command.about["targets"] = [fake_target(), fake_target("fake-other")]
    ends = ("--from", "fake-0.1", "--to", "fake-other")
    same = command("bisect", "good.masking", *ends)
    assert same.exit_code == 1
    assert same.stdout == "good.masking behaves the same on fake-0.1 and fake-other in eager\n"
    lacking = command("bisect", "good.masking", *ends, "--mode", "jit")
    assert lacking.exit_code == 1
    assert "good.masking does not run on both targets in jit: fake-0.1: the fake has no jit" in lacking.stdout


ENDS = ("--from", "fake-0.1", "--to", "fake-uninstallable")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("good.maskin", *ENDS), "unknown case 'good.maskin'; did you mean 'good.masking'?"),
        (
            ("good.variants", *ENDS),
            "'good.variants' has variants; name one of good.variants[two], good",
        ),
        (("good.masking", "--from", "fake-0.2", "--to", "x"), "unknown target 'fake-0.2'; did you mean 'fake-0.1'?"),
        (("good.masking", *ENDS, "--mode", "eagre"), "'eagre' is not one of"),
        (("good.masking", *ENDS, "--results", "nowhere"), "cannot read nowhere: No such file"),
        (("good.masking", *ENDS, "--results", "junk"), "junk is not JSON"),
        (
            ("good.masking", "--from", "fake-uninstallable", "--to", "fake-0.1"),
            "--from must come before --to in `conformance list targets`: fake-uninstallable comes after fake-0.1",
        ),
        (("good.masking", "--from", "fake-0.1", "--to", "fake-0.1"), "fake-0.1 is both"),
        (("good.masking", "--from", "fake-0.1"), "Missing option '--to'"),
    ],
)
def test_bad_input_is_one_line(command: Command, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "junk").write_text("junk")
    result = command("bisect", *arguments)
    assert result.exit_code == 2
    assert message in result.output.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["junk"]
