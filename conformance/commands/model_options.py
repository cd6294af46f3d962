"""Options of the commands that inspect a user's model: the model and its environment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from conformance.cache import cache_folder
from conformance.inspection import client
from conformance.inspection.trace import Trace
from conformance.local import bundle
from conformance.local.errors import UsageError, unknown
from conformance.targets import existing, install, registry, requested
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


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `inspect` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def inspect(
    text: str,
    interpreter: str | None,
    target_id: str | None,
    requirements: tuple[str, ...],
    front_end: str | None,
    custom: tuple[str, ...],
    batch: Path | None,
    unsafe: bool,
) -> Trace:
    """The trace of a model in the environment that the options name.

    Raises:
        UsageError: what is asked for is no model, or no environment.
        Unavailable: the environment cannot be built, or none is active.
    """
    if (interpreter is not None) + (target_id is not None) + bool(requirements) > 1:
        raise UsageError("--here, --target and --with exclude each other")
    model = client.ModelRequest(text, custom, batch, front_end or "", unsafe)
    model.check()
    cache = cache_folder()
    the_bundle = bundle.make_bundle(cache)
    if target_id is not None:
        known = {target.id: target for target in registry.load()}
        if target_id not in known:
            raise unknown("column", target_id, known)
        target = known[target_id]
        return client.inspect(model, install.provision(target, cache), the_bundle, target)
    if requirements:
        column = requested.prepare(requested.TargetRequest(requirements, front_end=front_end), registry.load(), cache)
        return client.inspect(model, column.environment(), the_bundle, column.target)
    return client.inspect(model, existing.interpreter(interpreter or ""), the_bundle)
