"""Splits a plan over machines by whole targets, so that each environment is built once.

The split depends only on the plan, never on timings, so every machine computes the same one.
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
"""Cost of installing a base, in cells of about a tenth of a second."""


def work(plan: Plan) -> Counter[str]:
    """Count the cells of each target that execute something; modes that it lacks cost nothing."""
    cells: Counter[str] = Counter()
    for group in plan.groups:
        cells[group.target.id] += len(group.cells)
    return cells


def split(plan: Plan, targets: list[Target], shards: int) -> list[list[Target]]:
    """Return the targets of each shard, so that the largest shard is as small as possible.

    The targets are sorted by base and the list is cut, so that targets that share a base stay together except at cuts.

    Raises:
        UsageError: If there are fewer targets than shards.
    """
    if shards > len(targets):
        raise UsageError(f"cannot split {len(targets)} targets into {shards} shards")
    bases = list(dict.fromkeys(t.base.id for t in targets))
    line = sorted(targets, key=lambda t: bases.index(t.base.id))
    cells = work(plan)

    @functools.cache
    def weight(start: int, end: int) -> int:
        part = line[start:end]
        return sum(cells[t.id] for t in part) + BASE_WEIGHT * len({t.base.id for t in part})

    # best[end]: heaviest shard, evenness, and the cuts, of the first `end` targets in the shards so far.
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
    """A shard in the JSON of `conformance plan`."""

    shard: str
    targets: list[str]
    cells: int


def describe(plan: Plan, targets: list[Target], shards: int) -> list[Part]:
    """Describe each shard; raises like `split`."""
    cells = work(plan)
    return [
        Part(shard=f"{i}/{shards}", targets=[t.id for t in some], cells=sum(cells[t.id] for t in some))
        for i, some in enumerate(split(plan, targets, shards), 1)
    ]


def choose(
    text: str, plan: Plan, targets: list[Target], modes: list[str], complete: bool
) -> tuple[Shard, list[Target]]:
    """Return a shard as results describe it, and its targets.

    Args:
        text: Number and count, such as "2/8".
        plan: The plan.
        targets: The targets of the plan.
        modes: The modes of the plan.
        complete: Whether the plan is a whole tier with every case and mode.

    Raises:
        UsageError: If there is no such shard.
    """
    named = re.fullmatch(r"(\d+)/(\d+)", text)
    if not named or not 1 <= int(named[1]) <= int(named[2]):
        raise UsageError(f"there is no shard '{text}'; write the first of eight as 1/8")
    number, shards = int(named[1]), split(plan, targets, int(named[2]))
    declared = [[target_result(t) for t in shard] for shard in shards]
    return Shard(number=number, plan=declared, modes=modes, complete=complete), shards[number - 1]
