"""The data of the page as JSON: positions in lists instead of names, equal items stored once."""

import datetime
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.judge import behaviours, mismatch
from conformance.report.audit import AuditRecord
from conformance.report.scope import NOT_MEASURED
from conformance.repro.stored import Stored
from conformance.results import Case, Cell, Fact, Observation, Results, TargetResult, Value, schema
from conformance.vocabulary import MODES, VERDICT_OF_STATUS, VERDICTS
from conformance.worker import values as worker_values


class _Pool:
    """A list in which equal items are stored once and referred to by their position."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._positions: dict[str, int] = {}

    def put(self, item: Any) -> int:
        """Store an item and return its position."""
        key = json.dumps(item, sort_keys=True)
        if key not in self._positions:
            self._positions[key] = len(self.items)
            self.items.append(item)
        return self._positions[key]


def page_data(
    results: Results,
    expectations: Sequence[Expectation] = (),
    files: Sequence[str] = (),
    scripts: Stored | None = None,
    audit: AuditRecord | None = None,
) -> dict[str, Any]:
    """Return the results in the form that the page's modules read (`data.js`).

    `rows` has, for each case and each of its modes, three lists over the targets: outcome, explanation (positions in
    `outcomes` and `expectations`, -1 for none) and duration in hundredths of a second. An outcome is what one or more
    cells did, with the verdict; `behaviour` is equal for outcomes of a case that behave the same.

    Args:
        results: The results to show.
        expectations: Why cells do not conform.
        files: Names of the files beside the page.
        scripts: The texts that standalone scripts are joined from.
        audit: How many cells standalone scripts repeat.
    """
    outcomes, values, texts, reasons = _Pool(), _Pool(), _Pool(), _Pool()
    behaviour_of = behaviours(results)
    index = ExpectationIndex(expectations, results)
    position = {target.id: i for i, target in enumerate(results.targets)}
    number_of = {case.id: i for i, case in enumerate(results.cases)}
    placed: dict[tuple[str | None, str, str | None, int | None], int] = {}
    rows: list[dict[str, list[list[int]]]] = [{} for _ in results.cases]

    def outcome(cell: Cell) -> int:
        behaviour = behaviour_of.get((cell.case, cell.observation))
        key = (cell.observation, cell.verdict, cell.reason, behaviour)
        if key not in placed:
            observation = None if cell.observation is None else results.observations[cell.observation]
            placed[key] = outcomes.put(
                {
                    "verdict": VERDICTS.index(cell.verdict),
                    "behaviour": behaviour,
                    "fingerprint": cell.fingerprint,
                    "reason": None if cell.reason is None else texts.put(cell.reason),
                    **(_observation(observation, results.values, values) if observation else _NOTHING),
                }
            )
        return placed[key]

    for cell in results.cells:
        of_mode = rows[number_of[cell.case]].setdefault(
            str(MODES.index(cell.mode)), [[-1] * len(position), [-1] * len(position), [0] * len(position)]
        )
        expectation = index.explanation(cell)
        where = position[cell.target]
        of_mode[0][where] = outcome(cell)
        of_mode[1][where] = -1 if expectation is None else reasons.put(_expectation(expectation))
        of_mode[2][where] = round(100 * (cell.seconds or 0))
    return {
        "run": _run(results),
        "files": files,
        "not_measured": NOT_MEASURED,
        "audit": audit and msgspec.to_builtins(audit),
        "scripts": msgspec.to_builtins(scripts),
        "verdicts": VERDICTS,
        "modes": MODES,
        "verdict_of_status": VERDICT_OF_STATUS,
        "tolerance": [worker_values.RTOL, worker_values.ATOL],
        "schema": schema(),
        "targets": [_target(target) for target in results.targets],
        "cases": [{**_case(case), "code": texts.put(case.code)} for case in results.cases],
        "rows": rows,
        "outcomes": outcomes.items,
        "expectations": reasons.items,
        "values": values.items,
        "texts": texts.items,
    }


def _run(results: Results) -> dict[str, Any]:
    named = ("platform", "suite_version", "bundle")
    return {"measured": spelled(results.measured()), **{name: getattr(results, name) for name in named}}


def spelled(moments: Sequence[str]) -> str:
    """Format a period as "22 November 2026, 09:50 to 10:31 UTC"; a text that is not a date stays unchanged."""
    first, last = map(_spelled, moments)
    if first == last:
        return first
    day, _, time = last.partition(", ")
    return f"{first.removesuffix(' UTC')} to {time if first.startswith(day) else last}"


def _spelled(moment: str) -> str:
    try:
        return f"{datetime.datetime.fromisoformat(moment):%d %B %Y, %H:%M} UTC".lstrip("0")
    except ValueError:
        return moment


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _expectation(one: Expectation) -> dict[str, Any]:
    fields = {"id": one.id, "kind": one.kind, "reason": one.reason.strip(), "sources": one.sources}
    return {**fields, "workaround": _fields(one.workaround) if one.workaround else None}


def _case(case: Case) -> dict[str, Any]:
    # A title is the first line of a docstring and ends with a period; a heading does not.
    thinned = msgspec.to_builtins(case.thinned)
    return {**_fields(case), "title": case.title.removesuffix("."), "area": area(case), "thinned": thinned}


def _target(target: TargetResult) -> dict[str, Any]:
    short = re.sub(r"^(tf\.keras|tf_keras|keras)\s+", "", target.title, flags=re.IGNORECASE)
    return {**_fields(target), "generation": generation(target), "short": short}


def area(case: Case) -> str:
    """Return the area of a case; in older results, which lack it, the first part of the id."""
    return case.area or case.id.partition(".")[0]


def generation(target: TargetResult) -> str:
    """Return the generation of Keras that a target belongs to; one that did not run has reported no version."""
    if target.front_end != "keras":
        return target.front_end
    pinned = [pin.removeprefix("keras==") for pin in target.pins if pin.startswith("keras==")]
    for version in [target.versions.get("keras", ""), *pinned, target.title, target.id]:
        found = re.search(r"\d+", version)
        if found:
            return f"Keras {found[0]}"
    return "Keras"


_NOTHING: dict[str, Any] = {"status": None, "facts": [], "exception": None, "warnings": []}


def _observation(observation: Observation, values: dict[str, Value], pool: _Pool) -> dict[str, Any]:
    raised = observation.exception
    return {
        "status": observation.status,
        "facts": [_fact(fact, values, pool) for fact in observation.facts],
        "exception": _fields(raised) if raised else None,
        "warnings": [_fields(warning) for warning in observation.warnings],
    }


def _fact(fact: Fact, values: dict[str, Value], pool: _Pool) -> dict[str, Any]:
    strict = fact.rtol is not None and fact.rtol < worker_values.RTOL
    why = mismatch(fact, values)
    exact = strict or why is not None
    fields: dict[str, Any] = {"name": fact.name, "observed": pool.put(_shown(values[fact.observed], exact))}
    if fact.expected is not None:
        fields["expected"] = pool.put(_shown(values[fact.expected], exact))
    if fact.rtol is not None or fact.atol is not None:
        fields["tolerance"] = [
            worker_values.RTOL if fact.rtol is None else fact.rtol,
            worker_values.ATOL if fact.atol is None else fact.atol,
        ]
    if why is not None:
        raised = isinstance(values[fact.observed], dict) and "raised" in values[fact.observed]
        fields["why"] = why.split(":")[0] if raised else why  # the message is shown with the value
    return fields


def _shown(value: Value, exact: bool) -> Value:
    """Round a value to six significant digits, unless it must be shown exactly."""
    if isinstance(value, list):
        return [_shown(v, exact) for v in value]
    if exact or not (isinstance(value, dict) and "dtype" in value):
        return value
    return {**value, "data": [float(f"{v:.6g}") if isinstance(v, float) else v for v in value["data"]]}
