"""Interpreters of targets that have imported their Keras already: a command in one starts at once.

An import of a Keras takes three seconds and is not what these tests are about. Each command has a process of its own,
forked after the import and before anything is computed, as the processes of a worker are.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from conformance.cache import cache_folder
from conformance.local.launch import Environment, fixed
from conformance.targets import install, registry
from conformance.targets.registry import Target

SERVER, CLIENT = (Path(__file__).with_name(name) for name in ("warm_server.py", "warm_client.py"))
Warm = Callable[[str], Environment]


@cache
def the_target(id_: str) -> Target:
    (target,) = registry.choose(registry.load(), [id_], "none")
    return target


@cache
def installed(id_: str) -> Environment:
    """The environment of a target, built if it is not there."""
    return install.provision(the_target(id_), cache_folder())


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Function: the environment of a target with an interpreter that is warm."""
    with ExitStack() as started:
        yield cache(lambda id_: started.enter_context(_started(the_target(id_), installed(id_))))


@contextmanager
def _started(target: Target, where: Environment) -> Iterator[Environment]:
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        address, python = Path(folder, "socket"), Path(folder, "python")
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | fixed(target.front_end)
        variables |= {"KERAS_BACKEND": target.backend, "KERAS_HOME": folder, "PYTHONPATH": str(where.on_top or "")}
        with subprocess.Popen(
            [where.python, SERVER, address, target.front_end],
            env=variables,
            stdin=subprocess.PIPE,  # the server ends when it is closed, also by the end of this process
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as server:
            assert server.stdout and server.stdout.readline() == b"ready\n", f"Keras of {target.id} cannot be imported"
            client = shlex.join([sys.executable, "-I", "-S", str(CLIENT), str(address)])
            python.write_text(f'#!/bin/sh\nexec {client} "$@"\n')
            python.chmod(0o755)
            yield replace(where, python=python)
