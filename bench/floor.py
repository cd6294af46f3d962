"""The floor: import Keras and call the bodies of cases in a loop. Nothing can be faster.

It has no pytest, no events, no records and no comparisons. It enters a target, as the worker does.

Request on standard input: {"front_end", "cases": folder, "groups": [{"modes", "bodies"}, ...]}; a body is
[module, function, mode]. It writes one line per group to standard output: {"called": count, "completed": count}.
"""

import importlib
import inspect
import itertools
import json
import os
import sys
import warnings

from conformance.worker import fixtures, frontend, modes, process_groups, recorder
from conformance.worker.speedups import ActiveSpeedups


class NoRecord(recorder.Recorder):
    """Discard facts."""

    def __call__(self, name, observed, **about):
        """Ignore a fact."""


class Patch(object):
    """The part of pytest's `monkeypatch` that cases use."""

    chdir = staticmethod(os.chdir)

    def __init__(self):
        self._folder, self._variables = os.getcwd(), dict(os.environ)

    def setenv(self, name, value, prepend):
        """Put `value` and the separator `prepend` before the value of a variable."""
        os.environ[name] = value + prepend + os.environ.get(name, "")

    def undo(self):
        """Restore working folder and variables."""
        os.chdir(self._folder)
        os.environ.clear()
        os.environ.update(self._variables)


def main():
    """Read the request, import Keras and the cases, and serve each group in a process of its own."""
    request = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    sys.path.insert(0, request["cases"])
    front = frontend.FrontEnd(request["front_end"])
    for module in {module for group in request["groups"] for module, _, _ in group["bodies"]}:
        importlib.import_module(module)
    speedups = ActiveSpeedups(True, sys.exit)  # as in the worker, or the suite could beat the floor
    speedups.imported(front)
    process_groups.serve_all(request["groups"], lambda group: serve(front, group, speedups))


def serve(front, group, speedups):
    """Call the bodies of a group, and print how many were called and how many completed."""
    started, refused = modes.start_process(front, group["modes"], speedups)
    if refused:
        raise SystemExit("modes that do not start: %s" % refused)
    given = {
        "keras": front.keras,
        "ops": front.ops,
        "tf": front.tf,
        "mask_of": fixtures.make_mask_of(front.keras),
        "static_shape": fixtures.static_shape,
    }
    bodies = [(getattr(sys.modules[module], name), mode) for module, name, mode in group["bodies"]]
    called = completed = 0
    for body, mode in bodies:
        for parameters in variants(body):
            called += 1
            completed += call(body, parameters, front, started[mode], given)
    print("\n" + json.dumps({"called": called, "completed": completed}))
    sys.stdout.flush()


def variants(body):
    """Yield the arguments of each variant of a case: the product of its `parametrize` marks."""
    choices = []
    for mark in body.pytestmark:
        if mark.name == "parametrize":
            names, values = mark.args
            if isinstance(names, str):
                names = [name.strip() for name in names.split(",")]
                values = [[value] for value in values] if len(names) == 1 else values
            choices.append([dict(zip(names, value)) for value in values])
    for picked in itertools.product(*choices):
        yield {name: value for part in picked for name, value in part.items()}


def call(body, parameters, front, mode, given):
    """Call a case in a fresh state; tell whether it completes: the target may not support it, and Keras may raise."""
    (mark,) = [mark for mark in body.pytestmark if mark.name == "case"]
    about = mark.kwargs
    if front.backend not in about.get("backends", [front.backend]):
        return False
    if not all(front.has(api) for api in about.get("needs", [])):
        return False
    nothing, patch = NoRecord(), Patch()
    arguments = dict(given, record=nothing, monkeypatch=patch)
    arguments.update(parameters, run=fixtures.Run(mode, nothing), build=fixtures.make_build(mode))
    wanted = inspect.signature(body).parameters
    mode.begin("%s %s" % (mark.args[0], sorted(parameters.items())))  # seeds the cell, as the id of a case does
    error = None
    try:
        body(**{name: arguments[name] for name in wanted})
    except Exception as caught:  # counted, and the count is compared with that of the suite
        error = caught
    if "monkeypatch" in wanted:
        patch.undo()
    mode.end(error)
    return error is None


if __name__ == "__main__":
    main()
    os._exit(0)  # threads of libraries can hang the exit of an interpreter
