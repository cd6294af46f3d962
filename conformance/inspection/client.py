"""Inspects a model in the environment of the user's Keras; nothing is installed or written there."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conformance.inspection.trace import Trace
from conformance.local.bundle import Bundle
from conformance.local.errors import UsageError
from conformance.local.launch import environment, tail
from conformance.local.sanitize import cleaned
from conformance.targets.install import Environment
from conformance.targets.registry import Target

INSIDE = Path(__file__).parent / "inside"


@dataclass(frozen=True)
class ModelRequest:
    """What the command line says about a model.

    Attributes:
        text: A file, a folder, or `module:function`.
        custom: Modules to import first.
        batch: An NPZ file with the arrays to call it on.
        front_end: Name of the front end that reads it; empty for the first that is installed.
        unsafe: Whether to load it even if it contains code, that of a Lambda layer.
    """

    text: str
    custom: Sequence[str] = ()
    batch: Path | None = None
    front_end: str = ""
    unsafe: bool = False

    def check(self) -> None:
        """Check that there are such files.

        Raises:
            UsageError: There are not.
        """
        if ":" not in self.text and not Path(self.text).exists():
            raise UsageError(f"{self.text}: neither a file nor of the form module:function")
        if self.batch is not None and not self.batch.is_file():
            raise UsageError(f"{self.batch}: no such file")


def inspect(
    model: ModelRequest, where: Environment, bundle: Bundle, target: Target | None = None, seconds: float = 600.0
) -> Trace:
    """Trace a model.

    Args:
        model: The model.
        where: The environment.
        bundle: The bundle, which the process in the environment imports.
        target: The target whose environment it is, for its settings; None keeps the variables of the caller.
        seconds: Time limit.

    Raises:
        UsageError: The model cannot be loaded or called, or there is no Keras.
    """
    model.check()
    request = {
        "model": model.text,
        "custom": list(model.custom),
        "batch": None if model.batch is None else str(model.batch.absolute()),
        "front_end": model.front_end or (target.front_end if target else ""),
        "folder": str(Path.cwd()),
        "unsafe": model.unsafe,
    }
    with tempfile.TemporaryDirectory(prefix="masks-") as scratch:
        try:
            done = subprocess.run(
                [str(where.python), "-m", "mask_inspection"],
                input=json.dumps(request).encode(),
                capture_output=True,
                cwd=scratch,
                env=_variables(where, bundle, target, Path(scratch)),
                timeout=seconds,
            )
        except OSError as error:
            raise UsageError(f"cannot start {where.python}: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise UsageError(f"timed out: inspecting {model.text} took more than {seconds:.0f} s") from error
    try:
        answer = cleaned(json.loads(done.stdout), done.stdout)
    except ValueError as error:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        ending = f"the process exited with code {done.returncode}: {tail(lines)}"
        raise UsageError(f"{model.text} cannot be inspected: {ending}") from error
    if "refused" in answer:
        raise UsageError(answer["refused"])
    return msgspec.convert(answer["trace"], Trace)


def _variables(where: Environment, bundle: Bundle, target: Target | None, scratch: Path) -> dict[str, str]:
    if target is None:
        own = os.environ.get("PYTHONPATH")
        folders = [bundle.folder, INSIDE, where.on_top, own]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONIOENCODING": "utf-8"}
        return dict(os.environ) | quiet | {"PYTHONPATH": os.pathsep.join(str(f) for f in folders if f)}
    variables = environment(where, target.for_worker, bundle, scratch)
    return variables | {"PYTHONPATH": os.pathsep.join([variables["PYTHONPATH"], str(INSIDE)])}
