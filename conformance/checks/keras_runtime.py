"""Which Keras a layer belongs to, and the modes that this process has.

The process is left as it is: whether it executes eagerly is the user's choice, and decides which modes can be tried
(docs/modes.md).
"""

import random
import sys
from contextlib import contextmanager

import numpy as np

from conformance.checks.errors import BadInput, one_line
from conformance.worker import fixtures, frontend, modes

_RUNTIMES = {}


class KerasRuntime:
    """A front end in this process.

    Attributes:
        front: The front end.
        modes: Its modes by name, in the order in which clauses try them.
        mask_of: Function that returns the mask that a following layer would see on a tensor.
    """

    def __init__(self, front):
        self.front = front
        # Without speed-ups: this process is the author's. `conformance check --target` does without them as well.
        self.modes, self.refused = modes.start_process(front, _available(front))
        self.mask_of = fixtures.make_mask_of(front.keras)

    @property
    def first(self):
        """Name of the mode of clauses that run in one mode only."""
        return next(iter(self.modes))


def runtime(front_end):
    """Return the `KerasRuntime` of a front end, started once in a process.

    Raises:
        BadInput: The front end cannot be imported.
    """
    if front_end not in _RUNTIMES:
        try:
            _RUNTIMES[front_end] = KerasRuntime(frontend.FrontEnd(front_end))
        except Exception as error:
            raise BadInput("%s cannot be used: %s" % (front_end, one_line(error)))
    return _RUNTIMES[front_end]


def front_end_of(layer, declared=None):
    """Return the name of the front end that the class of a layer derives from.

    Args:
        layer: The layer.
        declared: Name of a front end; its class must derive from that one.

    Raises:
        BadInput: The class does not derive from the declared front end, or from none that is known.
    """
    found = declared
    if not declared:
        roots = [cls.__module__.split(".")[0] for cls in type(layer).__mro__]
        found = next((r for r in reversed(roots) if r in ("tf_keras", "tensorflow", "tensorflow_core", "keras")), None)
        if "keras" in roots:
            found = "keras"  # its layers are modules of TensorFlow, which come later in the list
        if "tf_keras" in roots:
            found = "tf_keras"
        if found in ("tensorflow", "tensorflow_core"):
            found = "tf.keras"
        elif found == "keras" and not _is_keras3() and _is_module(layer):
            found = "tf.keras"  # of TensorFlow 2.6 to 2.15, which takes it from the package `keras`
    if found is None or not isinstance(layer, runtime(found).front.keras.layers.Layer):
        raise BadInput(
            "%s is not a layer of %s; declare the front end that it derives from: keras, tf.keras or tf_keras"
            % (type(layer).__name__, declared or "any known front end")
        )
    return found


def _is_keras3():
    return hasattr(sys.modules["keras"], "ops")


def _is_module(layer):
    return any(cls.__module__.startswith("tensorflow") and cls.__name__ == "Module" for cls in type(layer).__mro__)


def _available(front):
    """Return the names of the modes that the process can have as it is."""
    if front.tf is None:
        return ["eager", "jit"] if front.backend == "jax" else ["eager"]
    if front.is_standalone_keras2 and not front.is_tf1:
        return ["graph"]
    if front.tf.executing_eagerly():
        return ["eager", "graph", "jit"]
    return ["session", "jit"] if front.is_tf1 else ["session"]


@contextmanager
def in_mode(mode):
    """Make this the current mode; afterwards restore the session of Keras and the random state of Python and NumPy."""
    state, numbers = random.getstate(), np.random.get_state()
    backend = _sessions(mode)
    session = backend.get_session() if backend else None
    mode.begin()
    try:
        yield
    finally:
        mode.end()
        if backend:
            backend.set_session(session)
        random.setstate(state)
        np.random.set_state(numbers)


def _sessions(mode):
    """Return the backend module in which Keras 2 keeps its session, if the mode replaces that session; else None."""
    if not isinstance(mode, modes.Session) or mode.front.is_keras3:
        return None
    return mode.keras_backend()
