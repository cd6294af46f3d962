"""Words: the verdicts, that is what can be said of a cell; the modes; what a case is declared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

VERDICTS = ("conforms", "observed", "deviates", "raises", "crashes", "times-out", "unsupported", "not-run")
MODES = ("eager", "graph", "session", "jit")
BASES = ("documented", "established", "unspecified")
Severity = Literal["silent", "raises", "warns", "cosmetic"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Of a step or a deviation, the worst first."""
BAD = ("deviates", "raises", "crashes", "times-out")
OF_STATUS = {
    "raised": "raises",
    "crashed": "crashes",
    "timed-out": "times-out",
    "unsupported": "unsupported",
    "error": "not-run",  # the case itself is wrong: no statement about Keras
}
"""That of an observation that was not completed, by its status."""


def verdict(status: str, mismatches: Iterable[str | None]) -> str:
    """One of `VERDICTS`. `observed` is a completed cell in which nothing was expected.

    mismatches: for each fact of which something is expected why it is not so, or None.
    """
    if status != "completed":
        return OF_STATUS[status]
    judged = list(mismatches)
    if not judged:
        return "observed"
    return "deviates" if any(judged) else "conforms"
