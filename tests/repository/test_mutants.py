"""The self-test of the suite: what becomes of a fault, on the fake Keras; what real faults say of themselves."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from conformance.local.errors import UsageError
from conformance.results import Results
from tests.mutants import __main__ as command
from tests.mutants.run import Mutants, Outcome, compare, exit_code, load
from tests.support.fakes import FAKES, FakeRuns, fake_target


@pytest.fixture(scope="module")
def outcomes(run_fake: FakeRuns) -> dict[str, Outcome]:
    mutants = Mutants(run_fake.project(), FAKES / "mutants")
    told: list[Outcome] = []
    found = mutants.run(mutants.faults, [fake_target()], told.append)
    assert (
        sorted(o.fault.name for o in told)
        == sorted(o.fault.name for o in found)
        == sorted(f.name for f in mutants.faults)
    )
    return {o.fault.name: o for o in found}


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("noticed", "noticed"),
        ("noticed-in-its-mode", "noticed"),
        ("unnoticed-in-another-mode", "SURVIVED"),
        ("survives", "SURVIVED"),
        ("control", "unnoticed"),
        ("bad-control", "NOTICED"),
        ("cannot-be-applied", "BROKEN"),
        ("fails-in-a-call", "BROKEN"),
        ("ends-the-process", "BROKEN"),
        ("only-raises", "SURVIVED"),
        ("raises-as-it-should", "noticed"),
        ("names-no-case", "BROKEN"),
    ],
)
def test_what_becomes_of_a_fault(outcomes: dict[str, Outcome], name: str, state: str) -> None:
    outcome = outcomes[name]
    assert outcome.state == state
    assert exit_code([outcome]) == (0 if state in ("noticed", "unnoticed") else 1)


def test_a_noticed_fault_says_by_what(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["noticed"]
    assert (outcome.cells, outcome.changed, outcome.wrong) == (1, [("good.masking", "eager")], 1)


def test_a_broken_fault_says_why(outcomes: dict[str, Outcome]) -> None:
    assert "has no attribute 'Nothing'" in str(outcomes["cannot-be-applied"].broken)
    assert "undefined_name" in str(outcomes["fails-in-a-call"].broken)
    assert "exit code 3" in str(outcomes["ends-the-process"].broken)
    assert "good.no-such-case" in str(outcomes["names-no-case"].broken)


def test_a_fault_without_cells_is_broken(run_fake: FakeRuns, outcomes: dict[str, Outcome]) -> None:
    fault = replace(outcomes["noticed"].fault, modes=("no-mode",))
    mutants = Mutants(run_fake.project(), FAKES / "mutants")
    (outcome,) = mutants.run([fault], [fake_target()], lambda outcome: None)
    assert outcome.broken == "none of its cases runs in its modes"
    nothing = cast(Results, SimpleNamespace(values={}, cells=[]))
    assert compare(fault, "fake-0.1", [None], nothing).broken == "none of its cells can be compared"


def test_an_exception_alone_does_not_count(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["only-raises"].raised == [("good.masking", "eager")]
    assert outcomes["only-raises"].changed == []


def test_trying_nothing_is_no_success() -> None:
    assert exit_code([]) == 1


def test_there_are_enough_faults() -> None:
    """Names, docstrings and cases are checked where faults are loaded."""
    faults = load()
    counts = Counter(target for fault in faults if not fault.control for target in fault.targets)
    assert set(counts) == {"keras-3.15", "tf-2.15"}
    assert min(counts.values()) >= 40
    assert {t for fault in faults if fault.control for t in fault.targets} == set(counts)


def test_a_fault_says_what_it_breaks(tmp_path: Path) -> None:
    (tmp_path / "faults.py").write_text(
        'from breaking import fault\n@fault("good.*")\ndef silent(keras, ops):\n    pass\n'
    )
    with pytest.raises(UsageError, match="silent: a fault needs a unique name, a docstring and cases"):
        load(tmp_path)


def test_the_page_keeps_what_is_around_the_table(outcomes: dict[str, Outcome], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{command.START}\nold\n{command.END}\nafter\n")
    command.write([outcomes["noticed"], outcomes["survives"]], page)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| noticed | The mask of Masking is inverted. | 1 of 1: `good.masking` |" in text
    assert "| survives | Nobody builds a SimpleRNN here. | SURVIVED |" in text
