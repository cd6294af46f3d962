"""How many behaviours change between two targets: the one count of terminal, summary, documents and page.

Each behaviour (a case) counts once, by its most severe change, so that the numbers of the severities add up to the
total. The scripts of the page follow the same rule (`report/web/changes.js`).
"""

from collections import Counter
from collections.abc import Collection, Sequence

import msgspec

from conformance.judging.compare import BehaviourChange, Comparer
from conformance.vocabulary import SEVERITIES, Severity


class ChangeCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers of behaviours.

    Attributes:
        by_severity: Those that change, by their most severe change, for each severity.
        regressed: Those with a regression, in any mode.
        fixed: Those with a fix, in any mode.
        unknown: Those that could not be compared.
        same: Those that are unchanged.
        on_neither: Those whose API neither target has.
    """

    by_severity: dict[Severity, int]
    regressed: int
    fixed: int
    unknown: int
    same: int = 0
    on_neither: int = 0

    @property
    def total(self) -> int:
        """How many behaviours change."""
        return sum(self.by_severity.values())


def worst_of_cases(changes: Sequence[BehaviourChange]) -> list[BehaviourChange]:
    """Return the most severe change of each case: the first, as `Comparer.changes` sorts them."""
    first: dict[str, BehaviourChange] = {}
    for change in changes:
        first.setdefault(change.case, change)
    return list(first.values())


def count(
    changes: Sequence[BehaviourChange], compared: Collection[str] = (), on_neither: Collection[str] = ()
) -> ChangeCounts:
    """Count behaviours.

    Args:
        changes: As `Comparer.changes` returns them, or some of them in that order.
        compared: Ids of the cases that were compared.
        on_neither: Ids of the cases whose API neither target has.
    """
    worst = Counter(change.severity for change in worst_of_cases(changes))
    regressed, fixed = (len({c.case for c in changes if c.kind == kind}) for kind in ("regressed", "fixed"))
    absent = set(compared) & set(on_neither)
    return ChangeCounts(
        by_severity={severity: worst[severity] for severity in SEVERITIES},
        regressed=regressed,
        fixed=fixed,
        unknown=worst[None],
        same=len(set(compared) - absent - {change.case for change in changes}),
        on_neither=len(absent),
    )


def count_between(comparer: Comparer, from_id: str, to_id: str) -> ChangeCounts:
    """Count the behaviours of all cases in all modes."""
    ends = (from_id, to_id)
    return count(comparer.changes(*ends), comparer.compared(*ends), comparer.on_neither(*ends))
