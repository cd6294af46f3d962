"""Finds where a behaviour changes in a sequence, with few measurements; knows nothing of targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """Positions in the sequence.

    Attributes:
        last_same: The last position known to behave as the first.
        first_different: The first position known to behave differently.
    """

    last_same: int
    first_different: int

    @property
    def skipped(self) -> range:
        """The positions between the two, where nothing can be known."""
        return range(self.last_same + 1, self.first_different)


def first_change(known: Mapping[int, bool], measure: Callable[[int], bool | None]) -> Change:
    """Narrow down the first change in what is known until nothing is left to measure in it.

    Args:
        known: Whether positions behave as the first; at least 0, which does, and one that does not.
        measure: Returns the same for another position, None if it cannot be known. Called at most once per position,
            and about log2(n) times, not counting positions that cannot be known.
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
