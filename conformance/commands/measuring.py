"""Targets that are measured before they are compared: declared ones, or what a requirement asks for.

In a module of its own, because two stored targets are compared in less time than its imports take.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from conformance.cache import cache_folder
from conformance.commands.finish import say
from conformance.local import bundle
from conformance.local.errors import Unavailable
from conformance.results import Case, Results
from conformance.run import api
from conformance.suite import catalogue
from conformance.targets import requested, requirements
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget, TargetRequest
from conformance.vocabulary import MODES

_ASKED = re.compile(r"[=<>~!\s]|\.whl$|/")
_PYTHON = "python=="


def prepare(name: str, declared: Mapping[str, Target]) -> PreparedTarget | None:
    """The target of this name, declared or asked for by requirements; None if it is neither.

    Args:
        name: The id of a target, or requirements with spaces between them.
        declared: Targets by id.
    """
    cache = cache_folder()
    if name in declared:
        return api.declared(declared[name], cache)
    words = name.split()
    python = next((word.removeprefix(_PYTHON) for word in words if word.startswith(_PYTHON)), None)
    request = TargetRequest([word for word in words if not word.startswith(_PYTHON)], python)
    if request.requirements and (_ASKED.search(name) or name in requirements.DISTRIBUTIONS):
        say(Console(stderr=True), [f"resolving {name}"])
        return requested.prepare(request, list(declared.values()), cache)
    return None


def measure(
    targets: Sequence[PreparedTarget],
    chosen: Callable[[list[Case]], list[Case]],
    modes: Sequence[str],
) -> Results:
    """Results of these targets.

    Args:
        targets: All of them are measured.
        chosen: Which of the suite's cases are.
        modes: In which of these; in all if none is named.

    Raises:
        Unavailable: A target cannot be measured here.
    """
    cache, console = cache_folder(), Console(stderr=True)
    suite = bundle.make_bundle(cache)
    cases = chosen(catalogue.collect(suite))
    say(console, [f"measuring {column.target.title}" for column in targets])
    found = api.measure(cases, targets, modes or MODES, suite, cache, console)
    for target in found.targets:
        if target.reason:
            raise Unavailable(f"{target.title} could not be measured: {target.reason}")
    say(console, [f"problem: {problem}" for problem in found.problems])
    return found
