"""A copy of the project with a separate cache, so that measurements and edits do not disturb each other."""

import ast
import compileall
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.meter import Failed, Meter
from bench.record import Sample
from conformance import results
from conformance.cache import VARIABLE
from conformance.local import bundle
from conformance.local.errors import UsageError
from conformance.local.launch import Environment, environment
from conformance.local.paths import PACKAGE, cases_folder
from conformance.local.process_group import ProcessGroup
from conformance.results import Case, Results

RUN_SECONDS = 4 * 3600.0  # four times what the whole history takes
FLOOR = Path(__file__).with_name("floor.py")


@dataclass(frozen=True)
class Outcome:
    """A run of the suite: its cost and its results."""

    sample: Sample
    results: Results


class Checkout:
    """A copy of the project whose cache contains the existing environments and nothing else."""

    def __init__(self, folder: Path, real_cache: Path, cases: Path | None = None):
        self.folder, self.cache, self.out = folder, folder / "cache", folder / "out"
        self.real_cache = real_cache  # environments are built here, since some of their files contain their path
        no_bytecode = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, folder / "conformance", ignore=no_bytecode)
        shutil.copytree(cases or cases_folder(), folder / "cases", ignore=no_bytecode)
        compileall.compile_dir(folder / "conformance", quiet=1)  # as an installation does
        (real_cache / "environments").mkdir(parents=True, exist_ok=True)
        self.cache.mkdir()
        (self.cache / "environments").symlink_to(real_cache / "environments")
        (folder / "scratch").mkdir()

    def forget(self) -> None:
        """Clear the cache, except for the environments."""
        for entry in self.cache.iterdir():
            if not entry.is_symlink():
                shutil.rmtree(entry)

    def give_back(self) -> None:
        """Add the cells measured here to the real result cache: they are as good as those of any run."""
        for journal in (self.cache / "cells").glob("*.jsonl"):
            kept = self.real_cache / "cells" / journal.name
            kept.parent.mkdir(exist_ok=True)
            with kept.open("ab") as file:
                file.write(b"\n" + journal.read_bytes())

    def make_bundle(self) -> bundle.Bundle:
        """Bundle the worker and the cases of the copy, in its own cache."""
        return bundle.make_bundle(self.cache, self.folder / "cases")

    @contextmanager
    def changed(self, case: Case, number: int) -> Iterator[None]:
        """Append a statement without effect to a case within the context; each `number` gives another source."""
        file = self.folder / "cases" / case.file
        original = file.read_text()
        lines = original.splitlines()
        (end,) = (
            node.end_lineno
            for node in ast.parse(original).body
            if isinstance(node, ast.FunctionDef) and node.name == case.function and node.end_lineno
        )
        lines.insert(end, f"    assert True  # changed by the bench, {number}")
        file.write_text("\n".join(lines) + "\n")
        try:
            yield
        finally:
            file.write_text(original)

    def run(self, *options: str, executes: Sequence[str] | None = None) -> Outcome:
        """Run `conformance run` and check that it did what is to be measured.

        Args:
            options: Options of the command.
            executes: Ids of exactly the cases that must be executed; None for all.

        Raises:
            Failed: The run failed, did not measure all of its plan, or executed other cells.
        """
        shutil.rmtree(self.out, ignore_errors=True)
        before = self._kept()
        command = [sys.executable, "-m", "conformance", "run", *options, "--out", str(self.out)]
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env |= {"PYTHONPATH": str(self.folder), VARIABLE: str(self.cache)}
        meter = Meter()
        meter.run(command, self.folder, env, accept=(0, 1), limit=RUN_SECONDS)  # 1: cells are unexpected
        sample = meter.read(self._kept() - before)
        try:
            found = results.read(self.out)
        except UsageError as error:
            raise Failed(str(error)) from error
        wrong = found.problems + [f"{t.id} did not run: {t.reason}" for t in found.targets if t.reason]
        if wrong:
            raise Failed(wrong[0])
        wanted = sum(executes is None or c.case in executes for c in executable(found))
        if sample.cells != wanted:
            raise Failed(f"the run executed {sample.cells} cells, not {wanted}")
        return Outcome(sample, found)

    def _kept(self) -> int:
        """Count the executed cells in the result cache."""
        lines = (line for path in (self.cache / "cells").glob("*.jsonl") for line in path.read_bytes().splitlines())
        return sum("case" in msgspec.json.decode(line) for line in lines if line.startswith(b'{"key"'))

    def floor(
        self, meter: Meter, groups: Sequence[ProcessGroup], where: Environment, cases: dict[str, Case]
    ) -> tuple[int, int]:
        """Call the bodies of the cells of a target's process groups; count the calls, and those that completed."""
        made, target = self.make_bundle(), groups[0].target
        asked = []
        for group in groups:
            bodies = [(cases[c].file.removesuffix(".py"), cases[c].function, mode) for c, mode in group.cells]
            asked.append({"modes": group.modes, "bodies": list(dict.fromkeys(bodies))})
        request = {"front_end": target.front_end, "cases": str(made.cases), "groups": asked}
        scratch = self.folder / "scratch"
        env = environment(where, target, made, scratch)
        said = meter.run([where.python, FLOOR], scratch, env, json.dumps(request), limit=RUN_SECONDS)
        counts = [json.loads(line) for line in said.splitlines() if line.startswith('{"called"')]
        if len(counts) != len(groups):
            raise Failed(f"the floor of {target.id} reported {len(counts)} process groups, not {len(groups)}")
        return sum(count["called"] for count in counts), sum(count["completed"] for count in counts)


def executable(found: Results) -> list[results.Cell]:
    """List the cells that a worker executes, including those that turn out to be unsupported."""
    modes = {t.id: t.modes for t in found.targets}
    return [c for c in found.cells if c.mode in modes[c.target] and c.verdict != "times-out"]


def completed(found: Results) -> int:
    """Count the executed cells that completed."""
    return sum(
        c.observation is not None and found.observations[c.observation].status == "completed" for c in executable(found)
    )
