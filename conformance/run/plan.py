"""The plan: every cell that a run must record, and the processes that record them."""

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.local.errors import UsageError
from conformance.local.process_group import ProcessGroup
from conformance.local.selection import rows
from conformance.results import Case
from conformance.targets.registry import Target

Key = tuple[str, str, str]
"""case id, target id, mode"""


@dataclass(frozen=True)
class Plan:
    """What a run must record.

    Attributes:
        cells: All cells, also those of modes that a target lacks.
        groups: The processes that execute something.
    """

    cells: list[Key]
    groups: list[ProcessGroup]


def make_plan(cases: Sequence[Case], targets: Sequence[Target], modes: Sequence[str]) -> Plan:
    """Plan cases x targets x modes, each case in the modes that it applies to and that are not thinned there.

    Raises:
        UsageError: No cell is left to run.
    """
    cells: list[Key] = []
    groups: list[ProcessGroup] = []
    for target in targets:
        planned = {case.id: case.modes_on(target.modes, target.id) for case in cases}
        its_rows = [(case, mode) for case, mode in rows(cases, target.modes, modes) if mode in planned[case]]
        cells += [(case, target.id, mode) for case, mode in its_rows]
        if any(mode in modes for mode in target.lacks):
            groups.append(ProcessGroup(target.for_worker, list(target.lacks), [], probe=True))
        for process in target.processes:
            # Mode by mode: what a mode makes the process load is loaded once.
            mine = [row for mode in process for row in its_rows if row[1] == mode]
            if mine:
                # All modes of the process, wanted or not: what a mode is depends on those it shares a process with.
                groups.append(ProcessGroup(target.for_worker, list(process), mine))
    if not cells:
        raise UsageError(f"nothing to run: {'no case applies to these modes' if targets else 'no target is selected'}")
    return Plan(cells, groups)
