"""Options of the commands that inspect a user's model: the model and its environment."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from conformance.inspection import client
from conformance.inspection.trace import Trace
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.targets import existing
from conformance.targets.requested import TargetRequest
from conformance.vocabulary import FRONT_ENDS

_OPTIONS = (
    click.option(
        "--here",
        "interpreter",
        metavar="PYTHON",
        help="Interpreter whose environment contains the model's Keras.  [default: the active environment]",
    ),
    click.option("--target", "target_id", metavar="ID", help="Use the environment of this target instead."),
    click.option(
        "--with",
        "requirements",
        multiple=True,
        metavar="REQUIREMENT",
        help="Build an environment with this requirement and use that instead. Repeatable.",
    ),
    click.option(
        "--front-end",
        type=click.Choice([*FRONT_ENDS]),
        default=None,
        help="Front end that reads the model.",
    ),
    click.option(
        "--custom",
        "custom",
        multiple=True,
        metavar="MODULE",
        help="Import this module first, for custom objects. Repeatable.",
    ),
    click.option(
        "--batch",
        type=click.Path(path_type=Path),
        help="Call the model on the arrays of this NPZ file.  [default: random]",
    ),
    click.option(
        "--unsafe", is_flag=True, help="Load a model that contains code, that of a Lambda layer, which runs it."
    ),
)


@dataclass(frozen=True)
class ModelOptions:
    """A model, and the options above."""

    model: str
    interpreter: str | None
    target_id: str | None
    requirements: tuple[str, ...]
    front_end: str | None
    custom: tuple[str, ...]
    batch: Path | None
    unsafe: bool


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `ModelOptions` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def inspect(project: Project, asked: ModelOptions) -> Trace:
    """Trace a model in the environment that the options name.

    Raises:
        UsageError: There is no such model or environment.
        Unavailable: The environment cannot be built, or none is active.
    """
    if (asked.interpreter is not None) + (asked.target_id is not None) + bool(asked.requirements) > 1:
        raise UsageError("--here, --target and --with exclude each other")
    model = client.ModelRequest(asked.model, asked.custom, asked.batch, asked.front_end or "", asked.unsafe)
    model.check()
    if asked.target_id is not None:
        target = project.target(asked.target_id)
        return client.inspect(model, project.provision(target), project.bundle, target)
    if asked.requirements:
        prepared = project.prepare_requested(TargetRequest(asked.requirements, front_end=asked.front_end))
        return client.inspect(model, prepared.environment(), project.bundle, prepared.target)
    return client.inspect(model, existing.interpreter(asked.interpreter or ""), project.bundle)
