"""`conformance check --target`: layers on targets, and the report about them."""

import argparse
import os
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from conformance.checks.command import declarations
from conformance.commands.finish import FinishOptions, finish, say
from conformance.layer_matrix import declaration, run
from conformance.layer_matrix.declaration import LayerDeclaration, LayerDeclarations
from conformance.layer_matrix.run import LayerCheckRequest
from conformance.local.errors import UsageError
from conformance.project import Project
from conformance.run.progress import progress_on
from conformance.vocabulary import MODES

OUT = Path("reports/check")


def check(project: Project, asked: argparse.Namespace) -> int:
    """Check layers on targets, write the report and print what is wrong; returns the exit code.

    Raises:
        UsageError: What is asked for cannot be understood.
    """
    request, ending, console = _request(asked), _ending(asked), Console(stderr=True)
    declared = _declared(asked)
    say(console, [f"resolving {', '.join(declared.requirements)}"] if declared.requirements else [])
    prepared = run.prepare(project, declared, request)
    ending.out.mkdir(parents=True, exist_ok=True)  # an error is better now than after the run
    found = run.check(declared, prepared)
    code = finish(project, found.results, found.expectations, ending, console)
    say(console, [f"not run: {line}" for line in found.unavailable])
    say(console, [f"unexpected: {line}" for line in found.unexpected_passes])
    say(console, found.repairs)
    missing = found.unavailable and not ending.allow_not_run
    return code or (1 if found.unexpected_passes or missing else 0)


def _request(asked: argparse.Namespace) -> LayerCheckRequest:
    if asked.format != "table":
        raise UsageError("--format is for checks in this environment; on targets, see results.json and others in --out")
    if asked.jobs is not None and asked.jobs < 1:
        raise UsageError(f"--jobs {asked.jobs}: must be at least 1")
    return LayerCheckRequest(
        targets=asked.targets or (),
        tier=asked.tier or "none",
        clauses=asked.clauses or (),
        modes=asked.modes or MODES,
        jobs=asked.jobs,
        fresh=asked.no_cache,
        progress=progress_on(Console(stderr=True)),
    )


def _ending(asked: argparse.Namespace) -> FinishOptions:
    out = Path(asked.out) if asked.out else OUT
    return FinishOptions(out, asked.allow_not_run, bool(os.environ.get("GITHUB_ACTIONS")))


def _declared(asked: argparse.Namespace) -> LayerDeclarations:
    """Collect the layers of the files and those that are named, with the packages of files and command line."""
    files = [declaration.read(Path(text)) for text in asked.layer if text.endswith(".toml")]
    named = [_layer(data) for data in declarations(asked) if not data["layer"].endswith(".toml")]
    requirements = [*(asked.with_ or ()), *(text for file in files for text in file.requirements)]
    modules = [module for file in files for module in file.modules]
    if named and not asked.with_:
        modules += declaration.beside(named, Path.cwd())
    return LayerDeclarations(
        layers=[*named, *(layer for file in files for layer in file.layers)],
        requirements=list(dict.fromkeys(requirements)),
        targets=list(dict.fromkeys(target for file in files for target in file.targets)),
        modules=modules,
    )


def _layer(data: dict[str, Any]) -> LayerDeclaration:
    if not data["input_shape"]:
        raise UsageError(f"{data['layer']}: --input-shape is required, for instance --input-shape 2,5,3")
    return msgspec.convert({name: value for name, value in data.items() if value is not None}, LayerDeclaration)
