"""The plain data that says what a worker serves: a target, and the modes that share a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Cell = tuple[str, str]
"""case id, mode"""


class WorkerTarget(NamedTuple):
    """What a worker has to know of a target.

    Attributes:
        id: Id of the target.
        front_end: Name of the front end.
        backend: Name of the backend.
    """

    id: str
    front_end: str
    backend: str


@dataclass(frozen=True)
class ProcessGroup:
    """Modes of a target that share a process, and the cells of a plan that they serve, in order.

    Attributes:
        target: The target.
        modes: All modes of the process, also those without a cell: they decide what the others do.
        cells: Cells that the process is planned to record.
        probe: The modes are declared unavailable; the process only checks that, and has no cells.
    """

    target: WorkerTarget
    modes: list[str]
    cells: list[Cell]
    probe: bool = False
