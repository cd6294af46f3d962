"""Computes the verdict on an observation, and the fingerprint that groups equal behaviours."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from conformance import vocabulary
from conformance.results import Cell, Fact, Observation, Results, Value
from conformance.vocabulary import MODES
from conformance.worker import values as worker_values

_MAX_MASK_ELEMENTS = 60  # that are written out

Row = dict[tuple[str, str], Cell]
"""The cells of a case, by target and mode."""


def verdict(observation: Observation, values: Mapping[str, Value]) -> str:
    """Return the verdict on an observation, one of `vocabulary.VERDICTS`."""
    judged = (mismatch(fact, values) for fact in observation.facts if fact.expected is not None)
    return vocabulary.verdict(observation.status, judged)


def mismatch(fact: Fact, values: Mapping[str, Value]) -> str | None:
    """Return why a fact differs from its expected value, on one line; None if it agrees or has no expected value."""
    if fact.expected is None or fact.expected == fact.observed:  # the same digest: the same value
        return None
    rtol = worker_values.RTOL if fact.rtol is None else fact.rtol
    atol = worker_values.ATOL if fact.atol is None else fact.atol
    why: str | None = worker_values.difference(values[fact.observed], values[fact.expected], rtol, atol)
    return why


def outcome(observation: Observation, values: Mapping[str, Value]) -> str:
    """Describe how an observation violates the contract, in words that are the same in every run.

    Masks, other small exact values and single numbers are written out. Of other arrays that differ from their expected
    values the text says only that they differ, and whether they contain NaN.
    """
    found = verdict(observation, values)
    if observation.exception:
        return f"{found}: {observation.exception.raised[0]} in phase {observation.exception.phase}"
    wrong = [fact for fact in observation.facts if mismatch(fact, values)]
    return f"{found}: {describe_facts(wrong, values)}" if wrong else found


def describe_facts(facts: list[Fact], values: Mapping[str, Value]) -> str:
    """Describe what was observed, in a few words for each fact."""
    expected = [None if fact.expected is None else values[fact.expected] for fact in facts]
    return "; ".join(f"{f.name} {_spelled(values[f.observed], e)}" for f, e in zip(facts, expected, strict=True))


def _spelled(value: Value, expected: Value) -> str:
    if isinstance(value, dict) and "raised" in value:
        return f"raises {value['raised'][0]}"
    if not (isinstance(value, dict) and "dtype" in value):
        if isinstance(value, list):
            return f"is [{', '.join(_spelled(v, None).removeprefix('is ') for v in value)}]"[:100]
        return f"is {value!r}"[:100]
    data, shape = value["data"], value["shape"]
    size = shape[-1] if shape else 1
    if value["dtype"] == "bool" and data and len(data) <= _MAX_MASK_ELEMENTS:
        digits = "".join(str(int(v)) for v in data)
        return "is " + " ".join(digits[i : i + size] for i in range(0, len(digits), size))
    text = f"is {float(data[0]):.3g}" if len(data) == 1 else "differs"
    if isinstance(expected, dict) and shape != expected.get("shape"):
        text += f", of shape {tuple(shape)}"
    return text + (", with NaN" if "nan" in data and len(data) > 1 else "")


def fingerprint(observation: Observation, values: Mapping[str, Value]) -> str:
    """Return 12 hexadecimal digits that identify what was observed.

    Bools, ints, shapes, dtypes, types and phases of exceptions, and the categories of
    warnings count exactly; floats count with three significant digits, NaN, the
    infinities and zero as such. Messages, expected values and durations do not count.
    """
    behaviour = [kinds(observation), [_rounded(values[fact.observed]) for fact in observation.facts]]
    text = json.dumps(behaviour, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _rounded(value: Value) -> Any:
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "raised" in value:
        return ["raised", value["raised"][0], value["phase"]]
    if "dtype" not in value:
        return value
    data = [v if isinstance(v, int) else _round_float(v) for v in value["data"]]
    return [value["dtype"], value["shape"], data, value.get("sha256")]


def _round_float(number: float | str) -> str:
    # float() also reads "nan", "inf" and "-0.0"; tiny magnitudes are noise around zero.
    value = float(number)
    return "0" if abs(value) < 1e-6 else f"{value:.2e}"


def same_behaviour(one: Observation, other: Observation, values: Mapping[str, Value]) -> bool:
    """Return whether two observations of a case agree within the tolerances of their facts.

    They are compared in what the fingerprint covers, but by tolerance instead of by rounded digits.
    """
    return kinds(one) == kinds(other) and _same_facts(one.facts, other.facts, values)


def _same_facts(some: list[Fact], others: list[Fact], values: Mapping[str, Value]) -> bool:
    for a, b in zip(some, others, strict=True):
        if a.observed == b.observed:  # the same digest: the same value
            continue
        rtol = worker_values.RTOL if a.rtol is None else a.rtol
        atol = worker_values.ATOL if a.atol is None else a.atol
        first, second = values[a.observed], values[b.observed]
        if _dtypes(first) != _dtypes(second) or not worker_values.agree(first, second, rtol, atol):
            return False
    return True


def kinds(observation: Observation) -> list[Any]:
    """Return what must be equal, whatever the tolerance, for two observations to behave the same."""
    raised = observation.exception
    return [
        observation.status,
        [fact.name for fact in observation.facts],
        [raised.raised[0], raised.phase] if raised else None,
        sorted({warning.category for warning in observation.warnings}),
    ]


def _dtypes(value: Value) -> Any:
    if isinstance(value, list):
        return [_dtypes(v) for v in value]
    if isinstance(value, dict) and "raised" in value:
        return [value["raised"][0], value["phase"]]
    return value.get("dtype") if isinstance(value, dict) else None


def cells_by_case(results: Results) -> dict[str, Row]:
    """Return the cells of each case that has any."""
    rows: dict[str, Row] = {}
    for cell in results.cells:
        rows.setdefault(cell.case, {})[cell.target, cell.mode] = cell
    return rows


def behaviours(results: Results) -> dict[tuple[str, str | None], int]:
    """Return the number of each (case, observation), as `behaviours_of_case` yields them."""
    rows = cells_by_case(results)
    return {(case, id): number for case in rows for id, number in behaviours_of_case(rows[case], results)}


def behaviours_of_case(row: Row, results: Results) -> Iterator[tuple[str, int]]:
    """Assign a number to each behaviour of a case, in the order of the targets and then of the modes.

    Args:
        row: The cells of the case.
        results: Has the targets and what was observed.

    Yields:
        Each observation with its number, equal where the case behaves the same. Unsupported cells have none.
    """
    cells = (row.get((target.id, mode)) for target in results.targets for mode in MODES)
    seen: list[tuple[list[Any], list[Fact]]] = []  # what distinguishes each behaviour
    done: set[str] = set()
    for id in (cell.observation for cell in cells if cell and cell.observation is not None):
        if id in done:
            continue
        done.add(id)
        observation = results.observations[id]
        if observation.status == "unsupported":
            continue
        distinct = kinds(observation)
        alike = (
            i
            for i, (k, facts) in enumerate(seen)
            if k == distinct and _same_facts(facts, observation.facts, results.values)
        )
        number = next(alike, len(seen))
        if number == len(seen):
            seen.append((distinct, observation.facts))
        yield id, number


class Judge:
    """Judges the cells of `results`, equal observations once."""

    def __init__(self, results: Results):
        self._results = results
        self._judgements: dict[str, tuple[str, str, str | None]] = {}

    def __call__(self, cell: Cell) -> None:
        """Set verdict, fingerprint and reason of a cell that has an observation."""
        assert cell.observation is not None
        if cell.observation not in self._judgements:
            self._judgements[cell.observation] = self._judged(self._results.observations[cell.observation])
        cell.verdict, cell.fingerprint, cell.reason = self._judgements[cell.observation]

    def _judged(self, observation: Observation) -> tuple[str, str, str | None]:
        values, reason = self._results.values, observation.reason
        if observation.status == "error" and observation.exception:
            reason = f"the case itself failed: {observation.exception.raised[0]}: {observation.exception.message}"
        return verdict(observation, values), fingerprint(observation, values), reason


def judge_all(results: Results) -> None:
    """Recompute every verdict, fingerprint and reason of `results`."""
    judge = Judge(results)
    for cell in results.cells:
        if cell.observation is not None:
            judge(cell)
