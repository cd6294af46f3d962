"""Templates that replace fixtures of cases; `fixtures` fills in the names between %( and )."""

UNSUPPORTED = """\
def Unsupported(why):
    print("unsupported:", why)
    return SystemExit(2)"""

RAISED = '''\
class Raised:
    """An exception as a value, equal to others of one of these classes."""

    def __init__(self, *names):
        self.names = names

    def __eq__(self, other):
        return isinstance(other, Raised) and not set(self.names).isdisjoint(other.names)

    def __repr__(self):
        return "raises " + " or ".join(self.names)'''

MONKEYPATCH = """\
class monkeypatch:  # the script has its own process, so nothing is restored
    chdir = staticmethod(os.chdir)

    @staticmethod
    def setenv(name, value, prepend):
        os.environ[name] = value + prepend + os.environ[name]"""

ATTEMPT = """\
def attempt(*arguments%(shapes)s):  # like `run`, but returns an exception
    try:
        return run(*arguments%(passed)s)
    except Exception as error:
        return %(raised)s"""

RECORD = """\
def record(name, observed):
    print("%s:\\n%s" % (name, observed))"""

RECORD_ARRAYS = """\
def record(name, observed, expected%(tolerance)s):
    print("%%s:\\n%%s\\nexpected:\\n%%s" %% (name, observed, expected))
    a, b = np.asarray(observed), np.asarray(expected)
    if (a.dtype.kind, a.shape) != (b.dtype.kind, b.shape) or not np.allclose(a, b, %(close)s, equal_nan=True):
        %(wrong)s"""

RECORD_VALUES = """\
def agree(a, b, rtol, atol):
    if isinstance(b, (list, tuple)):
        return isinstance(a, (list, tuple)) and len(a) == len(b) and all(agree(*pair, rtol, atol) for pair in zip(a, b))
    a, b = np.asarray(a), np.asarray(b)
    if (a.dtype.kind, a.shape) != (b.dtype.kind, b.shape):
        return False
    return np.allclose(a, b, rtol, atol, equal_nan=True) if a.dtype.kind in "biuf" else a == b

def record(name, observed, rtol=1e-4, atol=1e-5, **contract):
    print("%%s:\\n%%s" %% (name, observed))
    for expected in contract.values():
        print("expected:\\n%%s" %% (expected,))
        if not agree(observed, expected, rtol, atol):
            %(wrong)s"""

STEP = """\
def %(method)s(model, *data, **arguments):
%(reset)s    found = model.%(method)s(*data, **arguments)
    return [float(number) for number in found] if isinstance(found, (list, tuple)) else float(found)


run.%(method)s = %(method)s"""

STEP_OF_NUMPY = """\
# On NumPy, Keras computes the loss only in `evaluate`.
run.test_on_batch = lambda model, x, *data, **arguments: model.evaluate(
    x, *data, batch_size=len(x), verbose=0, **arguments
)"""

BUILD = """\
def build(layer%(shape)s%(seed)s):  # with distinct weights from a seed
%(build)s    draw = np.random.RandomState(%(from)s)
%(set)s"""

SET_WEIGHTS = """\
    layer.set_weights([draw.uniform(0.1, 0.7, w.shape) * draw.choice([-1, 1], w.shape) for w in layer.get_weights()])
    return [w.astype("float32") for w in layer.get_weights()]"""

SET_WEIGHTS_IN_SESSION = """\
    initialize()
    arrays = [draw.uniform(0.1, 0.7, w.shape) * draw.choice([-1, 1], w.shape) for w in layer.weights]
    for w, a in zip(layer.weights, arrays):
        session.run(w.value.assign(a).op)
    return [a.astype("float32") for a in arrays]"""

MASK_OF = """\
def mask_of(tensor):  # as passed to the next layer
    return getattr(tensor, "_keras_mask", None)"""

MASK_OF_STANDALONE = """\
class Probe(keras.layers.Layer):
    def call(self, inputs, mask=None):
        self.see(mask)
        return inputs

def mask_of(tensor):  # as passed to the next layer
    probe, seen = Probe(), []
    probe.supports_masking, probe.see = True, seen.append
    probe(tensor)
    return seen[-1]"""

STATIC_SHAPE = '''\
def static_shape(tensor):
    """The shape known before anything runs, None for an unknown dimension."""
    return None if tensor is None else [None if d is None else int(d) for d in tensor.shape%(as_list)s]'''

EAGER = """\
def run(fn, *arrays%(shapes)s):  # %(how)s
    result = %(fn)s(*map(%(tensor)s, arrays))
    return %(nest)s.map_structure(lambda t: None if t is None else %(numpy)s, result)"""

EAGER_TENSORFLOW = """\
def run(fn, *arrays%(shapes)s):  # eagerly
    return %(nest)s.map_structure(lambda t: None if t is None else t.numpy(), fn(*map(tf.constant, arrays)))"""

FUNCTION = """\
def run(fn, *arrays%(shapes)s):  # in a tf.function%(compiled)s%(signature)s
    result = tf.function(lambda *tensors: fn(*tensors)%(arguments)s)(*map(tf.constant, arrays))
    return %(nest)s.map_structure(lambda t: None if t is None else t.numpy(), result)"""

SIGNATURE = """
    signature = shapes and [tf.TensorSpec(s, a.dtype) for s, a in zip(shapes, arrays)]"""

IN_GRAPH = """\
def run(fn, *arrays%(shapes)s):  # %(by)s
    inputs = [%(placeholder)s for %(each)s]
%(trace)s
    leaves = [t for t in %(nest)s.flatten(result) if t is not None]
    values = iter(%(execute)s if leaves else [])
    return %(nest)s.map_structure(lambda t: None if t is None else next(values), result)"""

IN_GRAPH_OF_KERAS = """\
    with keras.backend.placeholder(shape=()).graph.as_default():
        result = fn(*inputs)"""

IN_XLA = """\
def run(fn, *arrays%(shapes)s):  # compiled by XLA, in a session
    inputs, results = [%(placeholder)s for %(each)s], []
    %(session)s  # initializes variables, which is impossible inside XLA

    def computation(*tensors):
        results.append(fn(*tensors))
        leaves = [t for t in %(nest)s.flatten(results[-1]) if t is not None]
        return leaves + [tf.constant(0.0)]  # XLA requires at least one output

    leaves = %(compile)s(computation, inputs)
    values = iter(%(execute)s)
    return %(nest)s.map_structure(lambda t: None if t is None else next(values), results[-1])"""

INITIALIZE = """\
session, initialized = tf.compat.v1.Session(), set()

def initialize():  # new variables: Keras 3 does not initialize them in a TF1 graph
    new = [v for v in tf.compat.v1.global_variables() if v.ref() not in initialized]
    if new:
        session.run([v.initializer for v in new])
    initialized.update(v.ref() for v in new)"""

JAX_JIT = '''\
def jit(fn):
    """Like `jax.jit`; assigns the variables that `fn` updates afterwards, as Keras does in training."""
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

GRADIENTS = """\
def gradients_of(fn, tensors, weights=()):  # returns the value of a scalar and its gradients
    variables = %(variables)s
%(compute)s
    return value, found[: len(tensors)], found[len(tensors) :]"""
BY_TAPE = """\
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = fn(*tensors)
    found = tape.gradient(value, tensors + variables)
    found = [None if g is None else tf.convert_to_tensor(g) for g in found]  # dense"""
BY_GRAPH = """\
    value = fn(*tensors)
    found = tf.compat.v1.gradients(value, tensors + variables)
    found = [None if g is None else tf.convert_to_tensor(g) for g in found]  # dense"""
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
# By default, OpenVINO computes in bfloat16 on processors that support it.
import openvino

compile_model, exact = openvino.compile_model, {"INFERENCE_PRECISION_HINT": "f32"}
openvino.compile_model = lambda model, device="AUTO", config=None: compile_model(model, device, config or exact)"""
