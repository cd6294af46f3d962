"""The budgets, and whether the measurements keep them."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench.record import Entry, Record, Sample


def seconds(value: float) -> str:
    """Format a duration given in seconds."""
    if value < 100:
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def size(megabytes: float) -> str:
    """Format a size given in megabytes."""
    return f"{megabytes / 1000:.3g} GB" if megabytes >= 1000 else f"{megabytes:.3g} MB"


def percent(value: float) -> str:
    """Format a share, 1.0 for all, as a percentage."""
    return f"{value * 100:.0f} %"


def times(value: float) -> str:
    """Format a factor."""
    return f"{value:.3g} times"


def wall(entry: Entry) -> float:
    """Return the wall time of the suite in seconds: the median of the repeats."""
    return median(sample.wall for sample in entry.suite_runs)


def _ratio(pairs: list[tuple[Sample, Sample]], of: Callable[[Sample], float]) -> float:
    return median(of(a) / of(b) for a, b in pairs)


def wall_ratio(entry: Entry) -> float:
    """Return the wall time of the suite divided by that of its counterpart: the median of the pairs."""
    return _ratio(list(zip(entry.suite_runs, entry.other, strict=True)), lambda sample: sample.wall)


def wall_difference(entry: Entry) -> float:
    """Return the wall time of the suite minus that of its counterpart in seconds: the median of the pairs."""
    return median(a.wall - b.wall for a, b in zip(entry.suite_runs, entry.other, strict=True))


def cpu_ratio(entry: Entry) -> float:
    """Return the processor time of the suite divided by that of its counterpart: the median of the pairs."""
    return _ratio(list(zip(entry.suite_runs, entry.other, strict=True)), lambda sample: sample.cpu)


@dataclass(frozen=True)
class Measure:
    """A kind of measurement.

    Attributes:
        label: What the page calls it.
        number: Computes the number that is compared with the budget.
        written: Formats that number.
        at_least: Whether the budget is a minimum, not a maximum.
        sampled: Whether the number depends on which cases run.
    """

    label: str
    number: Callable[[Entry], float]
    written: Callable[[float], str]
    at_least: bool = False
    sampled: bool = True


def _megabytes(entry: Entry) -> float:
    assert entry.megabytes is not None
    return entry.megabytes


MEASURES = {
    "cold": Measure("run, everything installed, nothing cached", wall, seconds),
    "warm": Measure("run, nothing changed", wall, seconds),
    "changed": Measure("run, one case changed, beyond its imports and that case", wall_difference, seconds),
    "floor": Measure("overhead over the floor, on all cores", lambda entry: wall_ratio(entry) - 1, percent),
    "overhead": Measure("overhead over the floor", lambda entry: wall_ratio(entry) - 1, percent),
    "plain": Measure("speed against plain pytest", lambda entry: 1 / wall_ratio(entry), times, at_least=True),
    "memory": Measure("memory of one worker", _megabytes, size),
    "disk": Measure("disk of the environments", _megabytes, size, sampled=False),
    "page": Measure("size of the page", _megabytes, size),
    "results": Measure("size of results.json", _megabytes, size),
}

_PLACED: list[tuple[str, str, float | None]] = [  # in the order of the page; seconds, shares, times or megabytes
    ("cold", "core", 6 * 60),
    ("cold", "history", 40 * 60),
    ("warm", "core", 3),
    ("warm", "history", 10),
    ("changed", "core", 3),  # the budget of a run with nothing changed
    ("floor", "core", 0.1),
    ("overhead", "*", 0.1),
    ("plain", "*", 4),
    ("memory", "core", 1500),
    ("memory", "history", 1500),
    ("disk", "core", 6000),
    ("disk", "history", 20000),
    ("page", "core", None),
    ("page", "history", 3),
    ("results", "core", None),
    ("results", "history", None),
]


@dataclass(frozen=True)
class Row:
    """One budget; `share` is the part of it that is used (1 is all), or None if there is no number to judge."""

    label: str
    budget: str
    measured: str
    state: str
    share: float | None = None


def rows(record: Record) -> list[Row]:
    """List every budget, measured or not."""
    found = []
    for what, of, limit in _PLACED:
        for one in (record.subjects(what) or ["any target"]) if of == "*" else [of]:
            found.append(_row(record, what, one, limit))
    return found


def _row(record: Record, what: str, of: str, limit: float | None) -> Row:
    measure, entry = MEASURES[what], record.get(what, of)
    label = f"{of}: {measure.label}"
    budget = "" if limit is None else ("at least " if measure.at_least else "") + measure.written(limit)
    if entry is None:
        return Row(label, budget, "", "not measured")
    if entry.failure is not None:
        return Row(label, budget, "", "failed")
    number = measure.number(entry)
    measured = measure.written(number)
    if record.patterns and measure.sampled:
        return Row(label, budget, measured, "part of the suite")
    if limit is None:
        return Row(label, budget, measured, "no budget")
    share = limit / number if measure.at_least else number / limit
    return Row(label, budget, measured, "met" if share <= 1 else "not met", share)
