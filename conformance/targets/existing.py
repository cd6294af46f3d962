"""A column of an environment that is there already, with whatever Keras it has (docs/any-version.md).

Nothing is installed in it. What it holds may change from run to run, so nothing of it is remembered.
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
from conformance.targets import nearest
from conformance.targets.install import Environment
from conformance.targets.registry import Target
from conformance.targets.requested import NO_LOCK, PreparedTarget, TargetRequest, not_resolved

_NAME = "here"


def prepare(python: str, asked: TargetRequest, declared: Sequence[Target], bundle: Bundle) -> PreparedTarget:
    """The column of the interpreter `python`, or of the current environment if that is empty.

    If it has no Keras, or lacks what a column needs, the column does not run and says why.

    Raises:
        UsageError: there is no such interpreter, or nothing like this Keras is declared.
    """
    try:
        where = interpreter(python)
        anything = not_resolved(asked, "", _NAME).target
        about = describe(where, asked.front_end or "", asked.backend or "", anything.for_worker, bundle)
    except Unavailable as why:
        return not_resolved(asked, str(why), _NAME)
    versions, backend = about["versions"], about["backend"]
    minor = ".".join(versions["python"].split(".")[:2])
    found = nearest.InstalledKeras(
        about["front_end"], versions["keras"], backend, versions.get(backend, ""), minor, _NAME
    )
    target = nearest.make(found, declared, NO_LOCK, installed=about["pins"])
    return PreparedTarget(target, lambda: where)


def interpreter(python: str) -> Environment:
    """That of an interpreter, or of the folder of its environment; the current one if `python` is empty.

    Raises:
        UsageError: there is no such interpreter.
        Unavailable: no environment is active.
    """
    return Environment(_given(Path(python)) if python else _current())


def _given(path: Path) -> Path:
    """An interpreter, named itself or by the folder of its environment; not resolved, lest that be lost."""
    path = path / "bin" / "python" if path.is_dir() else path
    if not path.is_file():
        raise UsageError(f"{path}: no such interpreter")
    return path.absolute()


def _current() -> Path:
    """That of the active environment or else the first on the PATH; this program's own only if it has a Keras."""
    own = Path(sys.prefix).resolve()
    specs = [importlib.util.find_spec(module) for module in ("keras", "tensorflow", "tf_keras")]
    passed_over = not any(spec and spec.has_location for spec in specs)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = os.environ.get(variable)
        if folder and not (passed_over and Path(folder).resolve() == own):
            return _given(Path(folder))
    folders = os.environ.get("PATH", "").split(os.pathsep)
    if passed_over:
        folders = [f for f in folders if f and Path(f).resolve().parent != own]
    found = shutil.which("python", path=os.pathsep.join(folders))
    if found is None:
        raise Unavailable("no environment is active and there is no `python` on the PATH; name one: --here PYTHON")
    return Path(found)
