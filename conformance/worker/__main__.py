"""A worker: reads one request from stdin, executes its cells, writes one JSON event per line.

Request: {"front_end": "keras", "cases": directory of the case files, "groups": [{"modes":
["eager", ...], "try": those of them that nobody has tried, "cells": [[case, mode], ...], "files": those that the
cases are in}, ...]}: the modes of a group share a process.
Events, in this order: "hello" (versions); for each group one "mode" for each mode to try (whether
a masked tensor gets through it), then for every cell "start", any number of "fact", "end",
and "served"; at last "done". "polluted" instead of a further "start" means that a case left
global state changed and that the rest of the group needs another process.

`python -m conformance.worker list CASES` lists the cases instead, and needs no Keras.

Events go to the descriptor that was standard output; whatever the target prints goes to
standard error.
"""

import gc
import json
import os
import sys

import numpy as np
import pytest

from conformance.worker import catalogue, frontend, groups, modes, plugin, toolbox, values

# Plug-ins of pytest that would have to be asked, for each test, about what no case does.
_UNUSED = (
    "cacheprovider debugging doctest faulthandler junitxml logging pastebin recwarn setuponly setupplan skipping "
    "stepwise subtests threadexception tmpdir unittest unraisableexception warnings"
)


def main(arguments):
    emit = _take_standard_output()
    if arguments[:1] == ["list"]:
        return catalogue.collect(arguments[1], emit)
    groups.end_with_parent()
    request = json.load(sys.stdin)
    front = frontend.FrontEnd(request["front_end"])
    emit({"event": "hello", "versions": front.versions(), "backend": front.backend})
    groups.serve_all(request["groups"], lambda group: serve(front, group, request["cases"], emit))
    emit({"event": "done"})
    return 0


def serve(front, group, folder, emit):
    """Try modes of a group, then execute its cells."""
    cells = [tuple(cell) for cell in group["cells"]]
    masks = plugin.Masks(front, group["modes"], cells, emit).start()
    for name in group["try"]:
        reason = masks.refused.get(name) or try_mode(masks, name)
        emit({"event": "mode", "mode": name, "works": reason is None, "reason": reason})
    if cells:
        options = ["-q", "--tb=no", "--capture=no", "--assert=plain"]  # cases assert nothing: no time for assertions
        for plugin_name in _UNUSED.split():
            options += ["-p", "no:" + plugin_name]
        files = [os.path.join(folder, name) for name in group["files"]]
        pytest.main(options + ["-c", os.path.join(folder, "pytest.ini")] + files, plugins=[_Session(masks)])
    emit({"event": "served", "modes": group["modes"], "peak_mb": peak_mb()})


def peak_mb():
    """The most memory of this process since it was started or forked, in MB; None where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            (line,) = [line for line in status if line.startswith("VmHWM:")]
    except (IOError, ValueError):
        return None
    return int(line.split()[1]) // 1024


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

    def pytest_collection_finish(self, session):
        if hasattr(gc, "freeze"):
            # What is there by now stays: without it each collection costs a third of the time of a small case.
            gc.collect()
            gc.freeze()

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
