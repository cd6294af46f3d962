"""A worker: reads one request from stdin, executes its cells, writes one JSON event per line.

Request: {"front_end": "keras", "modes": ["eager", ...], "cells": [[case, mode], ...],
"cases": directory of the case files}. Events, in this order: "hello" (versions), one
"mode" for each mode (whether a masked tensor gets through it), then for every cell "start",
any number of "fact", "end"; at last "done". "polluted" instead of a further "start" means
that a case left global state changed and that the rest needs another process.

`python -m conformance.worker list CASES` lists the cases instead, and needs no Keras.

Events go to the descriptor that was standard output; whatever the target prints goes to
standard error.
"""

import gc
import json
import os
import sys

try:
    import resource
except ImportError:  # Windows
    resource = None

import numpy as np
import pytest

from conformance.worker import catalogue, modes, plugin, toolbox, values


def main(arguments):
    emit = _take_standard_output()
    if arguments[:1] == ["list"]:
        return catalogue.collect(arguments[1], emit)
    request = json.load(sys.stdin)
    cells = [tuple(cell) for cell in request["cells"]]
    masks = plugin.Masks(request["front_end"], request["modes"], cells, emit)
    masks.start()
    emit({"event": "hello", "versions": masks.front.versions(), "backend": masks.front.backend})
    for name in request["modes"]:
        reason = masks.refused.get(name) or try_mode(masks, name)
        emit({"event": "mode", "mode": name, "works": reason is None, "reason": reason})
    if hasattr(gc, "freeze"):
        # What the imports made stays: without it each collection costs a third of the time of a small case.
        gc.collect()
        gc.freeze()
    if cells:
        options = "-q --tb=no --capture=no -p no:cacheprovider -p no:warnings -p no:faulthandler -c"
        files = [os.path.join(request["cases"], "pytest.ini"), request["cases"]]
        pytest.main(options.split() + files, plugins=[_Session(masks)])
    emit({"event": "done", "peak_mb": peak_mb()})
    return 0


def peak_mb():
    """The most memory this process ever had, in MB; None where the system does not say."""
    if resource is None:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(used / (2.0**20 if sys.platform == "darwin" else 2.0**10))


def try_mode(masks, name):
    """None if a masked sequence gets through an RNN in this mode, else why it does not."""
    mode = masks.modes[name]
    layers = masks.front.keras.layers
    x = np.array([[[0.0, 1.0], [0.0, 0.0], [2.0, 0.0]]], "float32")
    try:
        mode.begin()
        masking, rnn = layers.Masking(), layers.SimpleRNN(4)
        toolbox.make_build(mode)(rnn, (None, 3, 2))
        output = mode.call(lambda t: rnn(masking(t)), [x])
        mode.end()
    except Exception as error:
        return "%s: %s" % (type(error).__name__, " ".join(values.clip(error, 300).split()))
    return None if output.shape == (1, 4) else "an RNN of 4 units gives an output of shape %s" % (output.shape,)


class _Session(object):
    """Gives the process's `Masks` to the plug-in, and stops when a case leaves state changed."""

    def __init__(self, masks):
        self._masks = masks
        self._state = modes.global_state(masks.front)

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config):
        config.masks = self._masks

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        yield
        now = modes.global_state(self._masks.front)
        if now != self._state:
            changed = sorted(key for key in now if now[key] != self._state[key])
            what = ", ".join("%s %s -> %s" % (key, self._state[key], now[key]) for key in changed)
            self._masks.emit({"event": "polluted", "case": item.case.id, "mode": item.mode_name, "what": what})
            item.session.shouldstop = "global state changed"


def _take_standard_output():
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event):
        # One write per line; NaN never gets here, `values` spells it as a string.
        try:
            channel.write(json.dumps(event, allow_nan=False) + "\n")
            channel.flush()
        except BrokenPipeError:  # the host is gone, however it ended: nobody wants the rest
            os._exit(1)

    return emit


if __name__ == "__main__":
    # The target's libraries keep threads that can hang interpreter shutdown.
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
