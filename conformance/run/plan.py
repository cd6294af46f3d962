"""The plan: every cell that a run must record, and the processes that record them."""

from dataclasses import dataclass

from conformance.local.errors import UsageError
from conformance.local.selection import rows
from conformance.results import Case
from conformance.targets.registry import Target

Key = tuple[str, str, str]
"""case id, target id, mode"""


@dataclass(frozen=True)
class ProcessGroup:
    """The cells of one target that one process can serve. cells: (case id, mode), in order.

    probe: the modes are ones the target is said to lack; the unit only checks that.
    """

    target: Target
    modes: list[str]
    cells: list[tuple[str, str]]
    probe: bool = False


@dataclass(frozen=True)
class Plan:
    """cells: all, also those of modes that a target lacks; units: the work."""

    cells: list[Key]
    units: list[ProcessGroup]


def make_plan(cases: list[Case], targets: list[Target], modes: list[str]) -> Plan:
    """Cases x targets x modes, each case in the modes that it applies to.

    Raises:
        UsageError: no cell is left.
    """
    cells: list[Key] = []
    units: list[ProcessGroup] = []
    for target in targets:
        its_rows = rows(cases, target.modes, modes)
        cells += [(case, target.id, mode) for case, mode in its_rows]
        if any(mode in modes for mode in target.lacks):
            units.append(ProcessGroup(target, list(target.lacks), [], probe=True))
        for group in target.processes:
            # Mode by mode: what a mode makes the process load is loaded once.
            mine = [row for mode in group for row in its_rows if row[1] == mode]
            if mine:
                # The whole group, wanted or not: what a mode is depends on those it shares a process with.
                units.append(ProcessGroup(target, list(group), mine))
    if not cells:
        raise UsageError(f"nothing to run: no {'case applies to the chosen modes' if targets else 'column is chosen'}")
    return Plan(cells, units)
