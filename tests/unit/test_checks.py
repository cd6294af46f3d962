"""The check of a layer without a Keras: masks, clauses, evidence, records, the page."""

import re
import subprocess
import sys

import numpy as np
import pytest

from conformance.cache import cache_folder
from conformance.checks import ContractBroken, api, evidence, masks
from conformance.checks.clause import all_clauses
from conformance.checks.kinds import KINDS, NAMES
from conformance.checks.records import BAD, STATUSES, WORDS, Record, Records
from conformance.local import bundle as bundle_module
from conformance.suite import catalogue
from conformance.worker.recorder import Recorder
from tests.support.paths import ROOT

# Masks


@pytest.mark.parametrize("steps", [3, 4, 6, 11])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_masks_are_what_they_are_called(batch: int, steps: int) -> None:
    for shift in range(3):
        made = {
            p: masks.make(p, batch, steps, shift) for p in ("right", "left", "gap", "random", "all-true", "all-masked")
        }
        assert all(m.any(axis=1).all() for p, m in made.items() if p != "all-masked")
        assert not made["right"][:, -1].any() and made["right"][:, 0].all()
        assert not made["left"][:, 0].any() and made["left"][:, -1].all()
        assert made["gap"][:, [0, -1]].all() and not made["gap"].all(axis=1).any()
        assert not made["random"].all(axis=1).any() and made["all-true"].all()
        assert not made["all-masked"][0].any() and made["all-masked"][1:].any(axis=1).all()


# The clauses


def test_there_are_seventeen_clauses_that_say_all_that_they_should() -> None:
    clauses = all_clauses()
    assert [c.number for c in clauses] == list(range(1, 18)) and len({c.id for c in clauses}) == 17
    for clause in clauses:
        assert clause.title and clause.contract.endswith(".") and clause.why.endswith(".") and clause.repair
        assert set(clause.kinds) <= set(NAMES) and clause.kinds


def test_the_cases_that_clauses_name_exist() -> None:
    collected = catalogue.collect(bundle_module.make_bundle(cache_folder()))
    known = {case.id for case in collected} | {case.id.split("[")[0] for case in collected}
    assert [case for clause in all_clauses() for case in clause.cases if case not in known] == []


def test_importing_the_checks_imports_nothing_heavy() -> None:
    code = (
        "import sys, conformance.checks.pytest_plugin; print(sorted({'numpy', 'pytest', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


# Evidence and records


def facts(observed: object, expected: object) -> list[str]:
    record = Recorder()
    record("output", observed, expected=expected)
    return [line for fact, why in evidence.mismatches(record.facts) for line in evidence.lines(fact, why)]


def test_evidence_names_samples_and_steps() -> None:
    expected = np.zeros((3, 4, 2))
    observed = expected.copy()
    observed[1, 2] = [1, 2]
    observed[1, 3] = [3, 4]
    assert facts(observed, expected) == [
        "output: 4 of 24 elements differ, by up to 4",
        "  sample 1, steps 2, 3: observed [1 2], expected [0 0] at the first",
    ]
    assert facts(expected, expected) == []


def test_evidence_spells_masks() -> None:
    observed, expected = np.array([[1, 1, 0], [1, 0, 1]], bool), np.array([[1, 1, 0], [1, 1, 1]], bool)
    assert facts(observed, expected)[1:] == ["  observed: 110 101", "  expected: 110 111"]
    assert facts(None, expected) == ["output: None, expected bool array of shape (2, 3)", "  expected: 110 111"]
    assert facts(np.full((2, 3), np.nan), np.ones((2, 3)))[1] == "  sample 0: observed [nan nan nan], expected [1 1 1]"


def records(*statuses: str, kind: str = "consumer") -> Records:
    made = [Record(clause, ["eager"], status, "so") for clause, status in zip(all_clauses(), statuses, strict=False)]
    return Records("Mine", kind, None, "keras", {"keras": "3.15.1", "tensorflow": "2.21.0"}, ["eager", "graph"], made)


def test_what_several_clauses_show_is_shown_once() -> None:
    found = records("failed", "failed", "failed", "passed")
    for record, line in zip(found, ("ValueError: no", "ValueError: no", "another"), strict=False):
        record.evidence = [line]
    assert found.text().splitlines()[1:-1] == [
        "  C1-flag  failed (eager): so",
        "      ValueError: no",
        "  C2-no-mask  failed (eager): same as C1-flag",
        "  C3-implicit-explicit  failed (eager): so",
        "      another",
    ]


def test_an_inferred_kind_is_explained() -> None:
    found = records(kind="unaware")
    found.guessed = "supports_masking is False"
    assert found.head().startswith("Mine (kind inferred: unaware, because supports_masking is False) on keras")
    assert found.text().splitlines()[1] == "It is unaware of masks: a mask ends there."


def test_records_are_counted() -> None:
    found = records("passed", "passed", "failed", "expected", "keras", "not-applicable", "unexpected-pass")
    assert found.counts() == (
        "7 clauses: 2 passed, 1 failed, 1 passed unexpectedly, 1 failed as expected, 1 caused by Keras, "
        "1 not applicable"
    )
    assert found.head() == "Mine (consumer) on keras 3.15.1 with tensorflow 2.21.0: eager, graph"
    assert [r.status for r in found.bad] == ["failed", "unexpected-pass"]
    assert set(BAD) <= set(STATUSES) == set(WORDS)
    assert found.as_dict()["clauses"][0]["clause"] == "C1-flag"


# The documentation


def listed() -> str:
    """The list of clauses in docs/check-your-layer.md, as it should be."""
    parts = []
    for clause in all_clauses():
        whom = "every kind" if len(clause.kinds) == len(NAMES) else ", ".join(clause.kinds)
        cases = ", ".join(f"`{case}`" for case in clause.cases)
        parts += [
            f"### {clause.id}",
            f"**{clause.title}.** {clause.contract}",
            f"*Why:* {clause.why}",
            f"*Repair:* {clause.repair}",
            f"For {whom}. What Keras itself does: {cases}.",
        ]
    return "\n\n".join(parts)


def test_the_page_lists_the_clauses_as_they_are() -> None:
    page = (ROOT / "docs" / "check-your-layer.md").read_text()
    start, end = "<!-- clauses -->\n", "\n<!-- end -->"
    assert page[page.index(start) + len(start) : page.index(end)] == listed()


def test_the_page_names_every_kind_argument_and_status() -> None:
    page = (ROOT / "docs" / "check-your-layer.md").read_text()
    for kind in KINDS.values():
        assert f"| `{kind.name}` | {kind.says} |" in page
    documented = re.findall(r"^    (\w+):", api.__doc__ or "", re.MULTILINE)
    assert {"kind", "limits", "expected_mask"} <= set(documented)
    assert [name for name in documented if f"`{name}`" not in page] == []
    assert [word for word in WORDS.values() if f"| {word} |" not in page] == []
    assert issubclass(ContractBroken, AssertionError)
