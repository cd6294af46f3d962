"""What differs between two observations of one case, in words, and how harmful that is.

The rules, which the page follows as well (`report`'s scripts):

1. How the run ended. If one side works and the other raises, dies, hangs or is not there, or if both fail
   but not alike (class and phase of an exception), that is a difference: "works -> call raises ValueError".
   It is `raises` if the later side fails in a way in which the earlier did not, `cosmetic` otherwise: also
   where the earlier side was not there at all. If the two ended differently nothing else is compared.
2. The facts, by name, lists item by item. It is
   `raises` if only the later value is an exception, `cosmetic` if the earlier is one;
   `cosmetic` if arrays of one shape hold the same numbers in another dtype;
   `silent` if anything else differs: numbers (by the tolerance of the earlier fact), shapes, or that a fact was
   recorded at all. Floats count with six significant digits.
3. Categories of warnings: a new one is `warns`, one that is gone is `cosmetic`. What is silent by rule 2
   is `warns` if there is a new warning.

Values are spelled where they are short: a mask as "[110 100]", a number with three digits, an exception as "raises
ValueError in call"; of other arrays it is said in how many elements they differ and by how much.

The severity of the whole is that of its worst difference. The text has the two worst, of equals those that were
recorded first, and the number of others. Where behaviours were told apart and no rule finds a difference, which
happens at the edge of a tolerance, the text says so and the severity is `cosmetic`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.results import Fact, Observation, Value
from conformance.vocabulary import SEVERITIES, Severity
from conformance.worker import values as worker_values

SPELLED_FACTS = 2
SPELLED_ELEMENTS = 60  # of a mask
SPELLED_CHARACTERS = 80  # of a text or a list, and of the reason why something is not there

Part = tuple[Severity, str]
"""Severity and text of one difference."""


def described(one: Observation, other: Observation, values: Mapping[str, Value]) -> tuple[str, Severity]:
    """`change` and `severity`."""
    parts = differences(one, other, values)
    return _change(parts), _severity(parts)


def change(one: Observation, other: Observation, values: Mapping[str, Value]) -> str:
    """What differs, from the earlier to the later, in one line."""
    return _change(differences(one, other, values))


def severity(one: Observation, other: Observation, values: Mapping[str, Value]) -> Severity:
    """How a reader would notice the step from the earlier to the later: one of `SEVERITIES`."""
    return _severity(differences(one, other, values))


def _severity(parts: list[Part]) -> Severity:
    return parts[0][0] if parts else "cosmetic"


def _change(parts: list[Part]) -> str:
    if not parts:
        return "other values, at the edge of the tolerance"
    spelled = "; ".join(text for _, text in parts[:SPELLED_FACTS])
    more = len(parts) - SPELLED_FACTS
    return " ".join(f"{spelled}; and {more} more".split() if more > 0 else spelled.split())


def differences(one: Observation, other: Observation, values: Mapping[str, Value]) -> list[Part]:
    """All that differs, the worst first."""
    first, second = _end(one), _end(other)
    if one.status != other.status:
        new: Severity = "cosmetic" if one.status == "unsupported" or other.status == "completed" else "raises"
        return [(new, f"{first} -> {second}")]
    parts: list[Part] = [("cosmetic", f"{first} -> {second}")] if first != second else []
    heard, now_heard = ({w.category for w in side.warnings} for side in (one, other))
    value_level: Severity = "warns" if now_heard - heard else "silent"
    parts += [(value_level if level == "silent" else level, text) for level, text in _facts(one, other, values)]
    parts += [("warns", f"now warns ({category})") for category in sorted(now_heard - heard)]
    parts += [("cosmetic", f"no {category} any more") for category in sorted(heard - now_heard)]
    return sorted(parts, key=lambda part: SEVERITIES.index(part[0]))


def _end(observation: Observation) -> str:
    """How the run ended."""
    if observation.status == "raised" and observation.exception:
        raised = observation.exception
        return f"{raised.phase} raises {raised.raised[0]}" if raised.phase else f"raises {raised.raised[0]}"
    if observation.status == "unsupported":
        return f"not there ({short(observation.reason or 'no reason given')})"
    ends = {"completed": "works", "crashed": "the process dies", "timed-out": "hangs"}
    return ends.get(observation.status, observation.status)


def short(text: str) -> str:
    """On one line, of at most `SPELLED_CHARACTERS` characters."""
    text = " ".join(text.split())
    return text if len(text) <= SPELLED_CHARACTERS else text[: SPELLED_CHARACTERS - 3] + "..."


def _facts(one: Observation, other: Observation, values: Mapping[str, Value]) -> Iterator[Part]:
    before, after = ({fact.name: fact for fact in side.facts} for side in (one, other))
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            word = _word(values[(before.get(name) or after[name]).observed]) or "recorded"
            there = f"{word} -> not recorded" if name in before else f"not recorded -> {word}"
            yield "silent", f"{name}: {there}"
        else:
            fact = before[name]
            yield from _values(name, values[fact.observed], values[after[name].observed], _tolerance(fact))


def _tolerance(fact: Fact) -> tuple[float, float]:
    return (
        worker_values.RTOL if fact.rtol is None else fact.rtol,
        worker_values.ATOL if fact.atol is None else fact.atol,
    )


def _values(name: str, one: Value, other: Value, tolerance: tuple[float, float]) -> Iterator[Part]:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _values(f"{name}[{i}]", a, b, tolerance)
        return
    first, second = _word(one), _word(other)
    if _is(one, "raised") or _is(other, "raised"):
        if first != second:
            level: Severity = "cosmetic" if _is(one, "raised") else "raises"
            yield level, f"{name}: {first or _described(one)} -> {second or _described(other)}"
    elif _is(one, "dtype") and _is(other, "dtype") and one["shape"] == other["shape"]:
        wrong = _wrong(one, other, tolerance)
        if wrong and first and second and first != second:
            yield "silent", f"{name}: {first} -> {second}"
        elif wrong:
            yield "silent", f"{name}: other values ({wrong})"
        elif one["dtype"] != other["dtype"]:
            yield "cosmetic", f"{name}: dtype {one['dtype']} -> {other['dtype']}"
    elif type(one) is not type(other) or one != other:  # 0 is not False
        if first == second:
            first = second = None
        yield "silent", f"{name}: {first or _described(one)} -> {second or _described(other)}"


def _is(value: Value, key: str) -> bool:
    return isinstance(value, dict) and key in value


def _raised(value: Value) -> str:
    phase = f" in {value['phase']}" if value["phase"] else ""
    return f"raises {value['raised'][0]}{phase}"


def _wrong(one: Value, other: Value, tolerance: tuple[float, float]) -> str:
    """In how many elements two arrays of one shape differ, and by how much; "" if in none."""
    if "sha256" in one or "sha256" in other:
        return "" if one.get("sha256") == other.get("sha256") else "a large array"
    before, after = _numbers(one), _numbers(other)
    wrong = worker_values.wrong_elements(before, after, *tolerance)
    if not wrong:
        return ""
    text = f"{len(wrong)} of {len(before['data'])}"
    by = [abs(before["data"][i] - after["data"][i]) for i in wrong]
    finite = [number for number in by if math.isfinite(number)]
    if finite and one["dtype"] != "bool":
        text += f", by up to {max(finite):.3g}"
    nan, now_nan = (any(map(math.isnan, side["data"])) for side in (before, after))
    return text + (", now with NaN" if now_nan and not nan else ", no NaN any more" if nan and not now_nan else "")


def _numbers(array: Value) -> dict[str, Any]:
    """The same as floats, whatever they were."""
    data = [float(f"{float(item):.6g}") for item in array["data"]]
    return {"dtype": "float64", "shape": array["shape"], "data": data}


def _described(value: Value) -> str:
    if _is(value, "dtype"):
        return f"{value['dtype']} array of shape ({', '.join(map(str, value['shape']))})"
    return f"{len(value)} items" if isinstance(value, list) else str(_word(value))


def _word(value: Value) -> str | None:
    """A value that is short enough to be spelled: a mask as "[110 100]"; None if it is not."""
    if _is(value, "raised"):
        return _raised(value)
    if _is(value, "dtype"):
        return _array_word(value)
    if isinstance(value, list):
        words = [_word(item) for item in value]
        text = f"[{', '.join(map(str, words))}]"
        return text if all(words) and len(text) <= SPELLED_CHARACTERS else None
    if isinstance(value, dict):
        return short(str(value.get("repr", "")))
    return "none" if value is None else short(str(value))


def _array_word(value: dict[str, Any]) -> str | None:
    data, shape = value["data"], value["shape"]
    if value["dtype"] == "bool" and 0 < len(data) <= SPELLED_ELEMENTS and "sha256" not in value:
        size = shape[-1] if shape else 1
        digits = "".join("1" if item else "0" for item in data)
        return "[" + " ".join(digits[i : i + size] for i in range(0, len(digits), size)) + "]"
    if len(data) == 1 and "sha256" not in value:
        return f"{float(data[0]):.3g}"
    return None
