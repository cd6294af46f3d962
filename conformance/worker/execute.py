"""A cell: the body of a case, given what it asks for, called in one mode and observed."""

import pytest

from conformance.vocabulary import BACKENDS
from conformance.worker import fixtures, frontend, modes, protocol, recorder, speedups
from conformance.worker.modes import Unsupported


class CaseRunner(object):
    """What the cases of this process run on, and who hears of it.

    Attributes:
        mode_names: The modes that are asked for.
        emit: Function that takes events (`protocol`).
        front: The `FrontEnd`, None before `start`.
        modes: By name those that can be started here.
        refused: By name, for the others, why not.
    """

    def __init__(self, front_end, mode_names, emit=lambda event: None, active=speedups.NONE):
        """Remember what `start` will need.

        Args:
            front_end: A name, a `FrontEnd`, or None for the first Keras that is found.
            mode_names: The modes that are asked for.
            emit: Function that takes events.
            active: The `ActiveSpeedups` of the process.
        """
        self.mode_names = mode_names
        self.emit = emit
        self._speedups = active
        self.front = None
        self._front_end = front_end

    def start(self):
        """Import Keras and start the modes, once; raises what the import raises."""
        if self.front is None:
            front = self._front_end or frontend.detect()
            front = frontend.FrontEnd(front) if isinstance(front, str) else front
            self.modes, self.refused = modes.start_process(front, self.mode_names, self._speedups)
            self.mask_of = fixtures.make_mask_of(front.keras)
            self.front = front
        return self

    def given(self, mode_name):
        """Make the fixtures of one cell; returns what a case may ask for, by name."""
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
    """Run the cell of a case in a mode, without pytest, which would cost a millisecond."""
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
            raise Unsupported("applies only to %s" % ", ".join(BACKENDS[b] for b in case.backends))
        for api in case.needs:
            if not front.has(api):
                raise Unsupported("there is no keras.%s" % api)
        case.body(**arguments)

    masks.emit(protocol.start(case.id, mode_name))
    mode.begin(case.id)
    outcome, error = recorder.observe(body, arguments["record"])
    mode.end(error)
    masks.emit(protocol.end(case.id, mode_name, outcome))
    return error
