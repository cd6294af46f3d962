"""The evidence of a failure: the facts that are not as expected, in a few lines each."""

import re

import numpy as np

from conformance.checks.errors import clip
from conformance.checks.masks import as_text
from conformance.worker import values

ROWS, NUMBERS, TEXT = 3, 6, 300


def mismatches(facts):
    """Return pairs of a fact that is not as expected and the difference, in one line."""
    found = []
    for fact in facts:
        if "expected" in fact:
            tolerance = fact.get("rtol", values.RTOL), fact.get("atol", values.ATOL)
            difference = values.difference(fact["observed"], fact["expected"], *tolerance)
            if difference:
                found.append((fact, difference))
    return found


def signature(fact):
    """Return what two layers that fail in the same way share.

    That is the name of the fact, without the number of an output, and the class of the exception.
    """
    return re.sub(r" \d+$", "", fact["name"]), exception(fact)


def exception(fact):
    """Return the name of the class of the exception that was observed, None if there was none."""
    observed = fact["observed"]
    return observed["raised"][0] if isinstance(observed, dict) and "raised" in observed else None


def lines(fact, difference):
    """Describe a mismatch: what differs, at which samples and steps, and the numbers there."""
    observed, expected = fact["observed"], fact["expected"]
    found = ["%s: %s" % (fact["name"], _clip(difference))]
    if exception(fact):
        return found
    arrays = [_array(observed), _array(expected)]
    if arrays[0] is None or arrays[1] is None or arrays[0].shape != arrays[1].shape:
        found += [
            "  %s: %s" % (w, _shown(v))
            for w, v in (("observed", observed), ("expected", expected))
            if _adds_something(v)
        ]
    elif arrays[0].dtype.kind == "b":
        found += ["  observed: " + _clip(as_text(arrays[0])), "  expected: " + _clip(as_text(arrays[1]))]
    else:
        found += _places(fact, arrays[0], arrays[1])
    return found


def _places(fact, observed, expected):
    """Describe the first samples that differ: the steps, and the numbers at the first of them."""
    flat = values.wrong_elements(
        fact["observed"], fact["expected"], fact.get("rtol", values.RTOL), fact.get("atol", values.ATOL)
    )
    if not flat or observed.ndim == 0:
        return ["  observed %s, expected %s" % (_numbers(observed), _numbers(expected))]
    at = np.zeros(observed.size, bool)
    at[flat] = True
    at = at.reshape(observed.shape)
    found = []
    for sample in range(len(at)):
        if not at[sample].any():
            continue
        if len(found) == ROWS:
            found.append("  ...")
            break
        if observed.ndim < 3:
            one, other = observed[sample], expected[sample]
            found.append("  sample %d: observed %s, expected %s" % (sample, _numbers(one), _numbers(other)))
            continue
        steps = np.flatnonzero(at[sample].reshape(at.shape[1], -1).any(1))
        one, other = observed[sample, steps[0]], expected[sample, steps[0]]
        found.append(
            "  sample %d, %s: observed %s, expected %s%s"
            % (sample, _steps(steps), _numbers(one), _numbers(other), " at the first" if len(steps) > 1 else "")
        )
    return found


def _steps(steps):
    return ("step %s" if len(steps) == 1 else "steps %s") % ", ".join("%d" % s for s in steps)


def _numbers(array):
    shown = ["%.4g" % v for v in np.ravel(array)[:NUMBERS]]
    return "[%s%s]" % (" ".join(shown), " ..." if np.size(array) > NUMBERS else "")


def _array(value):
    """Return the array of an encoded value; None if it is not an array, or was too large to be kept."""
    if not isinstance(value, dict) or "dtype" not in value or "sha256" in value:
        return None
    kind = bool if value["dtype"] == "bool" else float
    return np.array([float(v) for v in value["data"]]).reshape(value["shape"]).astype(kind)


def _adds_something(value):
    """Return whether the value says more than the difference, in which it is summarized."""
    return isinstance(value, (list, str)) or (isinstance(value, dict) and value.get("dtype") == "bool")


def _shown(value):
    array = _array(value)
    if array is not None and array.dtype.kind == "b":
        return _clip(as_text(array))
    if isinstance(value, list):
        return _clip("[%s]" % ", ".join(_shown(v) if isinstance(v, dict) else repr(v) for v in value))
    return _clip(values.describe(value))


def _clip(text):
    text = " ".join(str(text).split())
    return clip(text, TEXT)
