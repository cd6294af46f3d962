"""The words that everything shares: modes, front ends, backends, bases, severities and verdicts.

Also part of what enters a target, hence the syntax of Python 3.6.
"""

import sys
from typing import Iterable, Optional, Tuple

if sys.version_info >= (3, 8):
    from typing import Literal

    Severity = Literal["silent", "raises", "warns", "cosmetic"]  # a type checker cannot read `SEVERITIES`

MODES = ("eager", "graph", "session", "jit")
FRONT_ENDS = {"keras": "Keras", "tf.keras": "tf.keras", "tf_keras": "tf_keras"}
"""The modules that provide Keras, and how they are written in titles."""
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch", "openvino": "OpenVINO", "numpy": "NumPy"}
"""Backends of Keras and their display names; the first that is installed is the default."""
BASES = ("documented", "established", "unspecified")
"""What a case bases its contract on."""
SEVERITIES: "Tuple[Severity, ...]" = ("silent", "raises", "warns", "cosmetic")
"""Of a change or a deviation, the worst first."""
VERDICTS = ("conforms", "observed", "deviates", "raises", "crashes", "times-out", "unsupported", "not-run")
"""Of cells."""
BAD = ("deviates", "raises", "crashes", "times-out")
"""Verdicts that an expectation must explain."""
VERDICT_OF_STATUS = {
    "raised": "raises",
    "crashed": "crashes",
    "timed-out": "times-out",
    "unsupported": "unsupported",
    "error": "not-run",  # the case itself is wrong: no statement about Keras
}
"""The verdict on an observation that did not complete, by its status."""


def verdict(status: str, mismatches: Iterable[Optional[str]]) -> str:
    """Return one of `VERDICTS`; "observed" for a completed cell in which nothing was expected.

    Args:
        status: Status of the observation.
        mismatches: For each fact with an expected value why it differs from it, or None.
    """
    if status != "completed":
        return VERDICT_OF_STATUS[status]
    judged = list(mismatches)
    if not judged:
        return "observed"
    return "deviates" if any(judged) else "conforms"
