"""Ask backends for what Keras itself has no function for: traced functions, gradients, seeds, precision."""

import importlib
import random
import zlib

import numpy as np

from conformance.vocabulary import BACKENDS

SEED = 20161


class Unsupported(Exception):
    """Raised where a target has no such API or mode; never a matter of masks."""


def traced(front, fn):
    """Return `fn` as a compiled function of the backend.

    Raises:
        Unsupported: The backend traces nothing.
    """
    if front.backend == "tensorflow" and hasattr(front.tf, "function"):  # TF 1.13 has none
        return front.tf.function(fn)
    if front.backend == "jax":
        return jax_jit(front.keras, fn)
    if front.backend == "torch":
        # PyTorch executes what TorchDynamo has captured; what would compile it needs a compiler of C++.
        return importlib.import_module("torch").compile(fn, backend="eager")
    raise Unsupported("%s has no functions that are traced" % BACKENDS[front.backend])


def jax_jit(keras, fn):
    """Return `jax.jit` of `fn`. Variables that it changes are assigned afterwards, as when Keras trains on JAX."""

    class Scope(keras.StatelessScope):
        def __init__(self):
            super(Scope, self).__init__()
            self.changed = {}

        def add_update(self, update):
            super(Scope, self).add_update(update)
            self.changed[id(update[0])] = update[0]

    def call(*tensors):
        variables = []

        def pure(*tensors):
            with Scope() as scope:
                result = fn(*tensors)
            variables.extend(scope.changed.values())
            return result, [scope.get_current_value(v) for v in variables]

        result, values = importlib.import_module("jax").jit(pure)(*tensors)
        for variable, value in zip(variables, values):
            variable.assign(value)
        return result

    return call


def seed(front, case):
    """Seed Python, NumPy and what Keras computes with. A case of this id draws the same, alone or after others."""
    number = SEED ^ (zlib.crc32(case.encode()) & 0x7FFFFFFF)
    random.seed(number)
    np.random.seed(number)
    if front.is_keras3:
        front.keras.utils.set_random_seed(number)
    else:
        front.tf.compat.v1.set_random_seed(number)


def openvino_in_float32():
    """Let the models that `predict` and `evaluate` compile compute in float32, like all else on OpenVINO.

    Unasked, OpenVINO takes bfloat16 on processors that have it.
    """
    openvino = importlib.import_module("openvino")
    compile_model, exact = openvino.compile_model, {"INFERENCE_PRECISION_HINT": "f32"}
    openvino.compile_model = lambda model, device="AUTO", config=None: compile_model(model, device, config or exact)


def require_gradients(front):
    """Raise `Unsupported` where nothing is differentiated, and nothing trained."""
    if front.backend not in _GRADIENTS:
        raise Unsupported("on %s, Keras takes no gradients and does not train" % BACKENDS[front.backend])


def gradients(front, fn, tensors, weights):
    """Differentiate a scalar.

    Args:
        front: The `FrontEnd`.
        fn: Function of `tensors` that returns a scalar.
        tensors: List of tensors.
        weights: List of variables of built layers.

    Returns:
        The scalar, its gradients with respect to the tensors, and those with respect to the weights. Where nothing
        flows there is None, on JAX zeros.

    Raises:
        Unsupported: Nothing is differentiated here.
    """
    require_gradients(front)
    variables = [w.value for w in weights] if front.is_keras3 else weights
    value, found = _GRADIENTS[front.backend](front, fn, tensors, weights, variables)
    return value, found[: len(tensors)], found[len(tensors) :]


def _of_tensorflow(front, fn, tensors, weights, variables):
    tf = front.tf
    if tf.executing_eagerly():
        with tf.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            value = fn(*tensors)
        found = tape.gradient(value, tensors + variables)
    else:  # here the tape cannot look into the loops of TF 1
        value = fn(*tensors)
        found = tf.compat.v1.gradients(value, tensors + variables)
    # Those of an embedding are sparse.
    return value, [None if g is None else tf.convert_to_tensor(g) for g in found]


def _of_jax(front, fn, tensors, weights, variables):
    def value_of(tensors, values):
        with front.keras.StatelessScope(list(zip(weights, values))):
            return fn(*tensors)

    differentiate = importlib.import_module("jax").value_and_grad(value_of, argnums=(0, 1))
    value, (of_tensors, of_weights) = differentiate(tensors, variables)
    return value, of_tensors + of_weights


def _of_torch(front, fn, tensors, weights, variables):
    for tensor in tensors:
        tensor.requires_grad_()
    value = fn(*tensors)
    return value, importlib.import_module("torch").autograd.grad(value, tensors + variables, allow_unused=True)


_GRADIENTS = {"tensorflow": _of_tensorflow, "jax": _of_jax, "torch": _of_torch}
