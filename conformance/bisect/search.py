"""Where a behaviour changes in a row of columns, with few measurements; knows nothing of columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """Positions in the row: it is known to behave as the first at `last_same`, and not at `first_different`.

    skipped: all positions between the two; nothing can be known there.
    """

    last_same: int
    first_different: int

    @property
    def skipped(self) -> range:
        return range(self.last_same + 1, self.first_different)


def first_change(known: Mapping[int, bool], measure: Callable[[int], bool | None]) -> Change:
    """The first change that shows in what is known, narrowed down until nothing is left to measure in it.

    known: positions that behave as the first (True) or not (False); at least 0, which does, and one that does not.
    measure: the same of another position; None if it cannot be known. Asked of each position at most once, and of no
        more than the logarithm of their number but for those that cannot be known.
    """
    high = min(position for position, same in known.items() if not same)
    low = max(position for position, same in known.items() if same and position < high)
    left = list(range(low + 1, high))
    while left:
        middle = left[len(left) // 2]
        same = measure(middle)
        if same is None:
            left.remove(middle)
        elif same:
            low, left = middle, [position for position in left if position > middle]
        else:
            high, left = middle, [position for position in left if position < middle]
    return Change(low, high)
