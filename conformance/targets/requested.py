"""Targets that no file declares, made of what the command line requests (docs/any-version.md).

Three steps in a row: the requirements are parsed (`requirements`), resolved into a lock (`resolution`), and the
result becomes a target (`naming`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from conformance.local.errors import Unavailable, UsageError, said
from conformance.targets import install
from conformance.targets.install import Environment
from conformance.targets.naming import NO_LOCK, make_target
from conformance.targets.registry import AD_HOC, Base, Target
from conformance.targets.requirements import is_path, parse
from conformance.targets.resolution import resolve
from conformance.vocabulary import MODES


@dataclass(frozen=True)
class TargetRequest:
    """What the command line requests.

    Attributes:
        requirements: Requirements of an index, or paths of wheels and of source folders.
        python: Minor version of Python, such as "3.12".
        front_end: Name of the front end.
        backend: Name of the backend.
        settled: Whether to reuse an earlier resolution of the same requirements, where a target has to stay the same.
    """

    requirements: Sequence[str] = ()
    python: str | None = None
    front_end: str | None = None
    backend: str | None = None
    settled: bool = False


@dataclass(frozen=True)
class PreparedTarget:
    """A target that can run.

    Attributes:
        target: The target.
        environment: Returns the environment of the target, or raises `Unavailable`.
    """

    target: Target
    environment: Callable[[], Environment]


def prepare(request: TargetRequest, declared: Sequence[Target], cache: Path) -> PreparedTarget:
    """Prepare the target of a request; if it cannot be resolved, its environment is `Unavailable`.

    Args:
        request: The request.
        declared: The declared targets.
        cache: The cache folder.

    Raises:
        UsageError: A requirement cannot be parsed, there is no such file, or no declared target resembles this one.
    """
    if request.python and not re.fullmatch(r"\d+\.\d+", request.python):
        raise UsageError(f"--python {request.python}: not a minor version, such as 3.12")
    parsed = [parse(text) for text in request.requirements]
    try:
        resolved = resolve(
            parsed,
            declared,
            cache,
            python=request.python,
            front_end=request.front_end,
            backend=request.backend,
            settled=request.settled,
        )
        target = make_target(resolved, declared)
    except Unavailable as why:
        return not_resolved(request, str(why))
    except OSError as error:
        return not_resolved(request, f"cannot be resolved: {said(error)}")
    return PreparedTarget(target, lambda: install.provision(target, cache))


def not_resolved(request: TargetRequest, why: str, name: str = "") -> PreparedTarget:
    """Return a target that cannot run.

    Args:
        request: The request.
        why: The reason, in one line.
        name: Name of the target; by default its requirements.
    """

    def environment() -> NoReturn:
        raise Unavailable(why)

    texts = [name] if name else [Path(text).name if is_path(text) else text for text in request.requirements]
    target = Target(
        id="+".join(re.sub(r"[^\w.]+", "-", text).strip("-") for text in texts) + "+not-resolved",
        title=", ".join(texts),
        generation="not resolved",
        front_end=request.front_end or "keras",
        keras="",
        backend=request.backend or "tensorflow",
        tier=AD_HOC,
        base=Base(id="none", title="not resolved", python=request.python or "not resolved", requires=[], lock=NO_LOCK),
        installed=[],
        processes=[list(MODES)],
    )
    return PreparedTarget(target, environment)
