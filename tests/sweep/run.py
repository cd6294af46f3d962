"""Run cases with their stand-ins and with the real thing, and compare what comes out."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.judging.judge import outcome
from conformance.local.bundle import Bundle, make_bundle
from conformance.project import Project
from conformance.results import Case, Cell, Results
from conformance.run.api import RunRequest, run
from conformance.suite import catalogue
from conformance.targets.registry import Target
from tests.sweep.substitutions import Substitution


@dataclass
class Evidence:
    """What a substitution did on one target.

    Attributes:
        cells: Number of cells that ran both ways.
        differs: The other cells, by case and mode: the outcome with the stand-in, and with the real thing.
        failed: Why the target, or a case with the real thing, could not run.
    """

    substitution: Substitution
    target: str
    cells: int = 0
    differs: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    failed: str | None = None

    @property
    def state(self) -> str:
        if self.failed is not None:
            return "NOT RUN"
        return "differs" if self.differs else "same"


class Sweep:
    """Compares substitutions with the real thing.

    Args:
        project: Provides the cases and builds environments.
        modes: Modes to run in.
        jobs: Workers at a time.
        fresh: Ignore the result cache.
    """

    def __init__(self, project: Project, modes: Sequence[str], jobs: int | None = None, fresh: bool = False):
        self._project, self._modes, self._jobs, self._fresh = project, modes, jobs, fresh

    def run(
        self, substitutions: Sequence[Substitution], targets: Sequence[Target], told: Callable[[Evidence], None]
    ) -> list[Evidence]:
        """Return the evidence for each substitution on each target; call `told` with each as it completes.

        Raises:
            UsageError: A substitution names no case, or a case file lacks its stand-in.
        """
        found = []
        for substitution in substitutions:
            cases = self._project.cases(substitution.cases)
            plain = self._execute(self._project.bundle, substitution, targets)
            with tempfile.TemporaryDirectory(prefix="sweep-") as scratch:
                folder = self._real_cases(substitution, cases, Path(scratch) / "cases")
                real = self._execute(make_bundle(Path(scratch), folder), substitution, targets)
            for target in targets:
                found.append(compare(substitution, target.id, plain, real))
                told(found[-1])
        return found

    def _real_cases(self, substitution: Substitution, cases: Sequence[Case], folder: Path) -> Path:
        """Create a folder with the files of the cases, in which the real thing replaces the stand-in."""
        shutil.copytree(self._project.cases_folder, folder, ignore=shutil.ignore_patterns("__pycache__", "test_*"))
        for file in sorted({case.file for case in cases}):
            source = (self._project.cases_folder / file).read_text()
            (folder / file).write_text(substitution.apply(file, source))
        return folder

    def _execute(self, bundle: Bundle, substitution: Substitution, targets: Sequence[Target]) -> Results:
        return run(
            RunRequest(
                # Collected anew, since a cell is remembered by the source of its case.
                cases=catalogue.choose(catalogue.collect(bundle), list(substitution.cases)),
                targets=[self._project.prepare(target) for target in targets],
                bundle=bundle,
                cache=self._project.cache,
                modes=self._modes,
                jobs=self._jobs,
                fresh=self._fresh,
            )
        )


def compare(substitution: Substitution, target: str, plain: Results, real: Results) -> Evidence:
    """Compare verdicts and the facts that are not as expected, cell by cell."""
    evidence = Evidence(substitution, target)
    before = {(cell.case, cell.mode): cell for cell in plain.cells if cell.target == target}
    after = {(cell.case, cell.mode): cell for cell in real.cells if cell.target == target}
    for key, cell in before.items():
        other = after[key]
        for one, way in ((cell, substitution.stand_in), (other, substitution.real)):
            if one.verdict == "not-run":
                evidence.failed = (
                    evidence.failed or f"{one.case} in {one.mode} with {way}: {one.reason or 'did not run'}"
                )
        if cell.verdict == "unsupported" == other.verdict:
            continue
        evidence.cells += 1
        was, is_now = _outcome(cell, plain), _outcome(other, real)
        if was != is_now:
            evidence.differs[key] = was, is_now
    if not evidence.cells and evidence.failed is None:
        evidence.failed = "no cell can be compared"
    return evidence


def _outcome(cell: Cell, results: Results) -> str:
    if cell.observation is None or cell.verdict in ("conforms", "observed", "unsupported"):
        return cell.verdict
    return outcome(results.observations[cell.observation], results.values)
