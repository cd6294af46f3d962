"""`index.html`: the matrix and the evidence behind each cell, in one file that loads nothing.

Python decides, the scripts draw: verdicts, reasons of mismatches and which elements are
wrong are computed here, with the same tolerance as everywhere, and travel as data.
"""

import base64
import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from conformance.expectations import Book, Expectation
from conformance.judge import mismatch, same_behaviour
from conformance.results import VERDICTS, Case, Cell, Fact, Observation, Results, TargetResult, Value
from conformance.targets import MODES
from conformance.worker import values as worker_values

HERE = Path(__file__).parent
# One module in several files; each uses what those before it define.
SCRIPTS = ("dom.js", "data.js", "state.js", "values.js", "matrix.js", "case.js", "column.js", "main.js")
AREAS = {"blog_claims": "The blog's claims"}
ACRONYMS = {
    "api": "API",
    "convlstm": "ConvLSTM",
    "gru": "GRU",
    "lstm": "LSTM",
    "rnn": "RNN",
    "timedistributed": "TimeDistributed",
}


def render(results: Results, expectations: Sequence[Expectation] = (), stamp: str = "") -> str:
    """The page as HTML, complete.

    expectations: why cells do not conform, where that is known; stamp: what the page is made of, as a digest.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    script = "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (HERE / "page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(
        results=results,
        stamp=stamp,
        measured=_date(results.created),
        not_run=[target for target in results.targets if target.reason],
        script=Markup(script),
        style=Markup(style),
        script_hash=_csp_hash(script),
        style_hash=_csp_hash(style),
        data=_embedded(view(results, expectations)),
    )


def _embedded(data: Any) -> Markup:
    # Inside <script>, "<" is all that could end the element or open a comment.
    return Markup(json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))


def _csp_hash(text: str) -> str:
    # Only this very text may run: markup that ever got into the page would be inert.
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _date(created: str) -> str:
    try:
        return f"{datetime.datetime.fromisoformat(created):%d %B %Y, %H:%M} UTC".lstrip("0")
    except ValueError:
        return created


class _Pool:
    """Equal items, stored once and referred to by their position."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._positions: dict[str, int] = {}

    def put(self, item: Any) -> int:
        key = json.dumps(item, sort_keys=True)
        if key not in self._positions:
            self._positions[key] = len(self.items)
            self.items.append(item)
        return self._positions[key]


def view(results: Results, expectations: Sequence[Expectation] = ()) -> dict[str, Any]:
    """What the scripts draw, as JSON data; references are positions in its lists."""
    values, observations, texts = _Pool(), _Pool(), _Pool()
    cases = {case.id: i for i, case in enumerate(results.cases)}
    targets = {target.id: i for i, target in enumerate(results.targets)}
    position_of = {
        key: observations.put(_observation(observation, results.values, values))
        for key, observation in sorted(results.observations.items())
    }

    def text(value: str | None) -> int | None:
        return None if value is None else texts.put(value)

    behaviour_of = behaviours(results)
    book = Book(expectations, results)
    reasons = _Pool()

    def reason(cell: Cell) -> int | None:
        known = book.explanation(cell)
        return None if known is None else reasons.put(_expectation(known))

    def row(cell: Cell) -> list[Any]:
        where = [cases[cell.case], targets[cell.target], MODES.index(cell.mode), VERDICTS.index(cell.verdict)]
        observation = None if cell.observation is None else position_of[cell.observation]
        behaviour = behaviour_of.get((cell.case, cell.observation))
        return [*where, observation, behaviour, text(cell.fingerprint), cell.seconds, text(cell.reason), reason(cell)]

    cells = [row(cell) for cell in results.cells]
    return {
        "verdicts": VERDICTS,
        "modes": MODES,
        "targets": [_target(target) for target in results.targets],
        "cases": [{**_case(case), "code": texts.put(case.code)} for case in results.cases],
        "cells": cells,
        "expectations": reasons.items,
        "observations": observations.items,
        "values": values.items,
        "texts": texts.items,
    }


def behaviours(results: Results) -> dict[tuple[str, str | None], int]:
    """A number for each (case, observation): the same where a case behaves the same, in the order of the columns.

    What was not executed has no behaviour.
    """
    order = {target.id: i for i, target in enumerate(results.targets)}
    known: dict[str, list[Observation]] = {}
    numbers: dict[tuple[str, str | None], int] = {}
    for cell in sorted(results.cells, key=lambda cell: order[cell.target]):
        if cell.observation is None or (cell.case, cell.observation) in numbers or cell.verdict == "unsupported":
            continue
        observation = results.observations[cell.observation]
        seen = known.setdefault(cell.case, [])
        same = (i for i, other in enumerate(seen) if same_behaviour(other, observation, results.values))
        number = next(same, len(seen))
        if number == len(seen):
            seen.append(observation)
        numbers[cell.case, cell.observation] = number
    return numbers


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _expectation(known: Expectation) -> dict[str, Any]:
    return {"id": known.id, "kind": known.kind, "reason": known.reason.strip(), "sources": known.sources}


def _case(case: Case) -> dict[str, Any]:
    # A title is the first line of a docstring and ends with a period; a heading does not.
    return {**_fields(case), "title": case.title.removesuffix("."), "area": area(case.file)}


def _target(target: TargetResult) -> dict[str, Any]:
    short = re.sub(r"^(tf\.keras|tf_keras|keras)\s+", "", target.title, flags=re.IGNORECASE)
    return {**_fields(target), "generation": generation(target), "short": short}


def area(file: str) -> str:
    """What a case file is about: test_mask_shape.py -> Mask shape."""
    stem = Path(file).stem.removeprefix("test_")
    words = [ACRONYMS.get(word, word) for word in stem.split("_")]
    spelled = " ".join(words)
    return AREAS.get(stem, spelled[:1].upper() + spelled[1:])


def generation(target: TargetResult) -> str:
    """Which Keras this is a release of. A column that did not run has reported no version."""
    if target.front_end != "keras":
        return target.front_end
    pinned = [pin.removeprefix("keras==") for pin in target.pins if pin.startswith("keras==")]
    for version in [target.versions.get("keras", ""), *pinned, target.title, target.id]:
        found = re.search(r"\d+", version)
        if found:
            return f"Keras {found[0]}"
    return "Keras"


def _observation(observation: Observation, values: dict[str, Value], pool: _Pool) -> dict[str, Any]:
    raised = observation.exception
    return {
        "status": observation.status,
        "facts": [_fact(fact, values, pool) for fact in observation.facts],
        "exception": _fields(raised) if raised else None,
        "warnings": [_fields(warning) for warning in observation.warnings],
    }


def _fact(fact: Fact, values: dict[str, Value], pool: _Pool) -> dict[str, Any]:
    why = mismatch(fact, values)
    observed, expected = values[fact.observed], None if fact.expected is None else values[fact.expected]
    return {
        "name": fact.name,
        "observed": pool.put(_shown(observed, exact=why is not None)),
        "expected": None if fact.expected is None else pool.put(_shown(expected, exact=why is not None)),
        "mismatch": why,
        "wrong": wrong_elements(observed, expected, fact.rtol, fact.atol) if why else None,
        "tolerance": [
            worker_values.RTOL if fact.rtol is None else fact.rtol,
            worker_values.ATOL if fact.atol is None else fact.atol,
        ],
    }


def _shown(value: Value, exact: bool) -> Value:
    """A value for the page: six significant digits, unless somebody will look for the difference."""
    if isinstance(value, list):
        return [_shown(v, exact) for v in value]
    if exact or not (isinstance(value, dict) and "dtype" in value):
        return value
    return {**value, "data": [float(f"{v:.6g}") if isinstance(v, float) else v for v in value["data"]]}


def wrong_elements(observed: Value, expected: Value, rtol: float | None, atol: float | None) -> Any:
    """Where two values differ: None nowhere, True as a whole, positions in `data`, or {"items": ...} of lists."""
    rtol = worker_values.RTOL if rtol is None else rtol
    atol = worker_values.ATOL if atol is None else atol
    if worker_values.difference(observed, expected, rtol, atol) is None:
        return None
    if isinstance(observed, list) and isinstance(expected, list) and len(observed) == len(expected):
        pairs = zip(observed, expected, strict=True)
        return {"items": [wrong_elements(a, b, rtol, atol) for a, b in pairs]}
    positions = worker_values.wrong_elements(observed, expected, rtol, atol)
    return True if positions is None else positions
