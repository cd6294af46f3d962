"""Verdicts and fingerprints, computed from observations alone."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conformance.judging import judge
from conformance.results import Exception_, Fact, Observation, Warning_
from conformance.worker.values import encode

Values = dict[str, object]


def observation(observed: object, expected: object = "absent", **about: object) -> tuple[Observation, Values]:
    values: Values = {"o": encode(observed), "e": encode(expected)}
    fact = Fact(name="it", observed="o", expected=None if expected == "absent" else "e")
    return Observation(**({"status": "completed", "facts": [fact]} | about)), values  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("raised", "raises"),
        ("crashed", "crashes"),
        ("timed-out", "times-out"),
        ("unsupported", "unsupported"),
        ("error", "not-run"),
    ],
)
def test_a_cell_that_did_not_complete(status: str, verdict: str) -> None:
    seen, values = observation(1, 1, status=status)
    assert judge.verdict(seen, values) == verdict


def test_completed_cells() -> None:
    assert judge.verdict(*observation(1, 1)) == "conforms"
    assert judge.verdict(*observation(1, 2)) == "deviates"
    assert judge.verdict(*observation(1)) == "observed"
    assert judge.verdict(*observation(None, None)) == "conforms"
    assert judge.verdict(Observation(status="completed"), {}) == "observed"


def test_fact_tolerances_are_used() -> None:
    values: Values = {"o": encode(1.0), "e": encode(1.1)}
    loose = Fact(name="it", observed="o", expected="e", atol=0.2)
    tight = Fact(name="it", observed="o", expected="e", rtol=0.01)
    assert judge.mismatch(loose, values) is None
    assert judge.mismatch(tight, values) == "1 of 1 elements differ, by up to 0.1"


def mark(observed: object, **about: object) -> str:
    return judge.fingerprint(*observation(observed, **about))


def test_fingerprint_counts_behaviour() -> None:
    mask = np.array([[True, False]])
    marks = [
        mark(mask),
        mark(~mask),
        mark(mask.astype("float32")),
        mark(mask[0]),
        mark(None),
        mark(np.array([1.0, np.nan])),
        mark(np.array([1.0, np.inf])),
        mark(mask, status="raised", exception=Exception_(raised=["TypeError"], phase="call", message="")),
        mark(mask, status="raised", exception=Exception_(raised=["TypeError"], phase="build", message="")),
        mark(mask, warnings=[Warning_(category="UserWarning", message="mask", count=1)]),
    ]
    assert len(set(marks)) == len(marks)


def test_fingerprint_ignores_messages_and_expectations() -> None:
    assert mark(1, reason="a") == mark(1, reason="b")
    assert judge.fingerprint(*observation(1, 2)) == judge.fingerprint(*observation(1))
    one, two = (Exception_(raised=["E"], phase="call", message=m) for m in "ab")
    assert mark(1, exception=one) == mark(1, exception=two)


@given(st.floats(1e-3, 1e3), st.sampled_from([-1, 1]), st.floats(-1e-6, 1e-6))
def test_fingerprint_ignores_noise(magnitude: float, sign: int, noise: float) -> None:
    number = sign * magnitude
    # Any rounding has edges; values are compared with a tolerance where a difference matters.
    assume(f"{number * 0.999999:.2e}" == f"{number * 1.000001:.2e}")
    assert mark(np.array([number])) == mark(np.array([number * (1 + noise)]))


def test_fingerprint_ignores_noise_around_zero() -> None:
    assert mark(np.array([0.0])) == mark(np.array([1e-8])) == mark(np.array([-0.0]))


def test_behaviour_is_compared_on_values() -> None:
    """Two numbers on different sides of an edge of the fingerprint's rounding are the same behaviour."""
    values: Values = {
        "a": encode(np.array([1.0049999])),
        "b": encode(np.array([1.0050001])),
        "c": encode(np.array([1.1])),
    }
    one, two, three = (Observation(status="completed", facts=[Fact(name="it", observed=key)]) for key in "abc")
    assert judge.fingerprint(one, values) != judge.fingerprint(two, values)
    assert judge.same_behaviour(one, two, values)
    assert not judge.same_behaviour(one, three, values)


def test_behaviour_is_more_than_values() -> None:
    values: Values = {"wide": encode(np.zeros(2, np.float32)), "half": encode(np.zeros(2, np.float16))}
    one = Observation(status="completed", facts=[Fact(name="it", observed="wide")])
    for other in (
        Observation(status="completed", facts=[Fact(name="it", observed="half")]),
        Observation(status="crashed", facts=[Fact(name="it", observed="wide")]),
        Observation(status="completed"),
    ):
        assert not judge.same_behaviour(one, other, values)
