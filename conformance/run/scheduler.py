"""Executes a plan: environments are built two at a time while workers run beside them.

Whatever happens to a worker, every planned cell is recorded exactly once. A target whose cells are all in the result
cache is not even installed.
"""

import os
import queue
import shutil
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import psutil

from conformance.local.errors import Unavailable
from conformance.local.launch import Environment
from conformance.local.supervisor import Work, WorkerSettings, WorkerSupervisor
from conformance.run.chunks import Chunk, divide, expected_seconds
from conformance.run.collector import ResultCollector
from conformance.run.plan import Plan
from conformance.run.request import RunRequest
from conformance.run.result_cache import ResultCache
from conformance.targets.requested import PreparedTarget

INSTALLATIONS = 2
WORKER_MB = 1300  # the most that a worker was seen to use


def execute(plan: Plan, request: RunRequest, cache: ResultCache, collector: ResultCollector) -> float:
    """Execute the cells of a plan that are not known.

    Args:
        plan: The plan.
        request: The request of the run.
        cache: Has the durations of earlier runs, which the schedule is made from.
        collector: Records the cells.

    Returns:
        Seconds that it took.
    """
    started = time.monotonic()
    jobs = request.jobs or workers_at_a_time()
    work: dict[str, Work] = {}
    for group in plan.groups:
        left = collector.take_known(group)
        if left is not None:
            work.setdefault(group.target.id, []).append((group, left))
    if work:
        seconds = expected_seconds([prepared.target for prepared in request.targets], cache)
        _Execution(request, collector, divide(work, seconds, jobs), jobs).run()
    return time.monotonic() - started


def workers_at_a_time() -> int:
    """Return the number of cores that may be used, or fewer if memory does not suffice for so many workers."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, psutil.virtual_memory().available // (WORKER_MB * 2**20)))


class _Execution:
    """Installs targets and runs the supervisors of their chunks."""

    def __init__(self, request: RunRequest, collector: ResultCollector, chunks: dict[str, list[Chunk]], jobs: int):
        self._request, self._collector, self._chunks = request, collector, chunks
        self._scratch = Path(tempfile.mkdtemp(prefix="masks-"))
        self._stop = threading.Event()
        self._installers, self._workers = ThreadPoolExecutor(INSTALLATIONS), ThreadPoolExecutor(jobs)
        self._supervisors: list[WorkerSupervisor] = []
        self._ready: queue.PriorityQueue[tuple[float, int, WorkerSupervisor]] = queue.PriorityQueue()

    def run(self) -> None:
        targets = [prepared for prepared in self._request.targets if prepared.target.id in self._chunks]
        running: list[Future[None]] = []
        try:
            installing = {self._installers.submit(self._install, one): one.target.id for one in targets}
            for future in as_completed(installing):
                environment = future.result()
                if environment is not None:
                    running += [self._submit(chunk, environment) for chunk in self._chunks[installing[future]]]
            for done in as_completed(running):
                done.result()
        finally:
            # After an interrupt: no new process, and an end to those that run.
            self._stop.set()
            for supervisor in self._supervisors:
                supervisor.kill()
            self._installers.shutdown(cancel_futures=True)
            self._workers.shutdown(cancel_futures=True)
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _submit(self, chunk: Chunk, environment: Environment) -> Future[None]:
        number, request = len(self._supervisors), self._request
        files = {case.id: case.file for case in request.cases}
        settings = WorkerSettings(request.bundle, files, self._scratch / str(number), request.limits)
        supervisor = WorkerSupervisor(chunk.work, environment, settings, self._collector, self._stop)
        self._supervisors.append(supervisor)
        # Of those that are ready, the longest first: a long one that starts last leaves a core idle.
        self._ready.put((-chunk.seconds, number, supervisor))
        return self._workers.submit(lambda: self._ready.get()[-1].run())

    def _install(self, prepared: PreparedTarget) -> Environment | None:
        collector, id = self._collector, prepared.target.id
        collector.progress.state(id, "installing")
        try:
            environment = prepared.environment()
        except Unavailable as why:
            collector.target_not_run(id, str(why))
            return None
        except Exception as error:  # a fault of ours in one target must not cost the others
            reason = f"could not be installed: {type(error).__name__}: {error}"
            collector.problem(f"{id}: {reason}")
            collector.target_not_run(id, reason)
            return None
        collector.progress.state(id, "waiting")
        return environment
