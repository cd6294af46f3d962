"""Traces of models that nobody called."""

from typing import Any

from conformance.inspection.trace import Call, CallObservation, Mask, Model, Output, Source, Trace

HOSTILE = '<script>alert("1")</script> & a|very|long' + " name" * 12
HAPPENED = ("no mask", "created", "propagated", "consumed", "dropped silently", "rejected with an error")


def seen(happened: str = "propagated", enters: bool = True, leaves: bool = True, **changes: Any) -> CallObservation:
    mask = Mask(shape=[2, 3], dtype="bool", kept="110 100")
    about = {
        "masks_in": [mask if enters else None],
        "explicit": [],
        "masks_out": [mask if leaves else None],
        "given": None,
        "happened": happened,
        "consumed": None,
        "untold": None,
        "takes_masks_away": [],
        "warnings": [],
        "error": None,
    }
    return CallObservation(**(about | changes))


def call(number: int, name: str, *sources: int | str, run: CallObservation | None = None, **changes: Any) -> Call:
    about = {
        "id": number,
        "parent": None,
        "path": name,
        "class_": "Dense",
        "number": 1,
        "times": 1,
        "sources": [Source(call=s, input=None) if isinstance(s, int) else Source(call=None, input=s) for s in sources],
        "shapes_in": [[None, 3, 4]],
        "shapes_out": [[None, 3, 4]],
        "symbolic": None,
        "run": run or seen(),
        "features": [],
    }
    return Call(**(about | changes))


def trace(*calls: Call, **changes: Any) -> Trace:
    about = {
        "model": Model(name="model", class_="Functional"),
        "front_end": "keras",
        "backend": "tensorflow",
        "versions": {"keras": "3.15.1", "tensorflow": "2.21.0"},
        "way": "eager",
        "batch": [],
        "calls": list(calls),
        "outputs": [Output(symbolic=None, run=None)],
        "features": [],
        "refusal": None,
    }
    return Trace(**(about | changes))
