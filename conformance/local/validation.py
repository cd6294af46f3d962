"""Validates values and events of a worker: whatever else comes from a target is refused, not believed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from conformance.worker.protocol import EVENTS

NUMBERS = ("nan", "inf", "-inf", "-0.0")  # that JSON cannot spell
DEPTH = 100  # of lists in lists


def wrong_value(value: Any, depth: int = DEPTH) -> str | None:
    """Return why this is not a value as `conformance.worker.values` encodes them, None if it is one."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return None
    if isinstance(value, list):
        if not depth:
            return f"a list nested more than {DEPTH} deep"
        return next((why for why in (wrong_value(item, depth - 1) for item in value) if why), None)
    if "dtype" in value:
        return _wrong_array(value)
    if "raised" in value:
        good = _texts(value["raised"]) and value["raised"] and isinstance(value.get("message"), str)
        return None if good and isinstance(value.get("phase"), (str, type(None))) else "an exception of unknown form"
    return None if isinstance(value.get("repr"), str) else "an object of unknown form"


def _wrong_array(value: dict[str, Any]) -> str | None:
    shape, data = value.get("shape"), value.get("data")
    if not isinstance(value["dtype"], str) or not isinstance(shape, list) or not isinstance(data, list):
        return "an array without type, shape or data"
    if not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        return "an array of an impossible shape"
    if not all(type(item) in (int, float) or item in NUMBERS for item in data):
        return "an array of something other than numbers"
    size = math.prod(shape)
    cut = isinstance(value.get("sha256"), str) and len(data) < size
    return None if len(data) == size or cut else f"an array with {len(data)} numbers, not {size}"


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _is_fact(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and "observed" in value
        and all(wrong_value(value.get(name)) is None for name in ("observed", "expected"))
        and all(_is_seconds(value.get(name, 0.0)) for name in ("rtol", "atol"))
    )


def _is_versions(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(version, str) for version in value.values())


def _is_status(value: Any) -> bool:
    return value in ("completed", "raised", "unsupported", "error")


def _is_megabytes(value: Any) -> bool:
    return value is None or type(value) is int


def _is_exception(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {*value} <= {"raised", "phase", "message", "where"}
        and wrong_value(value) is None
        and "raised" in value
        and _texts(value.get("where", []))
    )


def _are_warnings(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and {*one} == {"category", "message", "count"}
        and isinstance(one["category"], str)
        and isinstance(one["message"], str)
        and type(one["count"]) is int
        for one in value
    )


_FORMS: dict[str, Callable[[Any], bool]] = {
    "backend": _is_text,
    "case": _is_text,
    "exception": _is_exception,
    "fact": _is_fact,
    "mode": _is_text,
    "modes": _texts,
    "peak_mb": _is_megabytes,
    "reason": _is_text,
    "seconds": _is_seconds,
    "status": _is_status,
    "versions": _is_versions,
    "warnings": _are_warnings,
    "what": _is_text,
    "works": lambda value: isinstance(value, bool),
}
"""The form of each field of `protocol.EVENTS`."""


def is_event(event: Any) -> bool:
    """Return whether this is an event as `conformance.worker.protocol` describes them."""
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return False
    fields = EVENTS.get(event["event"])
    if fields is None:
        return True  # whoever listens passes over it
    given = [name for name in fields.optional if event.get(name) is not None]
    return all(name in event and _FORMS[name](event[name]) for name in [*fields.required, *given])
