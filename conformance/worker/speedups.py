"""All that makes a worker faster by touching TensorFlow, JAX or Python. `conformance run --no-speedups` does without.

Each entry of `SPEEDUPS` says what it does, what that gains, on which versions, and what it replaces upstream. On the
versions that it names it must find that: otherwise the run has a problem. What a case observes must be the same with
and without it.
"""

import _thread
import gc
import importlib
import re
import sys
import types

SPEEDUPS = []
JAX_CELLS = 30


class NotFound(Exception):
    """Raised by an entry that does not find what it replaces."""


class Speedup(object):
    """One entry.

    Attributes:
        name: How problems call it.
        apply: Function of a `FrontEnd`, called once for each process; raises `NotFound`.
        reason: What it does, and why that is faster.
        gain: As measured, and of what.
        upstream: File and function upstream.
        moment: When `apply` is called: "import", when Keras and the cases are imported but no process is forked yet,
            or "start", when a process is eager, or not, for its modes.
        hook: When what `apply` returns is called: "trace", with each function of a case that is traced; "session",
            with the configuration of each session; "cell", after each cell. None if it returns nothing.
        python: First version of Python as a tuple.
        backend: The backend that it is about; None for all.
        front_ends: Those that it is about; None for all.
        tensorflow: Ranges of minor releases, as pairs of the first and the last, None for the newest.
        executes_eagerly: Whether it is about processes that execute eagerly, or about those of sessions; None for both.
    """

    def __init__(
        self,
        name,
        apply,
        gain,
        upstream,
        moment="start",
        hook=None,
        python=(3, 6),
        backend=None,
        front_ends=None,
        tensorflow=(),
        executes_eagerly=None,
    ):
        self.name, self.apply, self.gain, self.upstream = name, apply, gain, upstream
        self.reason = apply.__doc__
        self.moment, self.hook = moment, hook
        self.python, self.backend, self.front_ends = python, backend, front_ends
        self.tensorflow, self.executes_eagerly = tensorflow, executes_eagerly

    def covers(self, front):
        """Return whether it is about this front end with these versions."""
        if sys.version_info < self.python or self.backend not in (None, front.backend):
            return False
        if self.front_ends is not None and front.name not in self.front_ends:
            return False
        if not self.tensorflow:
            return True
        here = _minor(front.tf.__version__)
        return any(_minor(first) <= here <= _minor(last or "999") for first, last in self.tensorflow)


class ActiveSpeedups(object):
    """The speed-ups of a process; none of them unless they are asked for."""

    def __init__(self, active=False, problem=None):
        """Take none, or all that cover what is here.

        Args:
            active: Whether to take any.
            problem: Function that is told, in one line, of an entry that does not find what it replaces.
        """
        self._entries = SPEEDUPS if active else []
        self._problem = problem
        self._hooks = {"trace": [], "session": [], "cell": []}

    def imported(self, front):
        """Apply the entries for when everything is imported and no process is forked yet."""
        self._apply(front, [entry for entry in self._entries if entry.moment == "import"])

    def started(self, front, executes_eagerly):
        """Apply the entries of one process, which executes eagerly or not from now on."""
        entries = [entry for entry in self._entries if entry.moment == "start"]
        self._apply(front, [e for e in entries if e.executes_eagerly in (None, executes_eagerly)])

    def before_trace(self, fn):
        """Prepare a function of a case that will be traced."""
        self._call("trace", fn)

    def configure_session(self, config):
        """Change the `ConfigProto` of a session."""
        self._call("session", config)

    def after_cell(self):
        """Clean up after a cell."""
        self._call("cell")

    def _apply(self, front, entries):
        for entry in entries:
            if entry.covers(front):
                try:
                    act = entry.apply(front)
                except NotFound as why:
                    where = "%s %s" % (front.backend, front.versions().get(front.backend, ""))
                    told = (entry.name, where.strip(), why)
                    self._problem("speed-up %s does not fit %s: %s (--no-speedups does without)" % told)
                    continue
                if entry.hook:
                    self._hooks[entry.hook].append(act)

    def _call(self, hook, *arguments):
        for act in self._hooks[hook]:
            act(*arguments)


NONE = ActiveSpeedups()


def _minor(version):
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _speedup(name, **about):
    """Declare the decorated function as the `apply` of an entry."""

    def declare(apply):
        SPEEDUPS.append(Speedup(name, apply, **about))
        return apply

    return declare


def _find(front, name, *paths):
    """Return the first module of TensorFlow among `paths` that has `name`, which may be "Class.method".

    Raises:
        NotFound: No module has it.
    """
    # TensorFlow 1.15 to 2.1 have their code in the package `tensorflow_core`.
    root = front.tf.Operation.__module__.split(".python.")[0]
    for path in paths:
        try:
            module = found = importlib.import_module("%s.python.%s" % (root, path))
            for part in name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError):
            continue
        return module
    raise NotFound("there is no %s in tensorflow/python: %s" % (name, ", ".join(p.replace(".", "/") for p in paths)))


@_speedup(
    "frozen-garbage",
    gain="a collection costs a third of the time of a small cell",
    upstream="CPython, Modules/gcmodule.c: gc.freeze",
    moment="import",
    python=(3, 7),
)
def freeze_garbage(front):
    """Keep the garbage collector from looking, again and again, through all that was imported."""
    gc.collect()
    gc.freeze()


@_speedup(
    "kept-kernels",
    gain="a third of a small eager cell",
    upstream="tensorflow/python/eager/context.py: Context._set_global_seed, which calls TFE_ContextClearCaches",
    backend="tensorflow",
    tensorflow=[("1.13", None)],
    executes_eagerly=True,
)
def keep_kernels(front):
    """Keep the kernels of eager TensorFlow, which forgets all of them when it is seeded, that is before each cell.

    It does so lest a kernel that draws at random goes on where it was. Here no two cases have the same seed, and a
    kernel is kept under its seed.
    """
    native = "pywrap_tfe" if _minor(front.tf.__version__) >= (2, 2) else "pywrap_tensorflow"
    context = _find(front, native + ".TFE_ContextClearCaches", "eager.context")
    getattr(context, native).TFE_ContextClearCaches = lambda handle: None


@_speedup(
    "one-stack",
    gain="6 % of all cells",
    upstream="tensorflow/python/framework/ops.py: Operation.__init__ (to 2.9), _create_c_op (since 2.12)",
    backend="tensorflow",
    # TensorFlow 2.10 and 2.11 cut the stack that they have just kept: `self.traceback._stacklevel += 1`.
    tensorflow=[("1.13", "2.9"), ("2.12", None)],
)
def share_stack(front):
    """Give all operations of graphs one Python stack, or none. Each would keep its own, for the texts of errors."""
    ops = _find(front, "tf_stack.extract_stack", "framework.ops")
    found, asked = ops.tf_stack, []
    stack = _stack_of_one_line(found.extract_stack)

    def replace(extract):
        replaced = dict.fromkeys(("extract_stack", "extract_stack_for_node", "extract_stack_for_op"), extract)
        ops.tf_stack = types.SimpleNamespace(**dict(vars(found), **replaced))

    replace(lambda *args, **kwargs: asked.append(args) or stack)
    try:
        with front.tf.compat.v1.Graph().as_default():
            front.tf.compat.v1.placeholder("float32")
    except AttributeError as error:
        ops.tf_stack = found
        raise NotFound("an operation needs a stack of its own: %s" % error)
    if not asked:
        raise NotFound("tensorflow/python/framework/ops.py does not ask tf_stack for the stack of an operation")
    replace(lambda *args, **kwargs: stack)
    if hasattr(getattr(ops, "pywrap_tf_session", None), "TF_SetOpStackTrace"):  # since TensorFlow 2.14
        ops.pywrap_tf_session.TF_SetOpStackTrace = lambda operation, stack: None


def _stack_of_one_line(extract):
    """Return what `extract` finds in a new thread, whose only line says, in an error, why it is not the operation's."""
    found, done = [], _thread.allocate_lock()
    code = "try: found.append(extract())\nfinally: done.release()"
    line = compile(code, "<stacks of operations are not kept>", "exec")
    done.acquire()
    _thread.start_new_thread(exec, (line, {"found": found, "extract": extract, "done": done}))
    done.acquire()
    return found[0]


@_speedup(
    "lean-loops",
    gain="half of the operations of a loop in a session",
    upstream="tf.compat.v1.experimental.output_all_intermediates (tensorflow/python/ops/control_flow_util_v2.py)",
    backend="tensorflow",
    tensorflow=[("1.15", None)],
    executes_eagerly=False,
)
def build_lean_loops(front):
    """Make loops of v1 graphs keep what gradients need only when gradients are asked for."""
    experimental = getattr(front.tf.compat.v1, "experimental", None)
    if not hasattr(experimental, "output_all_intermediates"):
        raise NotFound("there is no tf.compat.v1.experimental.output_all_intermediates")
    experimental.output_all_intermediates(False)


@_speedup(
    "no-gpu-gradients",
    gain="7 % of all cells of Keras 2; 70 % of a symbolic call of an LSTM",
    upstream="keras/layers/rnn/gru_lstm_utils.py: function_register (tensorflow/python/keras/layers/recurrent_v2.py), "
    "which calls ConcreteFunction.add_gradient_functions_to_graph",
    backend="tensorflow",
    front_ends=("tf.keras", "tf_keras"),
    tensorflow=[("1.15", None)],
)
def build_no_gradients_for_gpus(front):
    """Leave out the gradients of the second body that Keras 2 traces for an LSTM or a GRU, for GPUs.

    A worker sees no GPU. The body is still traced, so what cannot be traced still raises. Nothing else asks for
    gradients in this way but TensorFlow's CTC loss.
    """
    module = _find(
        front,
        "ConcreteFunction.add_gradient_functions_to_graph",
        "eager.polymorphic_function.concrete_function",  # since TensorFlow 2.14
        "eager.polymorphic_function.monomorphic_function",  # since 2.11
        "eager.function",
    )
    module.ConcreteFunction.add_gradient_functions_to_graph = lambda self, g=None: None


@_speedup(
    "unconverted-cases",
    gain="a fifth of `graph`",
    upstream="tensorflow/python/autograph/impl: conversion.py: is_whitelisted_for_graph (1.13, 1.14), "
    "api.py: converted_call (1.15 to 2.1), is_autograph_artifact (since 2.2)",
    backend="tensorflow",
    tensorflow=[("1.13", None)],
    executes_eagerly=True,
    hook="trace",
)
def leave_cases_to_python(front):
    """Keep autograph from rewriting the lines of a case. It still rewrites what Keras lets it rewrite inside."""
    readers = ["api.is_autograph_artifact", "api.converted_call", "conversion.is_whitelisted_for_graph"]
    for module, _, name in (reader.partition(".") for reader in readers):
        try:
            reader = getattr(_find(front, name, "autograph.impl." + module), name)
        except NotFound:
            continue
        if "autograph_info__" in reader.__code__.co_consts:
            return _mark_as_converted
    raise NotFound("tensorflow/python/autograph/impl does not read autograph_info__ in %s" % ", ".join(readers))


def _mark_as_converted(fn):
    if hasattr(fn, "__code__"):
        fn.autograph_info__ = {}


@_speedup(
    "unrewritten-sessions",
    gain="a fifth of `session`",
    upstream="tensorflow/core/protobuf/rewriter_config.proto: disable_meta_optimizer; config.proto: opt_level",
    backend="tensorflow",
    tensorflow=[("1.13", None)],
    executes_eagerly=False,
    hook="session",
)
def leave_sessions_unrewritten(front):
    """Execute v1 graphs as they are built, without TensorFlow's own rewriting (Grappler), which knows no masks."""

    def configure(config):
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = -1

    try:
        configure(front.tf.compat.v1.ConfigProto())
    except AttributeError as error:
        raise NotFound("the configuration of a session has other fields: %s" % error)
    return configure


@_speedup(
    "forgotten-compilations",
    gain="memory: without it 3 GB at the last cell",
    upstream="jax.clear_caches",
    backend="jax",
    hook="cell",
)
def forget_compilations(front):
    """Make JAX forget, now and then, what it has compiled. If it did so more often, it would compile too much anew."""
    jax, cells = importlib.import_module("jax"), []
    if not hasattr(jax, "clear_caches"):
        raise NotFound("there is no jax.clear_caches")

    def after_cell():
        cells.append(None)
        if len(cells) == JAX_CELLS:
            jax.clear_caches()
            del cells[:]

    return after_cell
