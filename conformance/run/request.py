"""What a run is asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.judging.crashes import NONE, DeclaredCrashes
from conformance.local.bundle import Bundle
from conformance.local.worker_process import LIMITS, WorkerLimits
from conformance.results import Case
from conformance.run.plan import Plan
from conformance.run.progress import Progress, SilentProgress
from conformance.run.reuse import ReusedResults
from conformance.targets.requested import PreparedTarget
from conformance.vocabulary import MODES


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """Every case on every target, in every one of the modes that the target has.

    Attributes:
        cases: Cases to run.
        targets: Targets to run them on.
        bundle: The worker, and the files of the cases.
        cache: Cache folder, where observed cells are kept.
        modes: Modes to run in.
        jobs: Workers at a time; by default as many as cores and memory allow.
        fresh: Measure again what is in the result cache.
        reuse: Results to take cells over from, before the result cache is asked.
        crashes: Cells that are known to end their process.
        execute_crashes: Execute these, too, and do not ask the result cache about them.
        limits: What a worker must not exceed.
        progress: Makes what shows the progress of a plan.
    """

    cases: Sequence[Case]
    targets: Sequence[PreparedTarget]
    bundle: Bundle
    cache: Path
    modes: Sequence[str] = MODES
    jobs: int | None = None
    fresh: bool = False
    reuse: ReusedResults | None = None
    crashes: DeclaredCrashes = NONE
    execute_crashes: bool = False
    limits: WorkerLimits = LIMITS
    progress: Callable[[Plan], Progress] = SilentProgress
