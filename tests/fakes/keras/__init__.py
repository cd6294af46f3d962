"""A Keras in NumPy, just large enough for the worker; looks like Keras 3 on its NumPy backend.

FAKE_FAULT makes it misbehave: "no-import", "dies", "hangs", "lies", "rnn-broken", "hostile", "changed-jax" (it says
that it runs on a JAX, which has nothing), "rnn-flat" (an output has another shape), "closes" the channel of the worker
and goes on, or "says" there what is in the file FAKE_SAYS.
"""

import fcntl
import os
import signal
import stat
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np

FAULT = os.environ.get("FAKE_FAULT", "")
HOSTILE = "\x1b]0;title\x07\x1b[31m\x9b2J<script>alert(1)</script> | `x` ::error::\r\n\ud800\u202e"
__version__ = {"lies": "0.2", "hostile": "0.1/../.." + HOSTILE}.get(FAULT, "0.1")

BACKEND = "jax" if FAULT == "changed-jax" else "numpy"
if BACKEND == "jax":
    sys.modules["jax"] = ModuleType("jax")
if FAULT == "no-import":
    raise ImportError("libfake.so.1: cannot open shared object file")
if FAULT == "dies":
    print("something went very wrong", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)
if FAULT == "hangs":
    time.sleep(600)
if FAULT in ("says", "closes"):
    for channel in range(3, 20):  # the worker keeps it to itself; who wants to find it, does
        try:
            if stat.S_ISFIFO(os.fstat(channel).st_mode) and fcntl.fcntl(channel, fcntl.F_GETFL) & os.O_WRONLY:
                if FAULT == "says":
                    os.write(channel, Path(os.environ["FAKE_SAYS"]).read_bytes())
                else:
                    os.close(channel)
        except OSError:
            pass
    if FAULT == "closes":
        os.dup2(2, 1)
        time.sleep(600)


class Array(np.ndarray):
    """An array that can carry a mask."""


def _tensor(data):
    return np.array(data).view(Array)


class Layer:
    supports_masking = False

    def __init__(self, **arguments):
        self.arguments = arguments
        self.weights = []

    def __call__(self, inputs, mask=None):
        mask = getattr(inputs, "_keras_mask", None) if mask is None else mask
        takes_mask = "mask" in self.call.__code__.co_varnames
        output = _tensor(self.call(inputs, mask=mask) if takes_mask else self.call(inputs))
        output._keras_mask = self.compute_mask(inputs, mask)
        return output

    def compute_mask(self, inputs, mask=None):
        return mask if self.supports_masking else None

    def build(self, input_shape):
        pass

    @property
    def trainable_weights(self):
        return self.weights

    def get_weights(self):
        return self.weights

    def set_weights(self, arrays):
        self.weights = arrays


class Masking(Layer):
    def compute_mask(self, inputs, mask=None):
        return _tensor(np.any(inputs != self.arguments.get("mask_value", 0.0), axis=-1))

    def call(self, inputs):
        return inputs * self.compute_mask(inputs)[..., None]


class SimpleRNN(Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.weights = [np.zeros((input_shape[-1], self.units))]

    def call(self, inputs, mask=None):
        if FAULT == "rnn-broken":
            raise RuntimeError("no kernel for this processor")
        if FAULT == "rnn-flat":
            return inputs.sum(axis=1)
        return (inputs * np.ones(inputs.shape[:2])[..., None]).sum(axis=1) @ self.weights[0]


class Wrapper(Layer):
    """Nothing of the cases wraps; the layers that clauses are tried on are made of it."""


class Broken(Layer):
    def call(self, inputs):
        return np.linalg.inv(inputs)


class Loud(Layer):
    def call(self, inputs):
        raise ValueError(HOSTILE + "x" * 10**6)


layers = SimpleNamespace(Layer=Layer, Wrapper=Wrapper, Masking=Masking, SimpleRNN=SimpleRNN, Broken=Broken, Loud=Loud)
ops = SimpleNamespace(convert_to_tensor=_tensor, convert_to_numpy=np.asarray, zeros_like=np.zeros_like)
utils = SimpleNamespace(set_random_seed=lambda seed: None)
_floatx = ["float32"]
backend = SimpleNamespace(floatx=lambda: _floatx[0], set_floatx=lambda name: _floatx.__setitem__(0, name))
config = SimpleNamespace(backend=lambda: BACKEND, dtype_policy=lambda: SimpleNamespace(name=_floatx[0]))
