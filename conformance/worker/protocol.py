"""What the host and a worker say to each other: one request, then one JSON event per line.

The request is one JSON object on standard input::

    {"front_end": "keras",            # or "tf.keras", "tf_keras"
     "cases": "/path/of/cases",       # folder of the case files
     "files": ["test_masking.py"],    # those of them that are needed
     "speedups": true,                # whether `conformance.worker.speedups` are in use
     "groups": [{"modes": ["eager", "graph"],      # the modes that share a process
                 "try": ["eager"],                 # those of them that nobody has tried yet
                 "cells": [["masking.default", "eager"]]}]}

The events come in this order:

1. ``hello``;
2. for each group: any number of ``problem``; one ``mode`` for each mode to try; for every cell ``start``, any number
   of ``fact`` and ``end``; instead of a further ``start`` a ``polluted``, after which the rest of the group needs
   another process; and ``served``;
3. ``done``. A worker that ends without it has died.

`EVENTS` says which fields each event has; the function of the same name makes it. Field names mean the same in all
events, so that the host checks them by name (`conformance.local.validation`).
"""


class Fields(object):
    """The fields of one event.

    Attributes:
        required: Names of those that it always has.
        optional: Names of those that it may lack, or have as None.
    """

    def __init__(self, *required, **options):
        self.required = required
        self.optional = options.get("optional", ())


EVENTS = {
    "hello": Fields("versions", "backend"),
    "problem": Fields("what"),
    "mode": Fields("mode", "works", optional=("reason",)),
    "start": Fields("case", "mode"),
    "fact": Fields("fact"),
    "end": Fields("case", "mode", "status", "seconds", optional=("exception", "warnings", "reason")),
    "polluted": Fields("case", "mode", "what"),
    "served": Fields("modes", "peak_mb"),
    "done": Fields(),
}


def hello(versions, backend):
    """Say which Keras was imported.

    Args:
        versions: Dict of versions by module, as the modules report them.
        backend: One of `vocabulary.BACKENDS`.
    """
    return {"event": "hello", "versions": versions, "backend": backend}


def problem(what):
    """Report something wrong with the run itself, in one line: the run fails."""
    return {"event": "problem", "what": what}


def mode(mode, reason):
    """Say whether a masked tensor gets through a mode.

    Args:
        mode: Name of the mode.
        reason: Why it does not, or None if it does.
    """
    return {"event": "mode", "mode": mode, "works": reason is None, "reason": reason}


def start(case, mode):
    """Announce a cell: the id of its case, and the mode."""
    return {"event": "start", "case": case, "mode": mode}


def fact(fact):
    """Pass on a fact of the open cell, as `recorder.Recorder` keeps it."""
    return {"event": "fact", "fact": fact}


def end(case, mode, outcome):
    """Close a cell.

    Args:
        case: Id of the case.
        mode: Name of the mode.
        outcome: What `recorder.observe` returns: "status", "seconds", and where they apply "exception", "warnings"
            and "reason".
    """
    return dict(outcome, event="end", case=case, mode=mode)


def polluted(case, mode, what):
    """Report that a cell left global state changed; `what` says which."""
    return {"event": "polluted", "case": case, "mode": mode, "what": what}


def served(modes, peak_mb):
    """Close a group.

    Args:
        modes: Its modes.
        peak_mb: The most memory that its process had, in MB; None where the system does not say.
    """
    return {"event": "served", "modes": modes, "peak_mb": peak_mb}


def done():
    """Say that everything was served."""
    return {"event": "done"}
