"""What is said where a model cannot be inspected because of the environment; no Keras is needed."""

from pathlib import Path

import pytest

from conformance.inspection.client import ModelRequest, inspect
from conformance.local.bundle import Bundle
from conformance.local.errors import UsageError
from conformance.local.launch import Environment

MODEL = ModelRequest("my_package:make_model")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("exec sleep 60", "timed out: inspecting my_package:make_model took more than 1 s"),
        (
            "echo no luck >&2; exit 3",
            "my_package:make_model cannot be inspected: the process exited with code 3: no luck",
        ),
        ("""echo '{"refused": "it has no inputs"}'""", "it has no inputs"),
    ],
)
def test_what_the_environment_says(program: str, message: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{program}\n")
    python.chmod(0o755)
    with pytest.raises(UsageError) as raised:
        inspect(MODEL, Environment(python), Bundle(tmp_path, "", ""), seconds=1.0)
    assert str(raised.value) == message


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^cannot start /nowhere/python: No such file or directory$"):
        inspect(MODEL, Environment(Path("/nowhere/python")), Bundle(tmp_path, "", ""))


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^nowhere.keras: neither a file nor of the form module:function$"):
        ModelRequest("nowhere.keras").check()
    with pytest.raises(UsageError, match="^nowhere.npz: no such file$"):
        ModelRequest("my_package:make_model", batch=Path("nowhere.npz")).check()
