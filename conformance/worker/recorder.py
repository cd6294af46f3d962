"""Record what one cell does: facts, an exception with its phase, warnings about masks, duration."""

import logging
import os
import time
import traceback
import warnings
from contextlib import contextmanager

from conformance.worker import protocol, values
from conformance.worker.modes import Unsupported

MAX_WARNINGS = 20
OURS = tuple(os.path.join(values.BUNDLE, folder) + os.sep for folder in ("cases", "conformance"))
_UNSET = object()


class Recorder(object):
    """Collects the facts of one cell. Cases use it as the fixture ``record``.

    Calling it never raises on a mismatch: later facts are wanted, too.

    Attributes:
        facts: List of {"name", "observed", "expected"?, "rtol"?, "atol"?}, with encoded values.
        phase: What an exception is attributed to: "build", "call", "compile", "fit" or "save".
    """

    def __init__(self, emit=None):
        self.facts = []
        self.phase = "build"
        self._emit = emit

    def __call__(self, name, observed, expected=_UNSET, rtol=values.RTOL, atol=values.ATOL):
        """Record one fact.

        Args:
            name: Name of the fact, unique in the case.
            observed: NumPy array, scalar, text, list, `values.Raised` or None.
            expected: Likewise, from the oracle or a law, never from a Keras; left out where nothing is promised.
            rtol: Relative tolerance of floats.
            atol: Absolute tolerance of floats.

        Raises:
            ValueError: The case has recorded a fact of this name.
        """
        if any(fact["name"] == name for fact in self.facts):
            raise ValueError("fact %r is recorded twice" % name)
        fact = {"name": name, "observed": values.encode(observed)}
        if expected is not _UNSET:
            fact["expected"] = values.encode(expected)
            if rtol != values.RTOL:
                fact["rtol"] = rtol
            if atol != values.ATOL:
                fact["atol"] = atol
        self.facts.append(fact)
        if self._emit:  # at once, so that a crash later in the case does not lose it
            self._emit(protocol.fact(fact))

    def mismatches(self):
        """Return one line for each fact that is not as expected."""
        lines = []
        for fact in self.facts:
            if "expected" in fact:
                why = values.difference(
                    fact["observed"], fact["expected"], fact.get("rtol", values.RTOL), fact.get("atol", values.ATOL)
                )
                if why:
                    lines.append("%s: %s" % (fact["name"], why))
        return lines

    @contextmanager
    def in_phase(self, phase):
        """Attribute exceptions inside to `phase`, which stays set when one passes through."""
        outer = self.phase
        self.phase = phase
        yield
        self.phase = outer


def observe(body, recorder):
    """Call the body of a case.

    Args:
        body: Function without arguments.
        recorder: The `Recorder` of the cell.

    Returns:
        The outcome as JSON data, and the exception that ended the body or None. The outcome has "status": "completed",
        "raised" (by Keras), "unsupported" or "error" (raised by the case or the worker itself, hence no statement
        about Keras); "seconds" and "warnings"; and where they apply "exception" and "reason".
    """
    outcome = {"status": "completed"}
    caught = None
    with _mask_warnings() as heard:
        started = time.time()
        try:
            body()
        except Unsupported as error:
            caught = error
            outcome.update(status="unsupported", reason=values.clip(error))
        except BaseException as error:  # SystemExit and KeyboardInterrupt of a case are observations too
            caught = error
            raised = values.encode(values.Raised.of(error, recorder.phase))
            raised["where"] = _where(error)
            ours = raised_by_ourselves(error)
            outcome.update(status="error" if ours else "raised", exception=raised)
        outcome["seconds"] = round(time.time() - started, 4)
    outcome["warnings"] = heard
    return outcome, caught


def _frames(error):
    return traceback.extract_tb(error.__traceback__)


def raised_by_ourselves(error):
    """Return whether the case or the worker raised an exception, not Keras.

    The innermost frame decides, without the standard library and NumPy, which raise on behalf of their caller.
    """
    standard = values.STANDARD_LIBRARY + os.sep
    for frame in reversed(_frames(error)):
        name = frame.filename
        installed = os.sep + "site-packages" + os.sep
        if name.startswith("<") or installed + "numpy" + os.sep in name:
            continue
        if name.startswith(standard) and installed not in name:
            continue
        return name.startswith(OURS)
    return True


def _where(error):
    """Return the innermost frame of the case and the innermost of all, as "file:line in function"."""
    frames = _frames(error)
    in_case = [f for f in frames if f.filename.startswith(OURS[0])]
    picked = in_case[-1:] + frames[-1:]
    return [values.clip("%s:%s in %s" % (f.filename, f.lineno, f.name)) for f in picked]


@contextmanager
def _mask_warnings():
    """Collect warnings, from `warnings` and from TensorFlow's logger, that speak of masks.

    The list filled on leaving has {"category", "message", "count"}, at most `MAX_WARNINGS`.
    """
    heard = []
    handler = _Handler()
    loggers = [logging.getLogger(name) for name in ("tensorflow", "absl")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield heard
        found = [(w.category.__name__, values.clip(w.message, 500)) for w in caught]
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    counts = {}
    for category, message in found + handler.found:
        text = values.clip(message, 500) if "mask" in str(message).lower() else ""
        if "mask" in text.lower():  # and not only a folder that is left out
            counts[category, text] = counts.get((category, text), 0) + 1
    for (category, message), count in sorted(counts.items())[:MAX_WARNINGS]:
        heard.append({"category": category, "message": message, "count": count})


class _Handler(logging.Handler):
    def __init__(self):
        logging.Handler.__init__(self, logging.WARNING)
        self.found = []

    def emit(self, record):
        self.found.append((record.levelname, record.getMessage()))
