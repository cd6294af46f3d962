"""`conformance check --target`: what the command line of `checks.command` says, as layers and columns."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from conformance.cache import cache_folder
from conformance.checks.command import declarations
from conformance.layer_matrix import declaration, run
from conformance.layer_matrix.declaration import LayerDeclaration, LayerDeclarations
from conformance.layer_matrix.run import LayerCheckRequest
from conformance.local.errors import Unavailable, UsageError, said


def main(arguments: argparse.Namespace) -> int:
    """Check the layers on the columns that are named; returns the exit code, which is as that of `conformance run`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a terminated run ends its workers as well
    try:
        return run.check(_declared(arguments), _asked(arguments), cache_folder())
    except UsageError as error:
        return _refused(2, error)
    except Unavailable as error:
        return _refused(3, error)
    except OSError as error:
        if error.filename is None:
            raise
        return _refused(3, said(error))


def _refused(code: int, why: object) -> int:
    print(f"conformance check: {why}", file=sys.stderr)
    return code


def _asked(arguments: argparse.Namespace) -> LayerCheckRequest:
    if arguments.format != "table":
        raise UsageError("on columns, --format is that of the files in --out: results.json, junit.xml and others")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise UsageError("--jobs: at least 1")
    return LayerCheckRequest(
        targets=arguments.targets or (),
        tier=arguments.tier or "none",
        clauses=arguments.clauses or (),
        modes=arguments.modes or (),
        out=Path(arguments.out) if arguments.out else LayerCheckRequest.out,
        jobs=arguments.jobs,
        no_cache=arguments.no_cache,
        allow_not_run=arguments.allow_not_run,
        annotations=bool(os.environ.get("GITHUB_ACTIONS")),
    )


def _declared(arguments: argparse.Namespace) -> LayerDeclarations:
    """The layers of the files and those that are named, with the packages of the files and of the command line."""
    files = [declaration.read(Path(text)) for text in arguments.layer if text.endswith(".toml")]
    named = [_layer(data) for data in declarations(arguments) if not data["layer"].endswith(".toml")]
    requirements = [*(arguments.with_ or ()), *(text for file in files for text in file.requirements)]
    modules = [module for file in files for module in file.modules]
    if named and not arguments.with_:
        modules += declaration.beside(named, Path.cwd())
    return LayerDeclarations(
        layers=[*named, *(layer for file in files for layer in file.layers)],
        requirements=list(dict.fromkeys(requirements)),
        targets=list(dict.fromkeys(target for file in files for target in file.targets)),
        modules=modules,
    )


def _layer(data: dict[str, Any]) -> LayerDeclaration:
    """A layer of the command line."""
    if not data["input_shape"]:
        raise UsageError(f"{data['layer']}: --input-shape is missing, such as 2,5,3")
    try:
        return msgspec.convert({name: value for name, value in data.items() if value is not None}, LayerDeclaration)
    except msgspec.ValidationError as error:
        raise UsageError(f"{data['layer']}: {error}") from error
