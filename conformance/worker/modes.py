"""How a case executes: `eager`, `graph`, `session`, `jit` (docs/modes.md).

A mode turns "this function of tensors, on these arrays" into NumPy results, and knows
how to set weights and which arguments of `Model.compile` select it. Modes that change
the whole process (`session`, and on TF 1 everything but it) do so in `start_process`.
"""

import importlib
import inspect
import re
from contextlib import contextmanager

from conformance.worker import backends, speedups
from conformance.worker.backends import Unsupported
from conformance.worker.structure import flatten, pack


@contextmanager
def _xla():
    """Raise `Unsupported` for an operation that XLA cannot compile at all: a missing mode, no matter of masks."""
    try:
        yield
    except Exception as error:
        found = re.search(
            r"Detected unsupported operations when trying to compile graph.*?: (\w+)", str(error), re.DOTALL
        )
        if found is None:
            raise
        raise Unsupported("XLA cannot compile the operation %s, which this needs" % found.group(1))


class Mode(object):
    """One way to execute; the base class executes op by op, on any backend.

    Attributes:
        name: One of `vocabulary.MODES`.
        front: The `FrontEnd`.
        speedups: The `ActiveSpeedups` of the process.
    """

    name = "eager"

    def __init__(self, front, active=speedups.NONE):
        """Make the mode in a process that `start_process` has prepared for it."""
        self.front = front
        self.speedups = active
        self._errors = []

    def begin(self, case=""):
        """Prepare for a cell: seed everything, so that nothing of the cell before can be seen.

        Args:
            case: Id of the case; no two cases draw the same numbers.
        """
        backends.seed(self.front, case)

    def end(self, error=None):
        """Clean up after a cell.

        Args:
            error: The exception that ended it; None if none did.
        """
        self.speedups.after_cell()
        if self.front.tf_minor and self.front.tf_minor < (2, 1):
            # It may hold a function that could not be traced, and with it the iterator that was its argument. Up to
            # TensorFlow 2.0 that one has a deleter of its own (tensorflow/python/data/ops/iterator_ops.py:
            # IteratorV2.__init__ with `components`), which, when it is collected as garbage in the middle of a later
            # cell, adds DeleteIterator to whatever is traced there: that function then captures a tensor of a graph
            # that is gone, and raises, or ends the process.
            self._errors.append(error)

    def call(self, fn, arrays, shapes=None):
        """Execute `fn` of one tensor per array.

        Args:
            fn: Function of tensors that returns a tensor, None, or nested lists, tuples and dicts of these.
            arrays: NumPy arrays, the inputs.
            shapes: Static shape of each input, None for a dimension unknown while tracing; by default the arrays'
                own shapes. Ignored where nothing is traced.

        Returns:
            The result with NumPy arrays as leaves; tuples have become lists.
        """
        leaves = []
        layout = flatten(fn(*[self._tensor(a) for a in arrays]), leaves)
        return pack(layout, [self._numpy(leaf) for leaf in leaves])

    def set_weights(self, layer, arrays):
        """Set the weights of a built layer or model, in the order of `layer.weights`."""
        layer.set_weights(arrays)

    def weight_shapes(self, layer):
        """Return shapes in the order of `layer.weights`; no value is read, which in a session would run it."""
        return [tuple(int(d) for d in w.shape) for w in layer.weights]

    def compile_arguments(self):
        """Return the arguments of `Model.compile` that make it run in this mode."""
        return {"run_eagerly": True}

    def require_training_loop(self):
        """Raise `Unsupported` where `compile`, `fit`, `evaluate` and `predict` do not exist in this mode."""

    def traced(self, fn):
        """Return `fn` as a compiled function, to be called on tensors of this mode."""
        return backends.traced(self.front, fn)

    def gradients(self, fn, tensors, weights):
        """Return the scalar `fn(*tensors)` and its gradients with respect to the tensors and to the weights."""
        return backends.gradients(self.front, fn, tensors, weights)

    def require_gradients(self):
        """Raise `Unsupported` where nothing is differentiated, and nothing trained."""
        backends.require_gradients(self.front)

    def _tensor(self, array):
        if self.front.is_keras3:
            return self.front.ops.convert_to_tensor(array)
        return self.front.tf.constant(array)

    def _numpy(self, tensor):
        if self.front.is_keras3:
            return self.front.ops.convert_to_numpy(tensor)
        return tensor.numpy()


class Graph(Mode):
    """`tf.function`, with autograph as by default."""

    name = "graph"
    function_arguments = {}

    def call(self, fn, arrays, shapes=None):
        tf = self.front.tf
        layouts = []

        # TF 1.14 cannot be told to leave a function alone; what autograph makes of this one there does the same.
        @getattr(tf.autograph.experimental, "do_not_convert", lambda function: function)
        def remember(result):
            leaves = []
            layouts.append(flatten(result, leaves))
            return leaves

        self.speedups.before_trace(fn)

        def traced(*tensors):
            return remember(fn(*tensors))

        signature = None
        if shapes is not None:
            signature = [tf.TensorSpec(s, a.dtype) for s, a in zip(shapes, arrays)]
        function = tf.function(traced, input_signature=signature, **self.function_arguments)
        leaves = self._execute(function, [tf.constant(a) for a in arrays])
        return pack(layouts[-1], [leaf.numpy() for leaf in leaves])

    def _execute(self, function, tensors):
        return function(*tensors)

    def compile_arguments(self):
        arguments = {"run_eagerly": False}
        if self.front.is_keras3:
            arguments["jit_compile"] = False  # its default, "auto", may compile
        return arguments


class Jit(Graph):
    """`tf.function(jit_compile=True)`: the whole function as one XLA computation."""

    name = "jit"

    def __init__(self, front, active=speedups.NONE):
        super(Jit, self).__init__(front, active)
        known = inspect.signature(front.tf.function).parameters
        for spelling in ("jit_compile", "experimental_compile"):
            if spelling in known:
                self.function_arguments = {spelling: True}
                break
        else:
            raise Unsupported("tf.function has no jit_compile argument")

    def _execute(self, function, tensors):
        with _xla():
            return function(*tensors)

    def compile_arguments(self):
        if "jit_compile" not in inspect.signature(self.front.keras.Model.compile).parameters:
            raise Unsupported("Model.compile has no jit_compile argument")
        return {"jit_compile": True}


class JaxJit(Mode):
    """`jax.jit`: the whole function as one XLA computation. It knows all shapes, so `shapes` is ignored."""

    name = "jit"

    def call(self, fn, arrays, shapes=None):
        return super(JaxJit, self).call(backends.jax_jit(self.front.keras, fn), arrays)

    def compile_arguments(self):
        return {"jit_compile": True}


class Session(Mode):
    """A v1 graph of its own for each cell, run in a `Session`."""

    name = "session"

    def begin(self, case=""):
        v1 = self.front.tf.compat.v1
        graph = v1.Graph()
        self._scope = graph.as_default()
        self._scope.__enter__()
        config = v1.ConfigProto()
        self.speedups.configure_session(config)
        self._session = v1.Session(graph=graph, config=config)
        self._initialized = set()
        super(Session, self).begin(case)
        if not self.front.is_keras3:
            self.keras_backend().set_session(self._session)

    def end(self, error=None):
        self._session.close()
        self._scope.__exit__(None, None, None)

    def call(self, fn, arrays, shapes=None):
        shapes = [a.shape for a in arrays] if shapes is None else shapes
        inputs = [self._placeholder(a.dtype, shape) for a, shape in zip(arrays, shapes)]
        leaves = []
        layout = self._trace(fn, inputs, leaves)
        self._initialize()
        return pack(layout, self._run(leaves, dict(zip(inputs, arrays))))

    def _run(self, fetches, feed=None):
        return self._session.run(fetches, feed) if fetches else []  # an empty graph refuses to run nothing

    def _placeholder(self, dtype, shape):
        if self.front.is_standalone_keras2:
            # Models of Keras 2.3 need the `_keras_shape` that only its own placeholders have.
            return self.front.keras.backend.placeholder(shape=shape, dtype=dtype.name)
        return self.front.tf.compat.v1.placeholder(dtype, shape)

    def _trace(self, fn, inputs, leaves):
        return flatten(fn(*inputs), leaves)

    def _initialize(self):
        if not self.front.is_keras3:
            self.keras_backend().get_session()  # initialises what is not yet
            return
        new = [v for v in self.front.tf.compat.v1.global_variables() if id(v) not in self._initialized]
        self._run([v.initializer for v in new])
        self._initialized.update(id(v) for v in new)

    def set_weights(self, layer, arrays):
        if not self.front.is_keras3:
            layer.set_weights(arrays)
            return
        # In a v1 graph, Keras 3 makes assign operations that nothing runs: run them.
        self._initialize()
        self._run([w.value.assign(a).op for w, a in zip(layer.weights, arrays)])

    def compile_arguments(self):
        return {}

    def require_training_loop(self):
        if self.front.is_keras3:
            raise Unsupported("Keras 3 trains, evaluates and predicts with eager execution only")

    def keras_backend(self):
        """Return the module in which Keras 2 keeps its session."""
        front = self.front
        if front.is_standalone_keras2:
            return front.keras.backend
        if front.name == "tf_keras":
            return front.keras.src.backend  # `set_session` is not in its public v2 API
        return front.tf.compat.v1.keras.backend


class KerasFunction(Mode):
    """`graph` of standalone Keras 2 on TensorFlow 2: the graph that Keras keeps for itself, run by `K.function`."""

    name = "graph"

    def begin(self, case=""):
        self.front.keras.backend.clear_session()
        super(KerasFunction, self).begin(case)

    def call(self, fn, arrays, shapes=None):
        backend = self.front.keras.backend
        shapes = [a.shape for a in arrays] if shapes is None else shapes
        inputs = [backend.placeholder(shape=s, dtype=a.dtype.name) for s, a in zip(shapes, arrays)]
        leaves = []
        with backend.placeholder(shape=()).graph.as_default():
            layout = flatten(fn(*inputs), leaves)
        return pack(layout, backend.function(inputs, leaves)(list(arrays)) if leaves else [])

    def compile_arguments(self):
        return {}


class SessionJit(Session):
    """`jit` of TF 1: `tf.xla.experimental.compile` in a v1 graph."""

    name = "jit"

    def __init__(self, front, active=speedups.NONE):
        super(SessionJit, self).__init__(front, active)
        if hasattr(front.tf, "xla"):
            self._compile = front.tf.xla.experimental.compile
        else:  # TF 1.13
            self._compile = importlib.import_module("tensorflow.contrib.compiler.xla").compile

    def _trace(self, fn, inputs, leaves):
        layouts = []

        def computation(*tensors):
            found = []
            layouts.append(flatten(fn(*tensors), found))
            # XLA computations here need an output; a mask of None alone gives none.
            return found + [self.front.tf.constant(0.0)]

        self._initialize()  # Keras 2 may ask its session which devices there are, and what is new then cannot be run
        outputs = self._compile(computation, inputs)
        leaves.extend(outputs[:-1])
        return layouts[-1]

    def _run(self, fetches, feed=None):
        with _xla():
            return super(SessionJit, self)._run(fetches, feed)

    def require_training_loop(self):
        raise Unsupported("Model.compile has no jit_compile argument")


def start_process(front, names, active=speedups.NONE):
    """Put the process into the state that modes need, and make them.

    Args:
        front: The `FrontEnd`.
        names: Names of the modes. Those of one process are either all of v1 graphs or none.
        active: The `ActiveSpeedups` of the process. None where anything but cases of the suite runs.

    Returns:
        Two dicts by name: the modes that can be started, and for the others why not.
    """
    if front.backend != "tensorflow":
        here = {"eager": Mode, "jit": JaxJit} if front.backend == "jax" else {"eager": Mode}
        if front.backend == "openvino":
            backends.openvino_in_float32()
    else:
        v1 = front.tf.compat.v1
        if front.is_standalone_keras2 and not front.is_tf1:
            here = {"graph": KerasFunction}
        elif "session" in names:
            if v1.executing_eagerly():
                v1.disable_eager_execution()
            here = {"session": Session, "jit": SessionJit} if front.is_tf1 else {"session": Session}
        else:
            if front.is_tf1:
                v1.enable_eager_execution()
            here = {"eager": Mode, "graph": Graph, "jit": Jit}
    active.started(front, executes_eagerly="eager" in here)
    started, refused = {}, {}
    for name in names:
        try:
            if name not in here:
                raise Unsupported(
                    "there is no mode %r on %s in a process with %s" % (name, front.backend, ", ".join(names))
                )
            started[name] = here[name](front, active)
        except Unsupported as why:
            refused[name] = str(why)
    return started, refused


def global_state(front):
    """Return what a case must leave as it was, as text."""
    state = {"floatx": front.keras.backend.floatx()}
    if front.tf is not None:
        state["eager execution"] = str(front.tf.executing_eagerly())
    if front.is_keras3:
        state["dtype policy"] = front.keras.config.dtype_policy().name
    elif hasattr(front.keras, "mixed_precision") and hasattr(front.keras.mixed_precision, "global_policy"):
        state["dtype policy"] = front.keras.mixed_precision.global_policy().name
    return state
