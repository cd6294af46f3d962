"""Cases that misbehave.

In every way a case can; between them, cases that must survive it.
"""

import ctypes
import functools
import os
import pathlib
import signal
import sys
import time
import warnings

import numpy as np
import pytest


def case(name):
    return pytest.mark.case("bad." + name, documented="somewhere")


@case("segfault")
def test_segfault(record):
    """Dies.

    The facts before are kept.
    """
    record("before", 1, expected=1)
    sys.stderr.write("about to fall\n")
    os.kill(os.getpid(), signal.SIGSEGV)


@case("after-segfault")
def test_after_segfault(record):
    """Survives.

    The next case runs in a new process.
    """
    record("alive", True, expected=True)


@case("hang")
def test_hang(record):
    """Hangs.

    It is stopped.
    """
    record("before", 1, expected=1)
    time.sleep(600)


@case("native-hang")
def test_native_hang(record):
    """Hangs outside Python, and lets nothing of Python run: no thread, no handler of a signal.

    It is stopped all the same.
    """
    record("before", 1, expected=1)
    pathlib.Path("hangs").touch()  # says so in the folder of the worker
    ctypes.PyDLL(None).sleep(600)  # PyDLL: the interpreter stays locked


@case("leak")
def test_leak(record):
    """Takes more and more memory.

    It is stopped before the machine suffers.
    """
    record("before", 1, expected=1)
    taken = []
    while True:
        taken.append(np.ones(2**20))
        time.sleep(0.01)


@case("exit")
def test_exit(record):
    """Leaves.

    os._exit is a crash.
    """
    os._exit(7)


@case("system-exit")
def test_system_exit(record):
    """Raises SystemExit.

    It is an exception like another.
    """
    sys.exit(3)


@case("keyboard-interrupt")
def test_keyboard_interrupt(record):
    """Raises KeyboardInterrupt.

    It does not end the run.
    """
    raise KeyboardInterrupt


@case("junk")
def test_junk(record):
    """Prints junk.

    Nothing printed can disturb the events.
    """
    print('{"event": "done"}', flush=True)
    os.write(1, b"\xff\xfe\x00" * 1000000)
    os.write(2, b"\x00" * 3000000)
    record("printed", True, expected=True)


@case("strange-values")
def test_strange_values(record):
    """Returns strange values.

    Whatever it is, it is recorded.
    """
    record("object", np.array([{}, None], dtype=object))
    record("large", np.arange(100000.0), expected=np.arange(100000.0))
    record("scalar", np.float32(0.1), expected=0.1, atol=1e-6)
    record("set", {1})
    record("surrogate", "\ud800")
    record("complex", np.array([1j]))
    record("ragged", [np.zeros(1), np.zeros((2, 0)), []])
    record("extremes", np.array([np.nan, -np.inf, 3.4e38, 1e-45], "float32"))
    record("integers", np.array([2**63 - 1, -(2**63)]))
    record("long", 10**30)
    record("bytes", b"\x00\xff")
    record("text", "\x1b[2J\x00\u202e<script>" + "x" * 10**6)
    record("deep", functools.reduce(lambda inner, _: [inner], range(50), 1))


@case("raises-text")
def test_raises_text(keras, record):
    """Raises with a text that a terminal, a page or a table would obey.

    It is shown, not obeyed.
    """
    keras.layers.Loud()(np.zeros((2, 2)))


@case("seed")
def test_seed(record):
    """Sets the seed of NumPy and turns warnings into errors.

    What runs after it must not notice.
    """
    np.random.seed(7)
    warnings.simplefilter("error")
    record("draw", np.random.rand(2))


@case("after-seed")
def test_after_seed(record):
    """Runs after it.

    The seed is that of every case, and a warning is a warning.
    """
    warnings.warn("a mask, just so", UserWarning, stacklevel=1)
    record("draw", np.random.rand(2))


@case("own-mistake")
def test_own_mistake(record):
    """Is wrong itself.

    A mistake in a case says nothing about Keras.
    """
    record("number", undefined_name)  # noqa: F821


@case("own-mistake-attempted")
def test_own_mistake_attempted(run, record):
    """Is wrong itself, where an exception of Keras would be a value.

    A mistake in a case is no observation.
    """
    record("number", run.attempt(lambda x: undefined_name, np.zeros(1)))  # noqa: F821


@case("float64")
def test_float64(keras, record):
    """Leaves global state changed.

    What runs after it must not notice.
    """
    keras.backend.set_floatx("float64")
    record("floatx", keras.backend.floatx(), expected="float64")


@case("after-float64")
def test_after_float64(keras, record):
    """Runs after it.

    The state is as at the start.
    """
    record("floatx", keras.backend.floatx(), expected="float32")
