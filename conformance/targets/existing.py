"""The target of an environment that exists already, with whatever Keras it has (docs/any-version.md).

Nothing is installed in it. What it holds may change from run to run, so its cells are never cached.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.local.bundle import Bundle
from conformance.local.errors import Unavailable, UsageError
from conformance.local.probe import describe
from conformance.targets.install import Environment
from conformance.targets.naming import ResolvedTarget, make_target
from conformance.targets.registry import Target
from conformance.targets.requested import PreparedTarget, TargetRequest, not_resolved

_NAME = "here"


def prepare(python: str, request: TargetRequest, declared: Sequence[Target], bundle: Bundle) -> PreparedTarget:
    """Prepare the target of an environment; without a Keras that can run there, the environment is `Unavailable`.

    Args:
        python: An interpreter, or the folder of its environment; the current environment if it is empty.
        request: The front end and the backend, if they are requested.
        declared: The declared targets.
        bundle: The bundle, whose worker describes the environment.

    Raises:
        UsageError: There is no such interpreter, or no declared target resembles this one.
    """
    try:
        environment = interpreter(python)
        unknown = not_resolved(request, "", _NAME).target
        about = describe(environment, request.front_end or "", request.backend or "", unknown.for_worker, bundle)
    except Unavailable as why:
        return not_resolved(request, str(why), _NAME)
    versions, backend = about["versions"], about["backend"]
    found = ResolvedTarget(
        front_end=about["front_end"],
        keras=versions["keras"],
        backend=backend,
        library=versions.get(backend, ""),
        python=".".join(versions["python"].split(".")[:2]),
        label=_NAME,
        installed=about["pins"],
    )
    return PreparedTarget(make_target(found, declared), lambda: environment)


def interpreter(python: str) -> Environment:
    """Return an existing environment.

    Args:
        python: An interpreter, or the folder of its environment; the current environment if it is empty.

    Raises:
        UsageError: There is no such interpreter.
        Unavailable: No environment is active.
    """
    return Environment(_interpreter_at(Path(python)) if python else _current())


def _interpreter_at(path: Path) -> Path:
    """Return the interpreter at a path. Links are kept: behind that of a virtual environment is another interpreter."""
    path = path / "bin" / "python" if path.is_dir() else path
    if not path.is_file():
        raise UsageError(f"{path}: no such interpreter")
    return path.absolute()


def _current() -> Path:
    """Return the interpreter of the active environment, or else the first on the PATH.

    The environment of this program counts only if it has a Keras.
    """
    own = Path(sys.prefix).resolve()
    specs = [importlib.util.find_spec(module) for module in ("keras", "tensorflow", "tf_keras")]
    skips_own = not any(spec and spec.has_location for spec in specs)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(variable)
        if folder and not (skips_own and Path(folder).resolve() == own):
            return _interpreter_at(Path(folder))
    folders = os.environ.get("PATH", "").split(os.pathsep)
    if skips_own:
        folders = [f for f in folders if f and Path(f).resolve().parent != own]
    found = shutil.which("python", path=os.pathsep.join(folders))
    if found is None:
        raise Unavailable("no environment is active and there is no `python` on the PATH; specify one: --here PYTHON")
    return Path(found)
