"""Which Keras a layer belongs to, and the modes that this process has.

Nothing of the process is changed: whether it executes eagerly is the user's choice, and what it executes so decides
which modes can be tried (docs/modes.md).
"""

import random
import sys
from contextlib import contextmanager

import numpy as np

from conformance.checks.errors import BadInput, one_line
from conformance.worker import fixtures, frontend, modes

_STAGES = {}


class KerasRuntime:
    """One front end, with its modes by name, in the order in which clauses try them."""

    def __init__(self, front):
        self.front = front
        # Without speed-ups: this process is the author's. `conformance check --target` does without them as well.
        self.modes, self.refused = modes.start_process(front, _here(front))
        self.mask_of = fixtures.make_mask_of(front.keras)

    @property
    def first(self):
        """The mode of clauses that run in one mode only."""
        return next(iter(self.modes))


def runtime(front_end):
    """The stage of a front end, started once.

    Raises:
        BadInput: it cannot be imported.
    """
    if front_end not in _STAGES:
        try:
            _STAGES[front_end] = KerasRuntime(frontend.FrontEnd(front_end))
        except Exception as error:
            raise BadInput("%s cannot be used: %s" % (front_end, one_line(error)))
    return _STAGES[front_end]


def front_end_of(layer, asked=None):
    """Name of the front end that the class of a layer comes from.

    asked: what the user says; it must fit.

    Raises:
        BadInput: the class derives from no Keras that is known here, or from another than was asked for.
    """
    found = asked
    if not asked:
        roots = [cls.__module__.split(".")[0] for cls in type(layer).__mro__]
        found = next((r for r in reversed(roots) if r in ("tf_keras", "tensorflow", "tensorflow_core", "keras")), None)
        if "keras" in roots:
            found = "keras"  # its layers are modules of TensorFlow, which come later in the list
        if "tf_keras" in roots:
            found = "tf_keras"
        if found in ("tensorflow", "tensorflow_core"):
            found = "tf.keras"
        elif found == "keras" and not _is_keras3() and _is_module(layer):
            found = "tf.keras"  # Keras 2.6 to 2.15 is what that is made of
    if found is None or not isinstance(layer, runtime(found).front.keras.layers.Layer):
        raise BadInput(
            "%s is no layer of %s; name the Keras that it is made of: keras, tf.keras or tf_keras"
            % (type(layer).__name__, asked or "a Keras that is known here")
        )
    return found


def _is_keras3():
    return hasattr(sys.modules["keras"], "ops")


def _is_module(layer):
    return any(cls.__module__.startswith("tensorflow") and cls.__name__ == "Module" for cls in type(layer).__mro__)


def _here(front):
    """The modes that this process can have as it is."""
    if front.tf is None:
        return ["eager", "jit"] if front.backend == "jax" else ["eager"]
    if front.is_standalone_keras2 and not front.is_tf1:
        return ["graph"]
    if front.tf.executing_eagerly():
        return ["eager", "graph", "jit"]
    return ["session", "jit"] if front.is_tf1 else ["session"]


@contextmanager
def on_runtime(mode):
    """Make this the current mode.

    Random numbers of Python and NumPy, and the session of Keras, are as before afterwards.
    """
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
    """Where Keras 2 keeps its session, in modes that give it one of their own."""
    if not isinstance(mode, modes.Session) or mode.front.is_keras3:
        return None
    return mode.keras_backend()
