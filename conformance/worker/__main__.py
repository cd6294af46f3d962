"""Read one request from standard input, execute its cells, write one JSON event per line.

`conformance.worker.protocol` documents both.

`python -m conformance.worker list CASES` lists the cases instead, and needs no Keras.

Events go to the descriptor that was standard output; whatever the target prints goes to
standard error.
"""

import json
import os
import sys

import numpy as np

from conformance.worker import collect, execute, fixtures, frontend, modes, process_groups, protocol, values
from conformance.worker.speedups import ActiveSpeedups


def main(arguments):
    """List cases or serve a request; return the exit code."""
    emit = _take_standard_output()
    if arguments[:1] == ["list"]:
        return collect.describe(arguments[1], emit)
    process_groups.end_with_parent()
    request = json.load(sys.stdin)
    front = frontend.FrontEnd(request["front_end"])
    emit(protocol.hello(front.versions(), front.backend))
    cases = {}
    if request["files"]:
        cases = {name: case for name, (_, case) in collect.collect(request["cases"], request["files"]).items()}
    active = ActiveSpeedups(request["speedups"], lambda what: emit(protocol.problem(what)))
    active.imported(front)
    process_groups.serve_all(request["groups"], lambda group: serve(front, group, cases, active, emit))
    emit(protocol.done())
    return 0


def serve(front, group, cases, active, emit):
    """Try the modes of a group, then execute its cells until one leaves global state changed.

    Args:
        front: The front end.
        group: A group of the request: "modes", those to "try", and "cells" as pairs of a case id and a mode.
        cases: The cases by id.
        active: The speed-ups of the process.
        emit: Function that writes an event.
    """
    runner = execute.CaseRunner(front, group["modes"], emit, active).start()
    for name in group["try"]:
        emit(protocol.mode(name, runner.refused.get(name) or try_mode(runner, name)))
    state = modes.global_state(front)
    for name, mode in group["cells"]:
        if name not in cases or mode in runner.refused:
            continue  # the host sees that it was not executed
        execute.execute(runner, cases[name], mode)
        now = modes.global_state(front)
        if now != state:
            changed = sorted(key for key in now if now[key] != state[key])
            what = ", ".join("%s %s -> %s" % (key, state[key], now[key]) for key in changed)
            emit(protocol.polluted(name, mode, what))
            break
    emit(protocol.served(group["modes"], peak_mb()))


def peak_mb():
    """Return the peak memory of this process in MB, None where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            (line,) = [line for line in status if line.startswith("VmHWM:")]
    except (IOError, ValueError):
        return None
    return int(line.split()[1]) // 1024


def try_mode(runner, name):
    """Return None if an RNN can be called on a masked sequence in this mode, else the reason."""
    mode = runner.modes[name]
    layers = runner.front.keras.layers
    x = np.array([[[0.0, 1.0], [0.0, 0.0], [2.0, 0.0]]], "float32")
    try:
        mode.begin()
        masking, rnn = layers.Masking(), layers.SimpleRNN(4)
        fixtures.make_build(mode)(rnn, (None, 3, 2))
        output = mode.call(lambda t: rnn(masking(t)), [x])
        mode.end()
    except Exception as error:
        return "%s: %s" % (type(error).__name__, " ".join(values.clip(error, 300).split()))
    return None if output.shape == (1, 4) else "an RNN of 4 units gives an output of shape %s" % (output.shape,)


def _take_standard_output():
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    encode = json.JSONEncoder(allow_nan=False).encode  # NaN never gets here, `values` spells it as a string

    def emit(event):
        try:
            channel.write(encode(event) + "\n")
            channel.flush()  # one write per line
        except BrokenPipeError:  # the host is gone, however it ended: nobody wants the rest
            os._exit(1)

    return emit


if __name__ == "__main__":
    # The target's libraries keep threads that can hang interpreter shutdown.
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)
