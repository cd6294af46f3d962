"""Whether a stand-alone script does what its cell did: the same verdict, exception and values."""

import random
import re
from collections import Counter
from collections.abc import Sequence

from conformance import results
from conformance.judging.judge import mismatch
from conformance.repro.execute import ScriptRun
from conformance.results import Observation, Value
from conformance.worker import values

EXIT_CODES = {"conforms": 0, "observed": 0, "deviates": 1, "raises": 1, "unsupported": 2}
VERDICTS = ("conforms", "observed", "deviates", "raises")  # of what a script can show


def disagreement(done: ScriptRun, cell: results.Cell, found: results.Results) -> str | None:
    """How the verdict or the exception of a script is not that of its cell; None if they are the same."""
    assert cell.observation is not None
    observation = found.observations[cell.observation]
    if done.code != EXIT_CODES[cell.verdict]:
        return f"exit code {done.code}"
    last = next((line for line in reversed(done.errors) if line and not line.startswith(" ")), "")
    wrong = [fact.name for fact in observation.facts if mismatch(fact, found.values)]
    if cell.verdict == "deviates" and last != f"not as expected: {', '.join(wrong)}":
        return f"says '{last}', expected {wrong}"
    kind = observation.exception.raised[0] if observation.exception else ""
    if cell.verdict == "raises" and not any(f"{kind}" in line for line in done.errors):
        return f"no {kind}: {last}"
    return None


def other_values(
    recorded: Sequence[tuple[str, Value]], observation: Observation, stored: dict[str, Value]
) -> str | None:
    """How the values that a script recorded are not those of its cell, by the tolerance of each fact."""
    names = [fact.name for fact in observation.facts]
    if [name for name, _ in recorded] != names:
        return f"recorded {[name for name, _ in recorded]}, the cell {names}"
    for (name, value), fact in zip(recorded, observation.facts, strict=True):
        rtol = values.RTOL if fact.rtol is None else fact.rtol
        atol = values.ATOL if fact.atol is None else fact.atol
        why = values.difference(_as_raised(value), _without_phases(stored[fact.observed]), rtol, atol)
        if why:
            return f"{name}: {why}"
    return None


def _as_raised(value: Value) -> Value:
    """In scripts that expect no exception, `run.attempt` returns one as a text: `raised ValueError('...')`."""
    named = re.match(r"raised (\w+)\(", value) if isinstance(value, str) else None
    return {"raised": [named[1]], "phase": None, "message": ""} if named else value


def _without_phases(value: Value) -> Value:
    """Scripts know no phases: an exception there has its classes only."""
    if isinstance(value, list):
        return [_without_phases(item) for item in value]
    return {**value, "phase": None} if isinstance(value, dict) and "raised" in value else value


def draw(cells: Sequence[results.Cell], each: int, seed: int) -> list[results.Cell]:
    """Draw as many cells of each target and mode, at random, of as many cases as there are.

    Args:
        cells: The cells to draw from.
        each: How many of each target and mode; fewer where there are fewer.
        seed: Seed of the draw; the same cells give the same sample.
    """
    chance = random.Random(seed)
    groups: dict[tuple[str, str], list[results.Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.target, cell.mode), []).append(cell)
    seen: Counter[str] = Counter()
    chosen = []
    for place in sorted(groups):
        shuffled = chance.sample(groups[place], len(groups[place]))
        taken = sorted(shuffled, key=lambda cell: seen[cell.case])[:each]  # sorted keeps the order of equals
        seen.update(cell.case for cell in taken)
        chosen += taken
    return chosen
