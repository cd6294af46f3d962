"""Runs a plan: environments are built two at a time while workers run beside them.

Whatever happens to a worker, every planned cell is recorded exactly once. What an
earlier run has observed is not measured again; a column that needs nothing is not even installed.
"""

import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import psutil

from conformance.local.bundle import Bundle
from conformance.local.errors import Unavailable
from conformance.local.supervisor import WorkerSupervisor
from conformance.results import Case, Results
from conformance.run.chunks import Work, divide, expected_seconds
from conformance.run.collector import ResultCollector
from conformance.run.plan import Plan
from conformance.run.progress import Progress
from conformance.run.result_cache import ResultCache
from conformance.run.reuse import ReusedResults
from conformance.targets.install import Environment
from conformance.targets.registry import Target

INSTALLATIONS = 2
WORKER_MB = 1300  # what one had most of

Provision = Callable[[Target], Environment]


def run(
    plan: Plan,
    cases: list[Case],
    targets: list[Target],
    bundle: Bundle,
    memory: ResultCache,
    provision: Provision,
    progress: Progress,
    jobs: int | None = None,
    case_seconds: float | None = None,
    previous: ReusedResults | None = None,
) -> Results:
    """Execute `plan` and return its results; their `problems` say what went wrong with the run itself.

    jobs: workers at a time, by default `workers_at_a_time`.
    """
    jobs = jobs or workers_at_a_time()
    started = time.monotonic()
    ledger = ResultCollector(plan, cases, targets, bundle, progress, memory, previous)
    work: dict[str, Work] = {}
    for unit in plan.units:
        left = ledger.recall(unit)
        if left is not None:
            work.setdefault(unit.target.id, []).append((unit, left))
    pieces = divide(work, expected_seconds(targets, memory), jobs) if work else {}
    files = {case.id: case.file for case in cases}
    scratch = Path(tempfile.mkdtemp(prefix="masks-"))
    stop = threading.Event()
    installers = ThreadPoolExecutor(INSTALLATIONS)
    workers = ThreadPoolExecutor(jobs)
    sessions: list[WorkerSupervisor] = []
    ready: queue.PriorityQueue[tuple[float, int, WorkerSupervisor]] = queue.PriorityQueue()
    running: list[Future[None]] = []
    try:
        installing = {installers.submit(_install, t, provision, ledger): t for t in targets if t.id in work}
        for future in as_completed(installing):
            environment = future.result()
            if environment is None:
                continue
            for seconds, part in pieces[installing[future].id]:
                folder = scratch / str(len(sessions))
                session = WorkerSupervisor(part, files, environment, bundle, ledger, folder, stop, case_seconds)
                sessions.append(session)
                # Of those that are ready, the longest first: a long one that starts last leaves a core idle.
                ready.put((-seconds, len(sessions), session))
                running.append(workers.submit(lambda: ready.get()[-1].run()))
        for done in as_completed(running):
            done.result()
    finally:
        # After an interrupt: no new process, and an end to those that run.
        stop.set()
        for session in sessions:
            session.kill()
        installers.shutdown(cancel_futures=True)
        workers.shutdown(cancel_futures=True)
        shutil.rmtree(scratch, ignore_errors=True)
    return ledger.close(time.monotonic() - started)


def workers_at_a_time() -> int:
    """As many as there are cores that we may use, as far as each has the memory it may need."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, psutil.virtual_memory().available // (WORKER_MB * 2**20)))


def _install(target: Target, provision: Provision, ledger: ResultCollector) -> Environment | None:
    ledger.progress.state(target.id, "installing")
    try:
        environment = provision(target)
    except Unavailable as why:
        ledger.target_not_run(target.id, str(why))
        return None
    except Exception as error:  # a fault of ours in one column must not cost the others
        reason = f"could not be installed: {type(error).__name__}: {error}"
        ledger.problem(f"{target.id}: {reason}")
        ledger.target_not_run(target.id, reason)
        return None
    ledger.progress.state(target.id, "waiting")
    return environment
