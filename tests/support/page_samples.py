"""Results made up for the tests of the page: one of everything, and hostile texts."""

import functools
from typing import Any

import msgspec
import numpy as np

from conformance import results
from conformance.judging import judge
from conformance.results import (
    Case,
    Cell,
    Exception_,
    Fact,
    Observation,
    Results,
    TargetResult,
    Value,
    Warning_,
    digest,
)
from conformance.worker import values

MODES = ["eager", "graph", "session", "jit"]
HOSTILE = """</script><script>alert(1)</script><img src=x onerror=alert(2)>"'&<!--"""
MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]], bool)


def store_value(found: Results, value: Value) -> str:
    """Store a value in results; returns its key."""
    found.values[key := digest(value)] = value
    return key


def store_observation(found: Results, observation: Observation) -> str:
    """Store an observation in results; returns its key."""
    found.observations[key := digest(msgspec.to_builtins(observation))] = observation
    return key


class Made:
    """Results, made cell by cell."""

    def __init__(self) -> None:
        self.results = Results(
            schema_version=results.SCHEMA_VERSION,
            suite_version="0.1.0",
            bundle="0" * 16,
            created="2026-11-22T09:50:06+00:00",
            platform={"system": "Linux", "machine": "x86_64"},
            seconds=12.0,
            targets=[],
            cases=[],
            cells=[],
            problems=[],
        )

    def target(self, id: str, title: str, front_end: str = "keras", **about: Any) -> None:
        given = {
            "generation": "some",
            "base": "TensorFlow 2.17.1",
            "backend": "tensorflow",
            "python": "3.11",
            "pins": ["numpy==2.0.0"],
            "tier": "core",
        }
        lacks = about.pop("lacks", {})
        modes = [mode for mode in MODES if mode not in lacks]
        fields = {**given, "modes": modes, "lacks": lacks, **about}
        self.results.targets.append(TargetResult(id=id, title=title, front_end=front_end, **fields))

    def case(self, id: str, **about: Any) -> None:
        given: dict[str, Any] = {
            "title": f"Title of {id}.",
            "contract": "What is promised.",
            "basis": "documented",
            "source": "A page",
            "severity": "silent",
            "issues": [],
            "tags": [],
            "modes": MODES,
            "needs": [],
            "area": "Masking",
            "file": "test_masking.py",
            "function": "test",
            "line": 7,
            "code": "def test(): ...",
        }
        self.results.cases.append(Case(id=id, **{**given, **about}))

    def cell(self, case: str, target: str, mode: str, facts: dict[str, Any] | None = None, **about: Any) -> None:
        """facts: name -> observed, or (observed, expected)."""
        cell = Cell(case=case, target=target, mode=mode, verdict="not-run", seconds=0.25)
        store = functools.partial(store_value, self.results)
        stored = []
        for name, value in (facts or {}).items():
            observed, *expected = value if isinstance(value, tuple) else (value,)
            fact = Fact(name=name, observed=store(values.encode(observed)))
            if expected:
                fact.expected = store(values.encode(expected[0]))
            stored.append(fact)
        observation = Observation(**{"status": "completed", "facts": stored, **about})
        cell.observation = store_observation(self.results, observation)
        self.results.cells.append(cell)

    def cells(self, case: str, target: str, facts: dict[str, Any] | None = None, **about: Any) -> None:
        """The same in each mode; a mode that the target lacks is unsupported."""
        lacks = next(t.lacks for t in self.results.targets if t.id == target)
        for mode in MODES:
            if mode in lacks:
                self.cell(case, target, mode, status="unsupported", reason=lacks[mode])
            else:
                self.cell(case, target, mode, facts, **about)

    def not_run(self, case: str, target: str, reason: str) -> None:
        for mode in MODES:
            self.results.cells.append(Cell(case=case, target=target, mode=mode, verdict="not-run", reason=reason))

    def judged(self) -> Results:
        judge.judge_all(self.results)
        return self.results


def sample() -> Results:
    made = Made()
    made.target("keras-2.3", "Keras 2.3", lacks={"eager": "no eager here", "graph": "no graph here"})
    made.target("tf-2.15", "tf.keras 2.15", "tf.keras", versions={"keras": "2.15.0", "python": "3.11.2"})
    made.target("keras-3.3", "Keras 3.3", versions={"keras": "3.3.3"})
    made.target("keras-3.8", "Keras 3.8", pins=["keras==3.8.0"], reason="no wheel for this machine")
    made.case("masking.plain", tags=["Masking"])
    made.case("masking.lost", issues=["keras-team/keras#18416", "not an issue"], tags=["Masking", "Add"])
    made.case("lstm.numbers", area="LSTM", file="test_lstm.py", severity="raises")
    made.case("merge.free", area="Merge", file="test_merge.py", basis="unspecified")
    made.case("merge.dies", area="Merge", file="test_merge.py")
    lost = MASK.copy()
    lost[0, 3] = True
    right = np.array([[0.5, -0.25], [1e-7, 2.0]], np.float32)
    near, wrong = right + np.float32(1e-6), right.copy()
    wrong[1, 1] = np.nan
    for target in ("keras-2.3", "tf-2.15", "keras-3.3"):
        made.cells("masking.plain", target, {"mask": (MASK, MASK)})
        made.cells("masking.lost", target, {"mask": (lost if target == "keras-3.3" else MASK, MASK)})
        made.cells("merge.free", target, {"mask": MASK if target == "keras-3.3" else None})
    made.cells("lstm.numbers", "keras-2.3", {"output": (near, right)})
    made.cells("lstm.numbers", "tf-2.15", {"output": (near, right)})
    for mode in MODES:
        made.cell("lstm.numbers", "keras-3.3", mode, {"output": (wrong if mode == "jit" else near, right)})
    for mode in MODES:
        status = {"eager": "crashed", "graph": "timed-out", "session": "raised", "jit": "unsupported"}[mode]
        error = Exception_(
            raised=["ValueError", "Exception"], phase="call", message="no such axis", where=["a.py:3 in f"]
        )
        heard = [Warning_(category="UserWarning", message="the mask is dropped", count=2)]
        made.cell(
            "merge.dies",
            "tf-2.15",
            mode,
            status=status,
            reason=None if status == "raised" else f"because {status}",
            exception=error if status == "raised" else None,
            warnings=heard if status == "raised" else [],
        )
    error = Exception_(raised=["TypeError", "Exception"], phase="build", message="cannot", where=[])
    made.cells("merge.dies", "keras-2.3", status="raised", exception=error)
    made.cells("merge.dies", "keras-3.3", {"n": (1, 1)})
    made.results.cells = [c for c in made.results.cells if (c.case, c.target) != ("merge.free", "tf-2.15")]
    made.cells("merge.free", "tf-2.15", status="raised", exception=error)
    for case in made.results.cases:
        made.not_run(case.id, "keras-3.8", "no wheel for this machine")
    return made.judged()


def hostile() -> Results:
    made = Made()
    made.target(f"t+{HOSTILE}", HOSTILE, reason=HOSTILE, pins=[HOSTILE], versions={HOSTILE: HOSTILE})
    made.target("long", "t" * 300)
    made.case(
        "case." + "x" * 500,
        title=HOSTILE,
        contract=HOSTILE,
        source=HOSTILE,
        basis=HOSTILE,
        severity=HOSTILE,
        issues=[HOSTILE, "javascript:alert(3)#1"],
        tags=[HOSTILE],
        needs=[HOSTILE],
        area=HOSTILE,
        file=f"test_{HOSTILE}.py",
        code=HOSTILE,
    )
    raised = Exception_(raised=[HOSTILE], phase=HOSTILE, message=HOSTILE, where=[HOSTILE])
    heard = [Warning_(category=HOSTILE, message=HOSTILE, count=1)]
    facts = {HOSTILE: ([HOSTILE, None, True, {1}], [HOSTILE, 1, False, values.Raised(HOSTILE)]), "long": "y" * 2000}
    for target in made.results.targets:
        made.cells(made.results.cases[0].id, target.id, facts, status="raised", exception=raised, warnings=heard)
    made.results.problems = [HOSTILE]
    return made.judged()
