"""What a mode lacks is said in words, on stand-ins for TensorFlow."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance.worker import modes
from conformance.worker.modes import Unsupported


def tensorflow(function: object, **contents: object) -> Any:
    """A front end of a TensorFlow whose `tf.function` is this one."""
    tf = SimpleNamespace(
        function=function,
        constant=lambda array: array,
        autograph=SimpleNamespace(experimental=SimpleNamespace()),
        **contents,
    )
    return SimpleNamespace(tf=tf, is_tf1=False, is_keras3=False, keras=SimpleNamespace(Model=Model))


class Model:
    """A model of before TensorFlow 2.4."""

    def compile(self, optimizer: object = None) -> None:
        """Take no `jit_compile`."""


def uncompilable(traced: object, input_signature: object = None, jit_compile: bool = False) -> Any:
    def function(*tensors: object) -> None:
        raise ValueError("Detected unsupported operations when trying to compile graph f on XLA_CPU_JIT: Unique\nmore")

    return function


def test_an_operation_that_xla_cannot_compile_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="^XLA cannot compile the operation Unique, which this needs$"):
        modes.Jit(tensorflow(uncompilable)).call(lambda x: x, [np.zeros(1)])


def test_another_error_of_a_compiled_function_is_raised() -> None:
    def function(traced: object, input_signature: object = None, jit_compile: bool = False) -> Any:
        return lambda *tensors: np.zeros(2) + np.zeros(3)

    with pytest.raises(ValueError, match="shapes"):
        modes.Jit(tensorflow(function)).call(lambda x: x, [np.zeros(1)])


def test_without_xla_there_is_no_jit() -> None:
    with pytest.raises(Unsupported, match=r"^tf\.function has no jit_compile argument$"):
        modes.Jit(tensorflow(lambda traced, input_signature=None: traced))


def test_models_that_cannot_be_compiled_with_xla_say_so() -> None:
    with pytest.raises(Unsupported, match=r"^Model\.compile has no jit_compile argument$"):
        modes.Jit(tensorflow(uncompilable)).compile_arguments()
    xla = SimpleNamespace(experimental=SimpleNamespace(compile=None))
    with pytest.raises(Unsupported, match=r"^Model\.compile has no jit_compile argument$"):
        modes.SessionJit(tensorflow(None, xla=xla)).require_training_loop()


def test_keras_3_trains_in_no_session() -> None:
    message = "^Keras 3 trains, evaluates and predicts with eager execution only$"
    with pytest.raises(Unsupported, match=message):
        modes.Session(SimpleNamespace(is_keras3=True)).require_training_loop()
    modes.Session(SimpleNamespace(is_keras3=False)).require_training_loop()
