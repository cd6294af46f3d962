"""What the worker asks of backends, on stand-ins for them."""

import contextlib
import itertools
import sys
import traceback
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


class Graphs:
    """As `tf.compat.v1`: a placeholder is an operation, and `ops`, a module of TensorFlow, keeps its stack."""

    def __init__(self, ops: Any, cuts: bool):
        self._ops, self._cuts, self.stacks = ops, cuts, []  # type: ignore[var-annotated]

    def Graph(self) -> Any:
        return SimpleNamespace(as_default=contextlib.nullcontext)

    def placeholder(self, dtype: str) -> None:
        stack = self._ops.tf_stack.extract_stack_for_op("operation", stacklevel=3)
        self._ops.pywrap_tf_session.TF_SetOpStackTrace("operation", stack)
        if self._cuts and stack == "stack 0":
            raise AttributeError("the stack that this operation was given is another's")
        self.stacks.append(stack)


@pytest.mark.parametrize("cuts, kept", [(False, ["stack 0", "stack 0"]), (True, ["stack 1"])])
def test_operations_share_a_stack_where_a_version_lets_them(
    module: Callable[..., Any], cuts: bool, kept: list[str]
) -> None:
    calls, given = itertools.count(), []

    def extract(*args: object, **kwargs: object) -> str:
        return f"stack {next(calls)}"

    ops = module(
        "some_tensorflow.python.framework.ops",
        tf_stack=module("tf_stack", extract_stack=extract, extract_stack_for_op=extract, convert_stack=str),
        pywrap_tf_session=SimpleNamespace(TF_SetOpStackTrace=lambda *args: given.append(args)),
    )
    v1 = Graphs(ops, cuts)
    backends.keep_no_stacks(v1)
    v1.placeholder("float32")
    assert v1.stacks == kept and given == [] and ops.tf_stack.convert_stack(3) == "3"


def test_the_stack_that_operations_share_says_that_it_is_none_of_theirs() -> None:
    (frame,) = backends._stack_of_one_line(traceback.extract_stack)
    assert frame.filename == "<stacks of operations are not kept>" and frame.lineno == 1


def test_no_gradients_are_built_for_processors_that_no_worker_sees(module: Callable[..., Any]) -> None:
    class ConcreteFunction:
        built = 0

        def add_gradient_functions_to_graph(self, g: object = None) -> None:
            self.built += 1

    module("some_tensorflow.python.eager.function", ConcreteFunction=ConcreteFunction)
    module("some_library", ConcreteFunction="of another kind")
    backends.build_no_gradients_for_gpus()
    function = ConcreteFunction()
    function.add_gradient_functions_to_graph()
    assert function.built == 0


@pytest.mark.parametrize("backend, name", [("numpy", "NumPy"), ("openvino", "OpenVINO")])
def test_what_a_backend_cannot_do_is_unsupported(backend: str, name: str) -> None:
    front = SimpleNamespace(backend=backend, is_keras3=True)
    with pytest.raises(backends.Unsupported, match=f"on {name}, Keras takes no gradients"):
        backends.gradients(front, lambda x: x, [], [])
    with pytest.raises(backends.Unsupported, match=f"{name} has no functions that are traced"):
        backends.traced(front, lambda x: x)
