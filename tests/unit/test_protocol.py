"""The table of the events of a worker, its constructors and the check of the host are of one mind."""

from typing import Any

import pytest

from conformance.local import validation
from conformance.worker import protocol

EXCEPTION = {"raised": ["ValueError"], "phase": "call", "message": "no", "where": []}
OUTCOME = {"status": "raised", "seconds": 0.1, "warnings": [], "exception": EXCEPTION, "reason": None}
MADE: dict[str, dict[str, Any]] = {
    "hello": protocol.hello({"keras": "3.15"}, "jax"),
    "problem": protocol.problem("speed-up x does not fit"),
    "mode": protocol.mode("graph", "no tf.function"),
    "start": protocol.start("masking.default", "eager"),
    "fact": protocol.fact({"name": "mask", "observed": [True], "expected": [True]}),
    "end": protocol.end("masking.default", "eager", OUTCOME),
    "polluted": protocol.polluted("masking.default", "eager", "floatx float32 -> float64"),
    "served": protocol.served(["eager"], None),
    "done": protocol.done(),
}


@pytest.mark.parametrize("kind", protocol.EVENTS)
def test_a_constructor_makes_the_fields_of_the_table(kind: str) -> None:
    fields = protocol.EVENTS[kind]
    assert MADE[kind]["event"] == kind
    assert {*MADE[kind]} == {"event", *fields.required, *fields.optional}


@pytest.mark.parametrize("kind", protocol.EVENTS)
def test_the_host_asks_for_each_field_in_its_form(kind: str) -> None:
    event, fields = MADE[kind], protocol.EVENTS[kind]
    assert validation.is_event(event)
    for name in fields.required:
        assert not validation.is_event({key: value for key, value in event.items() if key != name})
        assert not validation.is_event({**event, name: {"no": ["form"]}})
    for name in fields.optional:
        assert validation.is_event({**event, name: None})
        assert not validation.is_event({**event, name: {"no": ["form"]}})


def test_a_mode_works_unless_there_is_a_reason_why_not() -> None:
    assert protocol.mode("eager", None)["works"] is True and MADE["mode"]["works"] is False
