"""What the worker asks of backends, on stand-ins for them."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from conformance.worker import backends


class Scope:
    """As `keras.StatelessScope`: assignments inside go here and not to the variables."""

    active: "Scope | None" = None

    def __init__(self) -> None:
        self.values: dict[int, object] = {}

    def __enter__(self) -> "Scope":
        Scope.active = self
        return self

    def __exit__(self, *_: object) -> None:
        Scope.active = None

    def add_update(self, update: tuple["Variable", object]) -> None:
        self.values[id(update[0])] = update[1]

    def get_current_value(self, variable: "Variable") -> object:
        return self.values.get(id(variable))


class Variable:
    def __init__(self, value: object) -> None:
        self.value = value

    def assign(self, value: object) -> None:
        if Scope.active:
            Scope.active.add_update((self, value))
        else:
            self.value = value


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Function: make a module that can be imported."""

    def make(name: str, **contents: object) -> Any:
        made = ModuleType(name)
        vars(made).update(contents)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    return make


def test_what_a_function_of_jax_changes_is_assigned_after_it(module: Callable[..., Any]) -> None:
    state, seen = Variable("before"), []

    def jit(fn: Callable[..., Any]) -> Callable[..., Any]:
        def compiled(*tensors: object) -> Any:
            result, values = fn(*[f"tracer of {t}" for t in tensors])
            seen.append(state.value)
            return result, [value.replace("tracer of ", "") for value in values]

        return compiled

    def step(tensor: str) -> str:
        state.assign(tensor)
        return tensor + " again"

    module("jax", jit=jit)
    function = backends.jax_jit(SimpleNamespace(StatelessScope=Scope), step)
    assert function("x") == "tracer of x again"
    assert seen == ["before"] and state.value == "x"
    function("y")
    assert state.value == "y"


def test_openvino_is_asked_for_float32_where_keras_does_not_ask(module: Callable[..., Any]) -> None:
    openvino = module("openvino", compile_model=lambda *given: given)
    backends.openvino_in_float32()
    assert openvino.compile_model("model", "CPU") == ("model", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert openvino.compile_model("model", "CPU", config={"A": "b"}) == ("model", "CPU", {"A": "b"})


@pytest.mark.parametrize("backend, name", [("numpy", "NumPy"), ("openvino", "OpenVINO")])
def test_what_a_backend_cannot_do_is_unsupported(backend: str, name: str) -> None:
    front = SimpleNamespace(backend=backend, is_keras3=True)
    with pytest.raises(backends.Unsupported, match=f"on {name}, Keras takes no gradients"):
        backends.gradients(front, lambda x: x, [], [])
    with pytest.raises(backends.Unsupported, match=f"{name} has no functions that are traced"):
        backends.traced(front, lambda x: x)
