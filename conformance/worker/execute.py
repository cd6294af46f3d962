"""Execute a cell: call the body of a case with its fixtures in one mode, and observe it."""

import pytest

from conformance.vocabulary import BACKENDS
from conformance.worker import fixtures, frontend, modes, protocol, recorder, speedups
from conformance.worker.modes import Unsupported


class CaseRunner(object):
    """Runs cases in this process, on one front end and its modes.

    Attributes:
        mode_names: Names of the requested modes.
        emit: Function that takes events (`protocol`).
        front: The `FrontEnd`, None before `start`.
        modes: The `modes.Mode` of each mode that works in this process, by name.
        refused: For the others the reason, by name.
    """

    def __init__(self, front_end, mode_names, emit=lambda event: None, active=speedups.NONE):
        """Keep what `start` needs.

        Args:
            front_end: A name, a `FrontEnd`, or None for the first Keras that can be imported.
            mode_names: Names of the requested modes.
            emit: Function that takes events.
            active: The `ActiveSpeedups` of the process.
        """
        self.mode_names = mode_names
        self.emit = emit
        self._speedups = active
        self.front = None
        self._front_end = front_end

    def start(self):
        """Import Keras and start the modes, unless that is done; return self.

        Raises:
            ImportError: Keras cannot be imported.
        """
        if self.front is None:
            front = self._front_end or frontend.detect()
            front = frontend.FrontEnd(front) if isinstance(front, str) else front
            self.modes, self.refused = modes.start_process(front, self.mode_names, self._speedups)
            self.mask_of = fixtures.make_mask_of(front.keras)
            self.front = front
        return self

    def make_fixtures(self, mode_name):
        """Return the fixtures of one cell, by name."""
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


def execute(runner, case, mode_name):
    """Execute the cell of a case in a mode, without pytest, which would add a millisecond."""
    monkeypatch = pytest.MonkeyPatch()
    arguments = dict(runner.make_fixtures(mode_name), monkeypatch=monkeypatch)
    arguments.update(case.parameters)
    try:
        call(runner, case, mode_name, {name: arguments[name] for name in case.fixture_names})
    finally:
        monkeypatch.undo()


def call(runner, case, mode_name, arguments):
    """Call the body of a case and emit its events.

    Args:
        runner: The started `CaseRunner`.
        case: The `CaseDeclaration`.
        mode_name: Name of the mode.
        arguments: Arguments of the body, by name.

    Returns:
        The exception that ended the body, None if none did.
    """
    front, mode = runner.front, runner.modes[mode_name]

    def body():
        if case.backends and front.backend not in case.backends:
            raise Unsupported("applies only to %s" % ", ".join(BACKENDS[b] for b in case.backends))
        for api in case.needs:
            if not front.has(api):
                raise Unsupported("there is no keras.%s" % api)
        case.body(**arguments)

    runner.emit(protocol.start(case.id, mode_name))
    mode.begin(case.id)
    outcome, error = recorder.observe(body, arguments["record"])
    mode.end(error)
    runner.emit(protocol.end(case.id, mode_name, outcome))
    return error
