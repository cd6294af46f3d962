"""Expectations: what they select, what is unexpected, what is proposed, and what a wrong file says."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from conformance import results
from conformance.judging import expectations, gate, proposals
from conformance.judging.expectations import ExpectedCells
from conformance.judging.judge import judge_all
from conformance.local.errors import UsageError
from conformance.targets import registry
from tests.support.page_samples import MASK, Made

CASE = "lstm.skip-masked-steps"


def lines_of(found: results.Results, entries: list[expectations.Expectation], complete: bool = False) -> list[str]:
    return [str(one) for one in gate.find_unexpected(found, entries, complete)]


def column(version: str, front_end: str = "keras", backend: str = "tensorflow", tensorflow: str = "2.17.1"):  # type: ignore[no-untyped-def]
    keras = "2.2.4-tf" if front_end == "tf.keras" else version
    return results.TargetResult(
        id=f"{front_end}-{version}",
        title=version,
        front_end=front_end,
        backend=backend,
        python="3.11",
        generation="some",
        base="TensorFlow",
        pins=[],
        modes=["eager", "graph"],
        lacks={},
        tier="core",
        versions={"keras": keras, "tensorflow": version if front_end == "tf.keras" else tensorflow},
    )


def cell(mode: str = "eager", case: str = CASE) -> results.Cell:
    return results.Cell(case=case, target="any", mode=mode, verdict="deviates")


def known(on: str = "keras", **more: object) -> ExpectedCells:
    return ExpectedCells(**({"case": CASE, "on": (on,), "outcome": "deviates: mask is None"} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("on", "selected", "not_selected"),
    [
        ("keras>=3.4,<3.12", column("3.4.0"), column("3.12.0")),
        ("keras>=3", column("3.16.0.dev2026112200"), column("2.3.1")),
        ("keras>=3.16", column("3.16.0.dev2026112200"), column("3.15.1")),
        ("keras<3.16", column("3.15.1"), column("3.16.0.dev2026112200")),
        ("tf.keras<2.16", column("2.15.0-dev20230601", "tf.keras"), column("made at home", "tf.keras")),
        ("tf.keras<2.11", column("1.15.5", "tf.keras"), column("2.11.0", "tf.keras")),
        ("tf_keras", column("2.21.0", "tf_keras"), column("2.21.0", "tf.keras")),
        ("keras[jax]", column("3.15.1", backend="jax"), column("3.15.1")),
    ],
)
def test_conditions(on: str, selected: results.TargetResult, not_selected: results.TargetResult) -> None:
    assert known(on).applies(cell(), selected)
    assert not known(on).applies(cell(), not_selected)


def test_modes_variants_tensorflow_and_python() -> None:
    assert not known(modes=("jit",)).applies(cell("eager"), column("3.4.0"))
    assert known().applies(cell(case=f"{CASE}[loop]"), column("3.4.0"))
    assert not known(case=f"{CASE}[loop]").applies(cell(), column("3.4.0"))
    assert known(case=f"{CASE}[*loop]").applies(cell(case=f"{CASE}[loop]"), column("3.4.0"))
    assert known(case=f"{CASE}[*loop]").applies(cell(case=f"{CASE}[GRU-loop]"), column("3.4.0"))
    assert not known(case=f"{CASE}[*loop]").applies(cell(case=f"{CASE}[GRU-unroll]"), column("3.4.0"))
    assert known(case=f"{CASE}[]").applies(cell(), column("3.4.0"))
    assert not known(case=f"{CASE}[]").applies(cell(case=f"{CASE}[GRU]"), column("3.4.0"))
    assert known(tensorflow=">=2.17").applies(cell(), column("3.4.0"))
    assert not known(tensorflow="<2.17").applies(cell(), column("3.4.0"))
    assert known(python=">=3.8").applies(cell(), column("3.4.0"))  # 3.11, which is more than 3.8
    assert not known(python="<3.8").applies(cell(), column("3.4.0"))


@pytest.fixture
def sample() -> results.Results:
    """Four columns; a mask is lost in the middle two of Keras 3 and in one mode of another generation."""
    made = Made()
    made.target("tf-2.15", "tf.keras 2.15", "tf.keras", versions={"keras": "2.15.0", "tensorflow": "2.15.1"})
    for version in ("3.3.3", "3.8.0", "3.13.2", "3.15.1"):
        made.target(f"keras-{version}", f"Keras {version}", versions={"keras": version, "tensorflow": "2.21.0"})
    made.case("merge.one[add]")
    made.case("merge.one[multiply]")
    made.case("lstm.dies")
    for column in [t.id for t in made.results.targets]:
        lost = column in ("keras-3.8.0", "keras-3.13.2")
        for case in ("merge.one[add]", "merge.one[multiply]"):
            made.cells(case, column, {"mask": (None if lost else MASK, MASK), "sum": (1.5, 1.5)})
        for mode in ("eager", "jit"):
            inverted = column == "tf-2.15" and mode == "jit"
            made.cell("lstm.dies", column, mode, {"mask": (~MASK if inverted else MASK, MASK)})
    return made.judged()


def test_proposals_are_ranges_of_versions_with_the_outcome_spelled_out(sample: results.Results) -> None:
    assert proposals.as_toml(proposals.propose(sample, [])) == (
        '  { case = "lstm.dies", on = ["tf.keras"], modes = ["jit"], outcome = "deviates: mask is 00011 01001" },\n'
        '  { case = "merge.one", on = ["keras>=3.8,<3.15"], outcome = "deviates: mask is None" },\n'
    )


@pytest.mark.parametrize(
    ("lost", "on"),
    [
        ({"tensorflow", "jax", "torch"}, '["keras>=3.8"]'),
        ({"tensorflow"}, '["keras>=3.8,<3.15", "keras[tensorflow]>=3.15"]'),
        ({"tensorflow", "torch"}, '["keras>=3.8,<3.15", "keras[tensorflow,torch]>=3.15"]'),
        ({"jax"}, '["keras>=3.8,<3.15", "keras[jax]>=3.15"]'),
        (set(), '["keras>=3.8,<3.15"]'),
    ],
)
def test_proposals_name_a_backend_where_others_of_its_version_differ(lost: set[str], on: str) -> None:
    made = Made()
    for version in ("3.3.3", "3.8.0"):
        made.target(f"keras-{version}", f"Keras {version}", versions={"keras": version})
    for backend in ("tensorflow", "jax", "torch"):
        made.target(f"keras-3.15+{backend}", "Keras 3.15", backend=backend, versions={"keras": "3.15.1"})
    made.case("merge.one")
    for column in made.results.targets:
        is_lost = column.backend in lost if column.id.startswith("keras-3.15") else column.id == "keras-3.8.0"
        made.cell("merge.one", column.id, "eager", {"mask": (None if is_lost else MASK, MASK)})
    entries = proposals.propose(made.judged(), [])
    assert proposals.as_toml(entries) == (
        f'  {{ case = "merge.one", on = {on}, outcome = "deviates: mask is None" }},\n'
    )


def test_proposals_are_not_cut_where_a_column_lacks_the_mode() -> None:
    made = Made()
    for version, backend in (("3.3.3", "tensorflow"), ("3.8.0", "tensorflow"), ("3.8.0", "jax"), ("3.15.1", "torch")):
        made.target(f"{version}+{backend}", "some", backend=backend, versions={"keras": version})
        made.cell("merge.one", f"{version}+{backend}", "eager", {"mask": (MASK, MASK)})
        there = {} if backend == "tensorflow" else {"status": "unsupported", "reason": "no graphs"}
        made.cell("merge.one", f"{version}+{backend}", "graph", {"mask": (None, MASK)}, **there)
    made.case("merge.one")
    [entry] = proposals.propose(made.judged(), [])
    assert (entry.on, entry.modes) == (("keras>=3",), ("graph",))


def entries_for(found: results.Results) -> list[expectations.Expectation]:
    """Expectations made of the proposals: they explain exactly what `found` shows."""
    proposed = proposals.propose(found, [])
    assert proposed
    text = "".join(
        f'[[expectation]]\nid = "e{i}"\nkind = "bug"\nreason = "because"\nsources = ["a/b#1"]\n'
        f"reviewed = 2026-11-23\ncells = [\n{proposals.as_toml([entry])}]\n"
        for i, entry in enumerate(proposed)
    )
    return _load(text)


ENTRY = """
[[expectation]]
id = "a"
kind = "{kind}"
reason = "{reason}"
sources = ["s"]
reviewed = 2026-11-23
cells = [{cells}]
"""


def _load(text: str) -> list[expectations.Expectation]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "expectations.toml"
        path.write_text(text)
        return expectations.load(path)


def test_what_is_proposed_explains_everything_and_nothing_else(sample: results.Results) -> None:
    bad = [c for c in sample.cells if c.verdict in expectations.BAD]
    assert len(lines_of(sample, [])) == len(bad) > 0
    known_ones = entries_for(sample)
    assert lines_of(sample, known_ones, complete=True) == []
    index = expectations.ExpectationIndex(known_ones, sample)
    assert all(index.explanation(c) for c in bad)
    assert proposals.propose(sample, known_ones) == []


def test_an_unexpected_pass_another_outcome_and_a_dead_entry_are_told(sample: results.Results) -> None:
    known_ones = entries_for(sample)
    bad = next(c for c in sample.cells if c.verdict == "deviates")
    bad.verdict = "conforms"
    (line,) = lines_of(sample, known_ones, complete=True)
    assert bad.case in line and "conforms, although 'e" in line

    varying = [
        msgspec.structs.replace(e, cells=[msgspec.structs.replace(k, varies=True) for k in e.cells]) for e in known_ones
    ]
    assert lines_of(sample, varying, complete=True) == []

    judge_all(sample)
    (first, *_), *_ = (e.cells for e in known_ones)
    changed = _load(
        '[[expectation]]\nid = "other"\nkind = "bug"\nreason = "because"\nsources = ["a/b#1"]\nreviewed = 2026-11-23\n'
        f'cells = [{{ case = "{first.case}", on = ["keras", "tf.keras", "tf_keras"], outcome = "crashes" }}]\n'
    )
    lines = lines_of(sample, changed)
    assert any("'other' expects crashes" in line for line in lines)

    dead = _load(
        '[[expectation]]\nid = "dead"\nkind = "bug"\nreason = "because"\nsources = ["a/b#1"]\nreviewed = 2026-11-23\n'
        'cells = [{ case = "no.such-case", on = ["keras"], outcome = "crashes" }]\n'
    )
    assert any("'dead' matches no cell of no.such-case on keras" in x for x in lines_of(sample, dead, True))
    assert not any("dead" in line for line in lines_of(sample, dead, complete=False))


def test_a_workaround_has_to_help_somewhere(sample: results.Results) -> None:
    def told(case: str) -> list[str]:
        helped = expectations.Workaround(text="Do otherwise.", case=case)
        known_ones = [msgspec.structs.replace(entry, workaround=helped) for entry in entries_for(sample)]
        return lines_of(sample, known_ones, complete=True)

    (of_merge,) = [entry.id for entry in entries_for(sample) if entry.cells[0].case.startswith("merge")]
    for case in ("no.such-case", "merge.one[add]"):  # which is lost wherever merge.one is
        assert f"the workaround of '{of_merge}', {case}, conforms on none of the affected targets" in told(case)
    assert not any(of_merge in line for line in told("lstm.dies"))


CRASHES = '{ case = "c.d", on = ["keras"], outcome = "crashes" }'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[expectation]", "expectations.toml: "),
        ('[[expectation]]\nid = "a"', "missing required field"),
        (ENTRY.format(kind="guess", reason="r", cells=""), "Invalid enum value 'guess'"),
        (ENTRY.format(kind="bug", reason=" ", cells=""), "'a' needs a reason, a source and cells"),
        (2 * ENTRY.format(kind="bug", reason="r", cells=CRASHES), "expectation 'a' is defined twice"),
        (
            ENTRY.format(kind="bug", reason="r", cells='{ case = "c.d", on = ["theano"], outcome = "crashes" }'),
            "c.d: unknown front end or mode: theano",
        ),
        (
            ENTRY.format(kind="bug", reason="r", cells='{ case = "c.d", on = ["keras"], outcome = "anything" }'),
            "an outcome starts with one of",
        ),
        (
            ENTRY.format(
                kind="bug",
                reason="r",
                cells='{ case = "c.d", on = ["keras"], python = "three", outcome = "crashes" }',
            ),
            "c.d: Invalid specifier: 'three'",
        ),
        (
            ENTRY.format(kind="bug", reason="r", cells='{ case = "c.d", on = ["keras[jax"], outcome = "crashes" }'),
            "c.d: not a front end with versions, such as 'keras[jax]>=3.4': 'keras[jax'",
        ),
        (
            ENTRY.format(kind="bug", reason="r", cells='{ case = "c.d", on = ["keras>>3"], outcome = "crashes" }'),
            "c.d: Invalid specifier: '>>3'",
        ),
    ],
)
def test_a_wrong_file_is_told(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        _load(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["keras", " tf.keras >= 2.0, <2.11", "tf_keras~=2.16.0", "keras [jax, torch] !=3.4"])
def test_targets_are_selected_as_requirements_are(text: str) -> None:
    selected, requirement = expectations.target_range(text), Requirement(text)
    assert (selected.front_end, {*selected.backends}) == (requirement.name, requirement.extras)
    assert SpecifierSet(selected.versions) == requirement.specifier


def test_the_real_ones_can_be_read_and_name_real_columns() -> None:
    columns = {(target.front_end, target.backend) for target in registry.load()}
    for expectation in expectations.load():
        for entry in expectation.cells:
            for requirement in map(Requirement, entry.on):
                backends = requirement.extras or {"tensorflow"}
                assert {(requirement.name, backend) for backend in backends} <= columns, (
                    f"{expectation.id}: {entry.case}"
                )
