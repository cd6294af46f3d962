"""Texts that stand for fixtures of cases; the names between %( and ) are filled in by `fixtures`."""

UNSUPPORTED = '''\
def Unsupported(why):
    """Raised where there is nothing to see."""
    print("unsupported:", why)
    return SystemExit(2)'''

RAISED = '''\
class Raised:
    """An exception as a value: as expected if it is of one of these classes."""

    def __init__(self, *names):
        self.names = names

    def __eq__(self, other):
        return isinstance(other, Raised) and not set(self.names).isdisjoint(other.names)

    def __repr__(self):
        return "raises " + " or ".join(self.names)'''

MONKEYPATCH = '''\
class monkeypatch:
    @staticmethod
    def setenv(name, value, prepend):
        """Put `value` in front; in a process of its own, nothing has to be put back."""
        import os

        os.environ[name] = value + prepend + os.environ[name]'''

ATTEMPT = '''\
def attempt(*arguments, **shapes):
    """As `run`; an exception is returned."""
    try:
        return run(*arguments, **shapes)
    except Exception as error:
        return %(raised)s

run.attempt = attempt'''

RECORD = """\
def record(name, observed):
    print("%s:\\n%s" % (name, observed))"""

RECORD_EXPECTED = """\
wrong = []

def agree(a, b, rtol, atol):
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(agree(*pair, rtol, atol) for pair in zip(a, b))
    if not all(isinstance(v, (float, np.generic, np.ndarray)) for v in (a, b)):
        return type(a) is type(b) and a == b
    a, b = np.asarray(a), np.asarray(b)
    return (a.dtype.kind, a.shape) == (b.dtype.kind, b.shape) and np.allclose(a, b, rtol, atol, equal_nan=True)

def record(name, observed, rtol=1e-4, atol=1e-5, **promised):
    print("%s:\\n%s" % (name, observed))
    for expected in promised.values():
        print("expected:\\n%s" % (expected,))
        if not agree(observed, expected, rtol, atol):
            wrong.append(name)"""

BUILD = '''\
def build(layer, input_shape=None, seed=0):
    """Build a layer and set its weights, no two alike; they are returned."""
    if input_shape is not None:
        layer.build(input_shape)
    draw = np.random.RandomState(seed)
    shapes = [tuple(w.shape) for w in %(weights)s]
    arrays = [(draw.uniform(0.1, 0.7, s) * draw.choice([-1.0, 1.0], s)).astype("float32") for s in shapes]
    %(set)s
    return arrays'''

MASK_OF = '''\
class Probe(keras.layers.Layer):
    def call(self, inputs, mask=None):
        self.see(mask)
        return inputs

def mask_of(tensor):
    """The mask that a layer called on this tensor is given."""
    probe, seen = Probe(), []
    probe.supports_masking, probe.autocast, probe._autocast, probe.see = True, False, False, seen.append
    probe(tensor)
    return %(mask)s'''

STATIC_SHAPE = '''\
def static_shape(tensor):
    """The shape known before anything runs, None for an unknown dimension."""
    return None if tensor is None else [None if d is None else int(d) for d in tensor.shape%(as_list)s]'''

EAGER = '''\
def run(fn, *arrays%(shapes)s):
    """`fn` of %(what)s; what it returns, with NumPy arrays."""
    result = %(fn)s(*[%(tensor)s for a in arrays])
    return %(nest)s.map_structure(lambda t: None if t is None else %(numpy)s, result)'''

FUNCTION = '''\
def run(fn, *arrays%(shapes)s):
    """`fn` in a tf.function%(compiled)s; what it returns, with NumPy arrays."""%(signature)s
    result = tf.function(lambda *tensors: fn(*tensors)%(arguments)s)(*[tf.constant(a) for a in arrays])
    return %(nest)s.map_structure(lambda t: None if t is None else t.numpy(), result)'''

SIGNATURE = """
    signature = shapes and [tf.TensorSpec(s, a.dtype) for s, a in zip(shapes, arrays)]"""

IN_GRAPH = '''\
def run(fn, *arrays%(shapes)s):
    """`fn` of placeholders, run %(by)s; what it returns, with NumPy arrays."""
    inputs = [%(placeholder)s for %(each)s]
%(trace)s
    leaves = [t for t in %(nest)s.flatten(result) if t is not None]
    values = iter(%(execute)s if leaves else [])
    return %(nest)s.map_structure(lambda t: None if t is None else next(values), result)'''

IN_GRAPH_OF_KERAS = """\
    with keras.backend.placeholder(shape=()).graph.as_default():
        result = fn(*inputs)"""

IN_XLA = '''\
def run(fn, *arrays%(shapes)s):
    """`fn` of placeholders, compiled by XLA, run in a session; what it returns, with NumPy arrays."""
    inputs, results = [%(placeholder)s for %(each)s], []
    %(session)s  # initialises variables, which inside of XLA it cannot

    def computation(*tensors):
        results.append(fn(*tensors))
        leaves = [t for t in %(nest)s.flatten(results[-1]) if t is not None]
        return leaves + [tf.constant(0.0)]  # it has to return something

    leaves = %(compile)s(computation, inputs)
    values = iter(%(execute)s)
    return %(nest)s.map_structure(lambda t: None if t is None else next(values), results[-1])'''

INITIALIZE = '''\
session, initialized = tf.compat.v1.Session(), set()

def initialize():
    """Initialise the variables that are new: in a v1 graph, Keras 3 leaves that to its user."""
    new = [v for v in tf.compat.v1.global_variables() if v.ref() not in initialized]
    if new:
        session.run([v.initializer for v in new])
    initialized.update(v.ref() for v in new)'''

JAX_JIT = '''\
def jit(fn):
    """`jax.jit`; variables that `fn` changes are assigned afterwards, as when Keras trains."""
    import jax

    changed = {}

    class Scope(keras.StatelessScope):
        def add_update(self, update):
            super().add_update(update)
            changed[id(update[0])] = update[0]

    def pure(*tensors):
        with Scope() as scope:
            result = fn(*tensors)
        return result, [scope.get_current_value(v) for v in changed.values()]

    def call(*tensors):
        result, values = jax.jit(pure)(*tensors)
        for variable, value in zip(changed.values(), values):
            variable.assign(value)
        return result

    return call'''

GRADIENTS = '''\
def gradients(fn, tensors, weights=()):
    """The scalar `fn(*tensors)`, its gradients by the tensors, and by the weights."""
    variables = %(variables)s
%(compute)s
    return value, found[: len(tensors)], found[len(tensors) :]

run.gradients = gradients'''
BY_TAPE = """\
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = fn(*tensors)
    found = tape.gradient(value, tensors + variables)
    found = [None if g is None else tf.convert_to_tensor(g) for g in found]  # not sparse"""
BY_GRAPH = """\
    value = fn(*tensors)
    found = tf.compat.v1.gradients(value, tensors + variables)
    found = [None if g is None else tf.convert_to_tensor(g) for g in found]  # not sparse"""
BY_JAX = """\

    def value_of(tensors, values):
        with keras.StatelessScope(list(zip(weights, values))):
            return fn(*tensors)

    import jax

    value, found = jax.value_and_grad(value_of, argnums=(0, 1))(tensors, variables)
    found = found[0] + found[1]"""
BY_TORCH = """\
    import torch

    for tensor in tensors:
        tensor.requires_grad_()
    value = fn(*tensors)
    found = torch.autograd.grad(value, tensors + variables, allow_unused=True)"""

IN_FLOAT32 = """\
# Unasked, OpenVINO computes in bfloat16 on processors that have it.
import openvino

compile_model, exact = openvino.compile_model, {"INFERENCE_PRECISION_HINT": "f32"}
openvino.compile_model = lambda model, device="AUTO", config=None: compile_model(model, device, config or exact)"""
