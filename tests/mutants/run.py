"""Run mutants: a front end with one fault, on the few cases that may notice it, beside the unmutated cells."""

import functools
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.judging.judge import same_behaviour
from conformance.local.bundle import Bundle, make_bundle
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.results import Case, Cell, Observation, Results
from conformance.run.api import RunRequest, run
from conformance.suite import catalogue
from conformance.targets.registry import Target

HERE = Path(__file__).parent
WRONG = ("deviates", "raises", "crashes", "times-out")
# Appended to the conftest of the cases in a mutant.
CONFTEST = """

import breaking

breaking.break_cells("{module}", "{function}")
"""


@dataclass(frozen=True)
class Fault:
    """A `breaking.Fault` as the host sees it; `module` is the name of its file without the suffix."""

    name: str
    description: str
    module: str
    cases: tuple[str, ...]
    modes: tuple[str, ...]
    targets: tuple[str, ...]
    control: bool
    raises: bool


@functools.cache
def load(folder: Path = HERE) -> tuple[Fault, ...]:
    """Load all faults in the files faults*.py of a folder.

    Raises:
        UsageError: Two faults share a name, or one has no docstring or no cases.
    """
    found: dict[str, Fault] = {}
    for path in sorted(folder.glob("faults*.py")):
        for one in vars(_load(path)).values():
            if type(one).__name__ != "Fault":
                continue
            if one.name in found or not one.description or not one.cases:
                raise UsageError(f"{path.name}: {one.name}: a fault needs a unique name, a docstring and cases")
            found[one.name] = Fault(
                name=one.name,
                description=" ".join(one.description.split("\n\n")[0].split()),
                module=path.stem,
                cases=tuple(one.cases),
                modes=tuple(one.modes),
                targets=tuple(one.targets),
                control=one.control,
                raises=one.raises,
            )
    return tuple(found.values())


def _load(path: Path) -> Any:
    if str(HERE) not in sys.path:
        sys.path.append(str(HERE))  # in a target, `breaking` is a module beside the faults
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Outcome:
    """The outcome of one fault on one target.

    Attributes:
        cells: Number of cells that ran and can be compared.
        changed: Those, as (case, mode), that behave differently from the unmutated cells.
        wrong: Number of changed cells that no longer conform.
        raised: Cells that only raise; not counted as changed.
        failed: Cells in which the case itself failed.
        broken: Why the fault could not be tested at all.
    """

    fault: Fault
    target: str
    cells: int = 0
    changed: list[tuple[str, str]] = field(default_factory=list)
    wrong: int = 0
    raised: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    broken: str | None = None

    @property
    def state(self) -> str:
        if self.broken is not None:
            return "BROKEN"
        if self.fault.control:
            return "NOTICED" if self.changed or self.raised or self.failed else "unnoticed"
        return "noticed" if self.changed else "SURVIVED"

    @property
    def good(self) -> bool:
        return self.state in ("noticed", "unnoticed")


def exit_code(outcomes: list[Outcome]) -> int:
    """Return 0 if every fault was noticed and no control was, else 1; also 1 if there are no outcomes."""
    return 0 if outcomes and all(outcome.good for outcome in outcomes) else 1


class Mutants:
    """Run faults on targets.

    Args:
        project: Provides the cases and builds environments.
        faults: Folder of the faults.
        fresh: Ignore the result cache.
        jobs: Number of mutants that run in parallel.
    """

    def __init__(
        self,
        project: Project,
        faults: Path = HERE,
        fresh: bool = False,
        jobs: int = 2,
    ):
        self.faults = load(faults)
        self._project, self._fresh, self._jobs = project, fresh, jobs
        self._folder = faults
        self._bundle, self._cases = project.bundle, project.cases()

    def run(self, faults: Iterable[Fault], targets: list[Target], told: Callable[[Outcome], None]) -> list[Outcome]:
        """Return one outcome for each fault and each of its targets; call `told` with each as it completes."""
        work = [(fault, target) for target in targets for fault in faults if target.id in fault.targets]
        with ThreadPoolExecutor(self._jobs) as pool:
            wanted = sorted({(target.id, mode) for fault, target in work for mode in fault.modes})
            by_id = {target.id: target for target in targets}
            sound = dict(
                zip(wanted, pool.map(lambda key: self._unmutated(by_id[key[0]], key[1], work), wanted), strict=True)
            )

            def one(item: tuple[Fault, Target]) -> Outcome:
                outcome = self._mutant(*item, [sound[item[1].id, mode] for mode in item[0].modes])
                told(outcome)
                return outcome

            return list(pool.map(one, work))

    def _choose(self, fault: Fault) -> list[Case]:
        return [case for case in catalogue.choose(self._cases, list(fault.cases)) if set(case.modes) & set(fault.modes)]

    def _unmutated(self, target: Target, mode: str, work: list[tuple[Fault, Target]]) -> Results | None:
        """Run, without a fault, the cells that the faults of a target need in a mode; None if there are none."""
        chosen: set[str] = set()
        for fault, its_target in work:
            if its_target.id == target.id and mode in fault.modes:
                try:
                    chosen |= {case.id for case in self._choose(fault) if mode in case.modes}
                except UsageError:
                    continue  # reported when the fault itself runs
        cases = [case for case in self._cases if case.id in chosen]
        return self._execute(self._bundle, cases, target, [mode]) if cases else None

    def _mutant(self, fault: Fault, target: Target, sound: list[Results | None]) -> Outcome:
        try:
            cases = self._choose(fault)
            if not cases:
                raise UsageError("none of its cases runs in its modes")
        except UsageError as error:
            return Outcome(fault, target.id, broken=str(error))
        with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
            bundle = make_bundle(Path(scratch), self._broken_cases(fault, cases, Path(scratch) / "cases"))
            return compare(fault, target.id, sound, self._execute(bundle, cases, target, list(fault.modes)))

    def _broken_cases(self, fault: Fault, cases: list[Case], folder: Path) -> Path:
        """Create a folder with the files of the cases, the files they share, and the fault."""
        folder.mkdir()
        files = {case.file for case in cases}
        for path in self._bundle.cases.iterdir():
            if path.suffix in (".py", ".ini") and (path.name in files or not path.name.startswith("test_")):
                shutil.copy(path, folder)
        shutil.copy(HERE / "breaking.py", folder)
        shutil.copy(self._folder / f"{fault.module}.py", folder)
        conftest = folder / "conftest.py"
        lines = CONFTEST.format(module=fault.module, function=fault.name.replace("-", "_"))
        conftest.write_text(conftest.read_text() + lines)
        return folder

    def _execute(self, bundle: Bundle, cases: list[Case], target: Target, modes: list[str]) -> Results:
        return run(
            RunRequest(
                cases=cases,
                targets=[self._project.prepare(target)],
                bundle=bundle,
                cache=self._project.cache,
                modes=modes,
                jobs=1,
                fresh=self._fresh,
            )
        )


def compare(fault: Fault, target: str, sound: list[Results | None], mutant: Results) -> Outcome:
    """Compare the cells of a mutant with the unmutated ones.

    Values are stored under digests of their contents, so that stores can be merged.
    """
    outcome = Outcome(fault, target)
    values = dict(mutant.values)
    before: dict[tuple[str, str], tuple[Cell, Observation]] = {}
    for results in sound:
        if results is not None:
            values |= results.values
            for cell in results.cells:
                if cell.observation is not None:
                    before[cell.case, cell.mode] = cell, results.observations[cell.observation]
    for cell in mutant.cells:
        key = cell.case, cell.mode
        if cell.observation is None:
            outcome.broken = outcome.broken or cell.reason or "did not run"
            continue
        after = mutant.observations[cell.observation]
        if after.status in ("crashed", "timed-out") or (after.status == "error" and _in_fault(after, fault)):
            outcome.broken = outcome.broken or f"{cell.case} in {cell.mode}: {cell.reason}"
        if key not in before or before[key][1].status in ("error", "unsupported"):
            continue  # there is nothing to compare with
        outcome.cells += 1
        sound_cell, unmutated = before[key]
        if after.status == "error":
            outcome.failed.append(key)
        elif cell.verdict != sound_cell.verdict or not same_behaviour(unmutated, after, values):
            if _exceptions(after, values) > _exceptions(unmutated, values) and not fault.raises:
                outcome.raised.append(key)
                continue
            outcome.changed.append(key)
            outcome.wrong += cell.verdict in WRONG and sound_cell.verdict not in WRONG
    if outcome.broken is None and not outcome.cells:
        outcome.broken = "none of its cells can be compared"
    return outcome


def _exceptions(observation: Observation, values: dict[str, Any]) -> int:
    """Count the exceptions of Keras in an observation: the one that ended it, and those recorded as facts."""
    facts = [values[fact.observed] for fact in observation.facts]
    return (observation.status == "raised") + sum(isinstance(v, dict) and "raised" in v for v in facts)


def _in_fault(observation: Observation, fault: Fault) -> bool:
    """Tell whether the code of the fault failed, not that of the case."""
    where = observation.exception.where if observation.exception else []
    return any(f"{module}.py:" in place for place in where for module in (fault.module, "breaking"))
