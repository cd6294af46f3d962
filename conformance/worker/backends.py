"""What Keras computes with, and how it is asked for what Keras has no function of its own for."""

import _thread
import importlib
import random
import sys
import types
import zlib

import numpy as np

from conformance.vocabulary import BACKENDS

SEED = 20161


class Unsupported(Exception):
    """The column has no such API or no such mode; never a matter of masks."""


def traced(front, fn):
    """`fn` as a compiled function of the backend."""
    if front.backend == "tensorflow" and hasattr(front.tf, "function"):  # TF 1.13 has none
        return front.tf.function(fn)
    if front.backend == "jax":
        return jax_jit(front.keras, fn)
    if front.backend == "torch":
        # PyTorch executes what TorchDynamo has captured; what would compile it needs a compiler of C++.
        return importlib.import_module("torch").compile(fn, backend="eager")
    raise Unsupported("%s has no functions that are traced" % BACKENDS[front.backend])


def jax_jit(keras, fn):
    """`jax.jit` of `fn`. Variables that it changes are assigned afterwards, as when Keras trains on JAX."""

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


def keep_kernels():
    """Eager TensorFlow forgets all its kernels when it is seeded, which costs a small cell a third of its time.

    It does so lest a kernel that draws at random goes on where it was. Here no two cases have the same seed, and a
    kernel is kept under its seed.
    """
    for name, module in list(sys.modules.items()):
        if name.endswith(".python.eager.context"):
            native = getattr(module, "pywrap_tfe", None) or module.pywrap_tensorflow
            native.TFE_ContextClearCaches = lambda handle: None


def keep_no_stacks(v1):
    """TensorFlow keeps the Python stack of each operation of a graph, for the texts of errors: 6 % of all the time.

    Here all operations have one stack, or none, and where a version cannot do without, all is left as it was.
    """
    for name, ops in list(sys.modules.items()):
        if name.endswith(".python.framework.ops") and hasattr(ops, "tf_stack"):
            found, native = ops.tf_stack, getattr(ops, "pywrap_tf_session", None)
            ops.tf_stack = _OneStack(found)
            if hasattr(native, "TF_SetOpStackTrace"):
                native.TF_SetOpStackTrace = lambda operation, stack: None
            try:
                with v1.Graph().as_default():
                    v1.placeholder("float32")
            except AttributeError:  # TensorFlow 2.10 and 2.11 cut the stack that they have just kept
                ops.tf_stack = found


def _stack_of_one_line(extract):
    """What `extract` finds in a new thread, whose only line says, in an error, why it is not that of the operation."""
    found, done = [], _thread.allocate_lock()
    code = "try: found.append(extract())\nfinally: done.release()"
    line = compile(code, "<stacks of operations are not kept>", "exec")
    done.acquire()
    _thread.start_new_thread(exec, (line, {"found": found, "extract": extract, "done": done}))
    done.acquire()
    return found[0]


class _OneStack(types.ModuleType):
    """TensorFlow's module of stacks, with the same one for all operations."""

    def __init__(self, module):
        super(_OneStack, self).__init__(module.__name__)
        self.__dict__.update(vars(module))
        stack = _stack_of_one_line(module.extract_stack)
        self.extract_stack = self.extract_stack_for_node = self.extract_stack_for_op = lambda *args, **kwargs: stack


def build_gradients_when_asked(v1):
    """Loops in a v1 graph keep what gradients would need, twice the operations: from now on if they are asked for."""
    experimental = getattr(v1, "experimental", None)
    if hasattr(experimental, "output_all_intermediates"):  # since TensorFlow 1.15
        experimental.output_all_intermediates(False)


def build_no_gradients_for_gpus():
    """Keras 2 traces an LSTM or a GRU once more, for GPUs, with gradients: 70 % of the time of a symbolic call.

    A worker sees no GPU. It is still traced, so what cannot be traced still raises; only these gradients are not built.
    Nothing else asks for gradients in this way but TensorFlow's CTC loss.
    """
    for module in list(sys.modules.values()):
        function = vars(module).get("ConcreteFunction") if isinstance(module, types.ModuleType) else None
        if hasattr(function, "add_gradient_functions_to_graph"):
            function.add_gradient_functions_to_graph = lambda self, g=None: None


def leave_to_python(fn):
    """Autograph does not rewrite this function of a case; it still rewrites what Keras lets it rewrite inside."""
    if hasattr(fn, "__code__"):
        fn.autograph_info__ = {}


def tidy(backend, cells):
    """Called when so many cells are done."""
    if backend == "jax" and cells % 30 == 0:
        # JAX keeps all that it has compiled: 3 GB by the last cell. More often, it compiles too much anew.
        importlib.import_module("jax").clear_caches()


def openvino_in_float32():
    """Models that `predict` and `evaluate` compile compute in float32, like all else that Keras gives to OpenVINO.

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
    """Value of the scalar `fn(*tensors)`, its gradients with respect to the tensors and to the weights.

    Where nothing flows there is None, on JAX zeros.
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
