"""What differs between two observations of one case, in words, and how a user would notice.

The scripts of the page follow the same rules (`report/web/difference.js`):

1. How the run ended. If only one of the two completes, or if both fail but differently (class and phase of the
   exception), that is a difference: "works -> raises ValueError in call". It is `raises` if the later observation
   fails in a way in which the earlier one did not, and `cosmetic` otherwise, also where the earlier target does not
   have the API. If the two ended differently, nothing else is compared.
2. The facts, by name, lists item by item. A difference is
   `raises` if only the later value is an exception, `cosmetic` if only the earlier one is;
   `cosmetic` if arrays of one shape hold the same numbers in another dtype;
   `silent` if anything else differs: numbers (by the tolerance of the earlier fact), shapes, or whether the fact was
   recorded at all. Floats are compared with six significant digits.
3. Categories of warnings: a new one is `warns`, one that is no longer emitted is `cosmetic`. What is silent by rule 2
   is `warns` if there is a new warning.

Short values are written out: a mask as "[110 100]", a number with three digits, an exception as "raises ValueError in
call". Of other arrays the text gives the number of elements that differ and the largest difference.

The severity of a change is that of its worst difference. The text has the two worst differences, those recorded first
if several are equally bad, and the number of the others. At the edge of a tolerance, behaviours may be distinct
although no rule finds a difference: the text says so, and the severity is `cosmetic`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.results import Fact, Observation, Value
from conformance.vocabulary import SEVERITIES, Severity
from conformance.worker import values as worker_values

MAX_DIFFERENCES = 2  # that are written out
MAX_MASK_ELEMENTS = 60
MAX_CHARACTERS = 80  # of a text or a list, and of the reason why an API is not available

Difference = tuple[Severity, str]
"""Severity and text of one difference."""


def describe_change(before: Observation, after: Observation, values: Mapping[str, Value]) -> tuple[str, Severity]:
    """Describe the change from one observation of a case to another.

    Args:
        before: The earlier observation.
        after: The later observation.
        values: The stored values that the facts refer to.

    Returns:
        The text, on one line, and the severity: how a user would notice the change.
    """
    found = differences(before, after, values)
    if not found:
        return "values differ at the edge of the tolerance", "cosmetic"
    text = "; ".join(text for _, text in found[:MAX_DIFFERENCES])
    more = len(found) - MAX_DIFFERENCES
    if more > 0:
        text += f"; and {more} more"
    return " ".join(text.split()), found[0][0]


def differences(before: Observation, after: Observation, values: Mapping[str, Value]) -> list[Difference]:
    """Return all differences, the worst first."""
    first, second = _ending(before), _ending(after)
    if before.status != after.status:
        level: Severity = "cosmetic" if before.status == "unsupported" or after.status == "completed" else "raises"
        return [(level, f"{first} -> {second}")]
    found: list[Difference] = [("cosmetic", f"{first} -> {second}")] if first != second else []
    old, new = ({warning.category for warning in side.warnings} for side in (before, after))
    silent: Severity = "warns" if new - old else "silent"
    found += [(silent if level == "silent" else level, text) for level, text in _facts(before, after, values)]
    found += [("warns", f"now emits {category}") for category in sorted(new - old)]
    found += [("cosmetic", f"no longer emits {category}") for category in sorted(old - new)]
    return sorted(found, key=lambda difference: SEVERITIES.index(difference[0]))


def _ending(observation: Observation) -> str:
    """Describe how the run ended."""
    if observation.status == "raised" and observation.exception:
        return _raises(observation.exception.raised[0], observation.exception.phase)
    if observation.status == "unsupported":
        return f"not available ({short(observation.reason or 'no reason given')})"
    endings = {"completed": "works", "crashed": "crashes", "timed-out": "times out"}
    return endings.get(observation.status, observation.status)


def _raises(name: str, phase: str | None) -> str:
    return f"raises {name} in {phase}" if phase else f"raises {name}"


def short(text: str) -> str:
    """Return the text on one line of at most `MAX_CHARACTERS` characters."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 3] + "..."


def _facts(one: Observation, other: Observation, values: Mapping[str, Value]) -> Iterator[Difference]:
    before, after = ({fact.name: fact for fact in side.facts} for side in (one, other))
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            value = _spelled(values[(before.get(name) or after[name]).observed]) or "recorded"
            yield "silent", f"{name}: " + (f"{value} -> not recorded" if name in before else f"not recorded -> {value}")
        else:
            fact = before[name]
            yield from _values(name, values[fact.observed], values[after[name].observed], _tolerance(fact))


def _tolerance(fact: Fact) -> tuple[float, float]:
    return (
        worker_values.RTOL if fact.rtol is None else fact.rtol,
        worker_values.ATOL if fact.atol is None else fact.atol,
    )


def _values(name: str, one: Value, other: Value, tolerance: tuple[float, float]) -> Iterator[Difference]:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _values(f"{name}[{i}]", a, b, tolerance)
        return
    first, second = _spelled(one), _spelled(other)
    if _is(one, "raised") or _is(other, "raised"):
        if first != second:
            level: Severity = "cosmetic" if _is(one, "raised") else "raises"
            yield level, f"{name}: {first or _described(one)} -> {second or _described(other)}"
    elif _is(one, "dtype") and _is(other, "dtype") and one["shape"] == other["shape"]:
        difference = _array_difference(one, other, tolerance)
        if difference and first and second and first != second:
            yield "silent", f"{name}: {first} -> {second}"
        elif difference:
            yield "silent", f"{name} {difference}"
        elif one["dtype"] != other["dtype"]:
            yield "cosmetic", f"{name}: dtype {one['dtype']} -> {other['dtype']}"
    elif type(one) is not type(other) or one != other:  # 0 is not False
        if first == second:
            first = second = None
        yield "silent", f"{name}: {first or _described(one)} -> {second or _described(other)}"


def _is(value: Value, key: str) -> bool:
    return isinstance(value, dict) and key in value


def _array_difference(one: Value, other: Value, tolerance: tuple[float, float]) -> str:
    """Describe where and by how much two arrays of one shape differ; return "" if they agree."""
    if "sha256" in one or "sha256" in other:
        return "" if one.get("sha256") == other.get("sha256") else "differs (a large array)"
    before, after = _numbers(one), _numbers(other)
    wrong = worker_values.wrong_elements(before, after, *tolerance)
    if not wrong:
        return ""
    size, details = len(before["data"]), []
    finite = [d for i in wrong if math.isfinite(d := abs(before["data"][i] - after["data"][i]))]
    if finite and one["dtype"] != "bool":
        details.append(f"max. difference {max(finite):.3g}")
    nan, now_nan = (any(map(math.isnan, side["data"])) for side in (before, after))
    if nan != now_nan:
        details.append("now contains NaN" if now_nan else "no longer contains NaN")
    where = "differs everywhere" if len(wrong) == size else f"differs in {len(wrong)} of {size} elements"
    return (where if size > 1 else "differs") + (f" ({', '.join(details)})" if details else "")


def _numbers(array: Value) -> dict[str, Any]:
    """Return the array as floats of six significant digits."""
    data = [float(f"{float(item):.6g}") for item in array["data"]]
    return {"dtype": "float64", "shape": array["shape"], "data": data}


def _described(value: Value) -> str:
    if _is(value, "dtype"):
        return f"{value['dtype']} array of shape ({', '.join(map(str, value['shape']))})"
    return f"list of {len(value)} items" if isinstance(value, list) else str(_spelled(value))


def _spelled(value: Value) -> str | None:
    """Write out a short value, a mask as "[110 100]"; return None if it is too long."""
    if _is(value, "raised"):
        return _raises(value["raised"][0], value["phase"])
    if _is(value, "dtype"):
        return _spelled_array(value)
    if isinstance(value, list):
        items = [_spelled(item) for item in value]
        text = f"[{', '.join(map(str, items))}]"
        return text if all(items) and len(text) <= MAX_CHARACTERS else None
    if isinstance(value, dict):
        return short(str(value.get("repr", "")))
    return "none" if value is None else short(str(value))


def _spelled_array(value: dict[str, Any]) -> str | None:
    data, shape = value["data"], value["shape"]
    if value["dtype"] == "bool" and 0 < len(data) <= MAX_MASK_ELEMENTS and "sha256" not in value:
        size = shape[-1] if shape else 1
        digits = "".join("1" if item else "0" for item in data)
        return "[" + " ".join(digits[i : i + size] for i in range(0, len(digits), size)) + "]"
    if len(data) == 1 and "sha256" not in value:
        return f"{float(data[0]):.3g}"
    return None
