"""How a plan is split over machines: whole columns, so that each environment is built once.

The split follows from the plan alone, never from timings: every machine computes the same one.
"""

import functools
import itertools
import re
from collections import Counter
from typing import TypedDict

from conformance.local.errors import UsageError
from conformance.results import Shard
from conformance.run.collector import target_result
from conformance.run.plan import Plan
from conformance.targets.registry import Target

BASE_WEIGHT = 500
"""To install a base takes about as long as so many cells, at a tenth of a second each."""


def work(plan: Plan) -> Counter[str]:
    """Cells of each column that execute something; those of modes that it lacks cost nothing."""
    cells: Counter[str] = Counter()
    for group in plan.groups:
        cells[group.target.id] += len(group.cells)
    return cells


def split(plan: Plan, targets: list[Target], shards: int) -> list[list[Target]]:
    """The columns of each shard, such that the heaviest shard is as light as possible.

    Columns are lined up base by base and the line is cut: columns that share a base stay together, except at a cut.

    Raises:
        UsageError: there are fewer columns than shards.
    """
    if shards > len(targets):
        raise UsageError(f"{shards} shards need as many columns; {len(targets)} are chosen")
    bases = list(dict.fromkeys(t.base.id for t in targets))
    line = sorted(targets, key=lambda t: bases.index(t.base.id))
    cells = work(plan)

    @functools.cache
    def weight(start: int, end: int) -> int:
        part = line[start:end]
        return sum(cells[t.id] for t in part) + BASE_WEIGHT * len({t.base.id for t in part})

    # best[end]: heaviest shard, evenness, and the cuts, of the first `end` columns in the shards so far.
    best: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, 0, (0,))}
    for shard in range(1, shards + 1):
        best = {
            end: min(
                (max(heaviest, weight(cuts[-1], end)), squares + weight(cuts[-1], end) ** 2, (*cuts, end))
                for start, (heaviest, squares, cuts) in best.items()
                if start < end
            )
            for end in range(shard, len(line) + 1)
        }
    cuts = best[len(line)][-1]
    return [[t for t in targets if t in line[a:b]] for a, b in itertools.pairwise(cuts)]


class Part(TypedDict):
    """A shard as `conformance plan` shows it; the names are those of its JSON."""

    shard: str
    targets: list[str]
    cells: int


def describe(plan: Plan, targets: list[Target], shards: int) -> list[Part]:
    """What each of so many shards holds; raises as `split` does."""
    cells = work(plan)
    return [
        Part(shard=f"{i}/{shards}", targets=[t.id for t in columns], cells=sum(cells[t.id] for t in columns))
        for i, columns in enumerate(split(plan, targets, shards), 1)
    ]


def choose(
    text: str, plan: Plan, targets: list[Target], modes: list[str], complete: bool
) -> tuple[Shard, list[Target]]:
    """The shard that "2/8" names, as results describe it, and its columns.

    modes: those that the plan was made of; complete: it is a whole tier with every case and mode.

    Raises:
        UsageError: there is no such shard.
    """
    named = re.fullmatch(r"(\d+)/(\d+)", text)
    if not named or not 1 <= int(named[1]) <= int(named[2]):
        raise UsageError(f"there is no shard '{text}'; the first of eight is 1/8")
    number, columns = int(named[1]), split(plan, targets, int(named[2]))
    declared = [[target_result(t) for t in shard] for shard in columns]
    return Shard(number=number, plan=declared, modes=modes, complete=complete), columns[number - 1]
