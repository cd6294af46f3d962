"""Divides the work of a run among workers: whole targets at first, smaller and smaller chunks at the end.

A worker imports Keras, which takes as long as many cells, so one worker for a target is the cheapest. But if the last
targets are whole, all cores but one wait for the last of them, and cores in excess of the targets have nothing to do.
So a chunk is a share of all that is still to be given out (guided self-scheduling: Polychronopoulos and
Kuck, IEEE Transactions on Computers C-36, 1987).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from conformance.local.process_group import Cell
from conformance.local.supervisor import Work
from conformance.run.result_cache import ResultCache
from conformance.targets.registry import Target

UNKNOWN_SECONDS = 0.07  # a cell that was never measured
LEAST_SECONDS = 25.0  # of a part of a target: several times what it costs to import Keras


class Chunk(NamedTuple):
    """What one worker does.

    Attributes:
        seconds: How long it is expected to take.
        work: Its process groups and cells.
    """

    seconds: float
    work: Work


def divide(work: Mapping[str, Work], seconds: Mapping[str, Mapping[Cell, float]], jobs: int) -> dict[str, list[Chunk]]:
    """Divide the work of each target into chunks.

    Args:
        work: Work by id of the target.
        seconds: Expected seconds of each cell by id of the target, where they are known.
        jobs: Workers at a time.

    Returns:
        Chunks by id of the target, those of the longest target first.
    """
    of_cells = {
        id: {cell: seconds[id].get(cell, UNKNOWN_SECONDS) for _, cells in its_work for cell in cells}
        for id, its_work in work.items()
    }
    total = {id: sum(of_cell.values()) for id, of_cell in of_cells.items()}
    chunks, left = {}, sum(total.values())
    for id in sorted(work, key=total.__getitem__, reverse=True):
        share = max(LEAST_SECONDS, left / (2 * jobs)) if jobs > 1 else left
        chunks[id] = _cut(work[id], of_cells[id], round(total[id] / share) if share else 1)
        left -= total[id]
    return chunks


def _cut(work: Work, seconds: Mapping[Cell, float], count: int) -> list[Chunk]:
    """Cut into chunks of about the same length; neighbours stay together, since a mode loads things once for them."""
    if count < 2:
        return [Chunk(sum(seconds.values()), work)]
    share, before = sum(seconds.values()) / count, 0.0
    parts: list[Work] = [[] for _ in range(count)]
    for group, cells in work:
        of_part: dict[int, list[Cell]] = defaultdict(list)
        for cell in cells:
            of_part[min(int(before / share), count - 1)].append(cell)
            before += seconds[cell]
        for number, some in of_part.items() if cells else [(0, cells)]:
            parts[number].append((group, some))
    return [Chunk(sum(seconds[cell] for _, cells in part for cell in cells), part) for part in parts if part]


def expected_seconds(targets: Iterable[Target], cache: ResultCache) -> dict[str, dict[Cell, float]]:
    """Return by target how long each cell took there when it was last measured, or else on other targets."""
    own = {target.id: cache.durations(target) for target in targets}
    others: dict[Cell, list[float]] = defaultdict(list)
    for durations in own.values():
        for cell, seconds in durations.items():
            others[cell].append(seconds)
    mean = {cell: sum(some) / len(some) for cell, some in others.items()}
    return {id: mean | durations for id, durations in own.items()}
