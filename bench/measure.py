"""The measurements; each returns or yields entries of the record."""

import datetime
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.checkout import RUN_SECONDS, Checkout, Outcome, completed
from bench.meter import Failed, Meter
from bench.record import Entry, Sample
from conformance.local.errors import Unavailable
from conformance.local.process_group import ProcessGroup
from conformance.results import Case, Results
from conformance.run.plan import make_plan
from conformance.suite import catalogue
from conformance.targets import registry
from conformance.targets.install import Environment, provision
from conformance.targets.registry import Target
from conformance.vocabulary import MODES

_WORD = {"passed", "failed", "skipped"}


class Bench:
    """Measure the suite in a checkout.

    Args:
        checkout: The copy of the project to measure.
        targets: All declared targets.
        patterns: Globs of the cases to run; empty for all.
        repeats: Number of runs, or pairs of runs, of each kind that takes minutes.
        quick_repeats: The same for kinds that take seconds.
        changed: Id of the case that is changed; default: the first.
    """

    def __init__(
        self,
        checkout: Checkout,
        targets: list[Target],
        patterns: list[str],
        *,
        repeats: int,
        quick_repeats: int,
        changed: str | None = None,
    ):
        self._checkout, self._targets = checkout, targets
        self._repeats, self._quick_repeats, self._jobs = repeats, quick_repeats, os.cpu_count() or 1
        made = checkout.make_bundle()
        self._suite = made.digest
        self._cases = catalogue.choose(catalogue.collect(made), patterns)
        self._chosen = [word for pattern in patterns for word in ("--case", pattern)]
        self._changed = next((c for c in self._cases if c.id == changed), self._cases[0])  # cheap, on every target
        self._load = round(os.getloadavg()[0], 2)

    def runs(self, tier: str) -> Iterator[Entry]:
        """Measure runs of a tier with nothing cached, nothing changed and one case changed.

        The first run also gives memory and sizes; for the core targets it is compared with its floor.
        """
        options = ["--tier", tier, *self._chosen]
        try:
            self._installed(registry.choose(self._targets, [], tier))
            self._warm_up("--tier", tier)
            cold = [self._cold(*options) for _ in range(self._repeats)]
        except Failed as why:
            whats = ("cold", "memory", "page", "results", "warm", *(["changed", "floor"] if tier == "core" else []))
            yield from (self._entry(what, tier, failure=str(why)) for what in whats)
            return
        yield self._entry("cold", tier, suite_runs=[c.sample for c in cold])
        self._checkout.give_back()
        yield self._attempt("memory", tier, lambda: _memory(cold[-1].results))
        for what, name in (("page", "index.html"), ("results", "results.json")):
            yield self._entry(what, tier, megabytes=(self._checkout.out / name).stat().st_size / 1e6)
        repeats = range(self._quick_repeats)
        yield self._attempt("warm", tier, lambda: {"suite_runs": [self._warm(*options) for _ in repeats]})
        if tier == "core":
            yield self._attempt("changed", tier, lambda: self._one_changed(tier, options))
            yield self._attempt("floor", tier, lambda: self._floor_of(tier, cold))

    def overhead(self, target_id: str) -> Entry:
        """Compare the suite on a target, one worker at a time, with its floor, one process after the other."""

        def measure() -> dict[str, Any]:
            chosen = [target for target in self._targets if target.id == target_id]
            where = self._installed(chosen)
            self._warm_up("--target", target_id)
            groups = _groups(self._cases, chosen)
            suite, floor = [], []
            for _ in range(self._repeats):
                run = self._cold("--target", target_id, "--jobs", "1", *self._chosen)
                suite.append(run.sample)
                floor.append(self._floor_under(run, groups, where, 1))
            return {"suite_runs": suite, "other": floor}

        return self._attempt("overhead", target_id, measure)

    def plain(self, target_id: str) -> Entry:
        """Compare the suite on a target with plain pytest: one process per case file and mode, one after the other."""

        def measure() -> dict[str, Any]:
            (target,) = (target for target in self._targets if target.id == target_id)
            where = self._installed([target])[target_id]
            self._warm_up("--target", target_id)
            suite, other = [], []
            for _ in range(self._repeats):
                suite.append(self._cold("--target", target_id, *self._chosen).sample)
                other.append(self._by_hand(target, where))
            return {"suite_runs": suite, "other": other}

        return self._attempt("plain", target_id, measure)

    def disk(self, tier: str) -> Entry:
        """Measure the disk usage of the environments of a tier; missing ones are built first."""

        def measure() -> dict[str, Any]:
            folders: set[Path] = set()
            for where in self._installed(registry.choose(self._targets, [], tier)).values():
                folders |= {where.python.parent.parent} | ({where.on_top} if where.on_top else set())
            return {"megabytes": disk_usage(folders) / 1e6, "detail": f"{len(folders)} folders"}

        return self._attempt("disk", tier, measure)

    def _installed(self, chosen: list[Target]) -> dict[str, Environment]:
        try:
            return {target.id: provision(target, self._checkout.real_cache) for target in chosen}
        except Unavailable as why:
            raise Failed(str(why)) from why

    def _warm_up(self, *options: str) -> None:
        """Run one case, so that every file has been read from disk once."""
        self._checkout.forget()
        self._checkout.run(*options, "--case", self._changed.id)

    def _cold(self, *options: str) -> Outcome:
        self._checkout.forget()
        return self._checkout.run(*options)

    def _warm(self, *options: str) -> Sample:
        return self._checkout.run(*options, executes=[]).sample

    def _one_changed(self, tier: str, options: list[str]) -> dict[str, Any]:
        chosen = registry.choose(self._targets, [], tier)
        where = self._installed(chosen)
        groups = _groups([self._changed], chosen)
        suite, floor = [], []
        for number in range(self._quick_repeats):
            with self._checkout.changed(self._changed, number):
                suite.append(self._checkout.run(*options, executes=[self._changed.id]).sample)
                floor.append(self._floor(groups, where, self._jobs)[0])
            if suite[-1].cells != floor[-1].cells:
                raise Failed(f"the floor called {floor[-1].cells} bodies, the suite executed {suite[-1].cells} cells")
        return {"suite_runs": suite, "other": floor, "detail": self._changed.id}

    def _floor_of(self, tier: str, runs: list[Outcome]) -> dict[str, Any]:
        """Measure the floor of all targets of a tier: one process per core at a time, the longest first."""
        chosen = registry.choose(self._targets, [], tier)
        where = self._installed(chosen)
        took = dict.fromkeys((target.id for target in chosen), 0.0)
        for cell in runs[0].results.cells:
            took[cell.target] += cell.seconds or 0
        groups = sorted(_groups(self._cases, chosen), key=lambda group: -took[group.target.id])
        floors = [self._floor_under(run, groups, where, self._jobs) for run in runs]
        return {"suite_runs": [run.sample for run in runs], "other": floors}

    def _floor_under(
        self, run: Outcome, groups: list[ProcessGroup], where: dict[str, Environment], jobs: int
    ) -> Sample:
        """Measure the floor of a run; check that both did the same work."""
        sample, ended = self._floor(groups, where, jobs)
        if (sample.cells, ended) != (run.sample.cells, completed(run.results)):
            raise Failed(
                f"the floor called {sample.cells} bodies, of which {ended} completed; "
                f"the suite executed {run.sample.cells} cells, of which {completed(run.results)} completed"
            )
        return sample

    def _floor(self, groups: list[ProcessGroup], where: dict[str, Environment], jobs: int) -> tuple[Sample, int]:
        """Import Keras on each target and call the cases; return the sample and the number of cases that completed."""
        cases = {case.id: case for case in self._cases}
        of_targets: dict[str, list[ProcessGroup]] = {}
        for group in groups:
            of_targets.setdefault(group.target.id, []).append(group)
        meter = Meter()

        def call(mine: list[ProcessGroup]) -> tuple[int, int]:
            return self._checkout.floor(meter, mine, where[mine[0].target.id], cases)

        with ThreadPoolExecutor(jobs) as pool:
            counts = list(pool.map(call, of_targets.values()))
        return meter.read(sum(called for called, _ in counts)), sum(ended for _, ended in counts)

    def _by_hand(self, target: Target, where: Environment) -> Sample:
        """Call `pytest cases/test_x.py --mode M` as a person would with several Keras installed."""
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
        env |= {"KERAS_BACKEND": target.backend} | ({"PYTHONPATH": str(where.on_top)} if where.on_top else {})
        meter = Meter()
        cells = 0
        for mode in target.modes:
            for file in dict.fromkeys(case.file for case in self._cases):
                command: list[str | Path] = [where.python, "-m", "pytest", "-q", f"cases/{file}"]
                command += ["--mode", mode, "--front-end", target.front_end]
                # 1: a case is unexpected; 5: no case of the file runs in this mode.
                said = meter.run(command, self._checkout.folder, env, accept=(0, 1, 5), limit=RUN_SECONDS)
                cells += count_tests(said)
        return meter.read(cells)

    def _attempt(self, what: str, of: str, measure: Callable[[], dict[str, Any]]) -> Entry:
        try:
            return self._entry(what, of, **measure())
        except Failed as why:
            return self._entry(what, of, failure=str(why))

    def _entry(self, what: str, of: str, **numbers: Any) -> Entry:
        created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return Entry(what=what, of=of, created=created, load=self._load, suite=self._suite, **numbers)


def _groups(cases: list[Case], chosen: list[Target]) -> list[ProcessGroup]:
    return [group for group in make_plan(cases, chosen, list(MODES)).groups if not group.probe]


def _memory(found: Results) -> dict[str, Any]:
    peaks = [(t.peak_mb, t.id) for t in found.targets if t.peak_mb is not None]
    if not peaks:
        raise Failed("no worker reported its memory")
    peak, target = max(peaks)
    return {"megabytes": peak * 2**20 / 1e6, "detail": target}


def count_tests(said: str) -> int:
    """Read the number of tests from the output of pytest.

    Raises:
        Failed: The number is missing, or a test could not be started.
    """
    last = next((line for line in reversed(said.splitlines()) if re.search(r" in \d", line)), "")
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", last.partition(" in ")[0])}
    if not last or "error" in counts or "errors" in counts:
        raise Failed(f"pytest does not say how many tests it ran: {last or said[-200:]!r}")
    return sum(number for word, number in counts.items() if word in _WORD)


def disk_usage(folders: set[Path]) -> int:
    """Return the bytes that folders take on disk; hard-linked files count once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder in folders:
        for where, names, files in os.walk(folder):
            for name in [*names, *files]:
                about = (Path(where) / name).lstat()
                if (about.st_dev, about.st_ino) not in seen:
                    seen.add((about.st_dev, about.st_ino))
                    total += about.st_blocks * 512
    return total
