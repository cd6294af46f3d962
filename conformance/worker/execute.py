"""A cell: the body of a case, given what it asks for, called in one mode and observed."""

import pytest

from conformance.vocabulary import BACKENDS
from conformance.worker import fixtures, frontend, modes, recorder
from conformance.worker.modes import Unsupported


class CaseRunner(object):
    """What the cases of this process run on, and who hears of it.

    Attributes:
        mode_names: the modes that are asked for.
        emit: takes events as dicts.
        front: the `FrontEnd`, None before `start`.
        modes: by name those that can be started here; refused: for the others, why not.
    """

    def __init__(self, front_end, mode_names, emit=lambda event: None):
        """front_end: a name, a `FrontEnd`, or None for the first Keras that is found."""
        self.mode_names = mode_names
        self.emit = emit
        self.front = None
        self._front_end = front_end

    def start(self):
        """Import Keras and start the modes, once; raises what the import raises."""
        if self.front is None:
            front = self._front_end or frontend.detect()
            front = frontend.FrontEnd(front) if isinstance(front, str) else front
            self.modes, self.refused = modes.start_process(front, self.mode_names)
            self.mask_of = fixtures.make_mask_of(front.keras)
            self.front = front
        return self

    def given(self, mode_name):
        """What a case may ask for, by name: the fixtures, made for one cell."""
        mode, record = self.modes[mode_name], recorder.Recorder(self.emit)
        return {
            "keras": self.front.keras,
            "ops": self.front.ops,
            "tf": self.front.tf,
            "mask_of": self.mask_of,
            "static_shape": fixtures.static_shape,
            "record": record,
            "run": fixtures.Run(mode, record),
            "build": fixtures.make_build(mode),
        }


def execute(masks, case, mode_name):
    """Run the cell of a case in a mode, without pytest: its stack alone, forty calls deep, would cost 5 %."""
    patch = pytest.MonkeyPatch()
    given = dict(masks.given(mode_name), monkeypatch=patch)
    given.update(case.parameters)
    try:
        perform(masks, case, mode_name, {name: given[name] for name in case.asks_for})
    finally:
        patch.undo()


def perform(masks, case, mode_name, arguments):
    """Call the body of a case and tell of it; returns the exception that ended it, None if none did."""
    front, mode = masks.front, masks.modes[mode_name]

    def body():
        if case.backends and front.backend not in case.backends:
            raise Unsupported("this is about %s" % ", ".join(BACKENDS[b] for b in case.backends))
        for api in case.needs:
            if not front.has(api):
                raise Unsupported("there is no keras.%s" % api)
        case.body(**arguments)

    masks.emit({"event": "start", "case": case.id, "mode": mode_name})
    mode.begin(case.id)
    outcome, error = recorder.observe(body, arguments["record"])
    mode.end(error)
    masks.emit(dict(outcome, event="end", case=case.id, mode=mode_name))
    return error
