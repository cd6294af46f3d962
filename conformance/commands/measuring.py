"""Targets that are measured before they are compared: declared ones, or what a requirement asks for.

In a module of its own, because two stored targets are compared in less time than its imports take.
"""

import re
from collections.abc import Callable, Sequence

from rich.console import Console

from conformance.commands.finish import say
from conformance.local.errors import Unavailable
from conformance.project import Project
from conformance.results import Case, Results
from conformance.run.api import RunRequest, run
from conformance.run.progress import progress_on
from conformance.targets import requirements
from conformance.targets.requested import PreparedTarget, TargetRequest
from conformance.vocabulary import MODES

_ASKED = re.compile(r"[=<>~!\s]|\.whl$|/")
_PYTHON = "python=="


def prepare(project: Project, name: str) -> PreparedTarget | None:
    """Return the target of this name, declared or asked for by requirements; None if it is neither.

    Args:
        project: Has the declared targets.
        name: The id of a target, or requirements with spaces between them.
    """
    declared = {target.id: target for target in project.targets}
    if name in declared:
        return project.prepare(declared[name])
    words = name.split()
    python = next((word.removeprefix(_PYTHON) for word in words if word.startswith(_PYTHON)), None)
    request = TargetRequest([word for word in words if not word.startswith(_PYTHON)], python)
    if request.requirements and (_ASKED.search(name) or name in requirements.DISTRIBUTIONS):
        say(Console(stderr=True), [f"resolving {name}"])
        return project.prepare_requested(request)
    return None


def measure(
    project: Project,
    targets: Sequence[PreparedTarget],
    chosen: Callable[[list[Case]], list[Case]],
    modes: Sequence[str],
) -> Results:
    """Return results of these targets.

    Args:
        project: Has the cases.
        targets: All of them are measured.
        chosen: Selects the cases to measure.
        modes: Modes to measure in, all for none.

    Raises:
        Unavailable: A target cannot be measured here.
    """
    cases, console = chosen(project.cases()), Console(stderr=True)
    say(console, [f"measuring {prepared.target.title}" for prepared in targets])
    found = run(
        RunRequest(
            cases=cases,
            targets=targets,
            bundle=project.bundle,
            cache=project.cache,
            crashes=project.crashes,
            modes=modes or MODES,
            progress=progress_on(console),
        )
    )
    for target in found.targets:
        if target.reason:
            raise Unavailable(f"{target.title} could not be measured: {target.reason}")
    say(console, [f"problem: {problem}" for problem in found.problems])
    return found
