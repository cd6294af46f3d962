"""Stand-ins in cases: each has evidence, which is published, and the sweep that measures it can fail."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cache import cache_folder
from conformance.local.bundle import make_bundle
from conformance.local.errors import UsageError
from conformance.local.paths import cases_folder
from conformance.suite import catalogue
from conformance.targets import registry
from conformance.vocabulary import MODES
from tests.support.fakes import FakeRuns, fake_target
from tests.support.paths import ROOT
from tests.sweep import __main__ as command
from tests.sweep.run import Evidence, Sweep
from tests.sweep.substitutions import SUBSTITUTIONS, Substitution

PAGE = ROOT / "docs" / "substitutions.md"


def published() -> dict[str, list[str]]:
    """The rows of the table of evidence by name, without the name."""
    text = PAGE.read_text().partition(command.START)[2].partition(command.END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def lacks(substitution: Substitution, rows: dict[str, list[str]]) -> str | None:
    """What is missing of the evidence for a substitution, None if it is complete."""
    if substitution.name not in rows:
        return "has no evidence"
    stand_in, real, cases, date, targets, modes, cells, result = rows[substitution.name]
    names = ", ".join(f"`{case}`" for case in substitution.cases)
    declared = [substitution.stand_in, substitution.real, names]
    if [stand_in, real, cases] != declared:
        return "has evidence for something else"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date) or not set(targets.split(", ")) <= {t.id for t in registry.load()}:
        return "has evidence without a date or declared targets"
    if not set(modes.split(", ")) <= set(MODES):
        return "has evidence without modes"
    return None if int(cells) > 0 and result == "same" else f"is no stand-in: {result}"


@pytest.mark.parametrize("substitution", SUBSTITUTIONS, ids=lambda one: one.name)
def test_a_substitution_has_evidence(substitution: Substitution) -> None:
    assert lacks(substitution, published()) is None


def test_what_is_no_evidence() -> None:
    one, rows = SUBSTITUTIONS[0], published()
    row = rows[one.name]
    assert lacks(replace(one, name="another"), rows) == "has no evidence"
    assert lacks(replace(one, real="ConvLSTM2D"), rows) == "has evidence for something else"
    assert lacks(one, {one.name: [*row[:3], "", *row[4:]]}) == "has evidence without a date or declared targets"
    assert lacks(one, {one.name: [*row[:5], "", *row[6:]]}) == "has evidence without modes"
    assert lacks(one, {one.name: [*row[:-1], "differs: `a.b`"]}) == "is no stand-in: differs: `a.b`"


@pytest.mark.parametrize("substitution", SUBSTITUTIONS, ids=lambda one: one.name)
def test_a_substitution_changes_every_file_of_its_cases(substitution: Substitution) -> None:
    cases = catalogue.choose(catalogue.collect(make_bundle(cache_folder())), list(substitution.cases))
    for file in {case.file for case in cases}:
        source = (cases_folder() / file).read_text()
        compile(substitution.apply(file, source), file, "exec")
    with pytest.raises(UsageError, match=f"substitution '{substitution.name}': x.py does not contain its stand-in"):
        substitution.apply("x.py", "")


def substitution(pattern: str, replacement: str) -> Substitution:
    return Substitution("fake", "stand-in", "real thing", ("good.masking",), ((pattern, replacement),))


def swept(run_fake: FakeRuns, one: Substitution, fault: str = "") -> Evidence:
    told: list[Evidence] = []
    found = Sweep(run_fake.project(), ["eager"], jobs=1).run(
        [one], [fake_target(fault) if fault else fake_target()], told.append
    )
    assert found == told
    return found[0]


def test_what_agrees_is_the_same(run_fake: FakeRuns) -> None:
    evidence = swept(run_fake, substitution(r"\Z", "\nUNUSED = 1\n"))
    assert (evidence.state, evidence.cells, command.exit_code([evidence])) == ("same", 1, 0)
    assert command.exit_code([]) == 1


def test_what_deviates_differs(run_fake: FakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = swept(run_fake, substitution(r"expected=X\)", "expected=X + 1)"))
    command.tell(evidence)
    assert (evidence.state, command.exit_code([evidence])) == ("differs", 1)
    assert "good.masking in eager: conforms; with real thing: deviates" in capsys.readouterr().out


def test_a_target_that_cannot_run_is_named(
    run_fake: FakeRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = swept(run_fake, substitution(r"\Z", "\nUNUSED = 1\n"), "fake-uninstallable")
    command.tell(evidence)
    assert (evidence.state, command.exit_code([evidence])) == ("NOT RUN", 1)
    out = capsys.readouterr().out
    assert "fake-uninstallable" in out and "could not run: " in out and "there is no such wheel" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--substitution", "nothing"], "no substitution is called nothing; there are lstm-consumes"),
        (["--target", "keras-9"], "unknown target 'keras-9'"),
        (["--write", "page.md", "--substitution", "fit"], "--write needs all substitutions"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
