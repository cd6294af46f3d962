"""Encode observed values as JSON, and define when two of them differ.

A value is ``None``, a bool, an int, a string, a list of values, or one of

* ``{"dtype": "float32", "shape": [2, 3], "data": [...]}``: an array in row-major
  order. NaN and the infinities are the strings "nan", "inf" and "-inf"; -0.0 is "-0.0".
* the same with "sha256" and only the first elements in "data": an array of more
  than `MAX_ELEMENTS` elements.
* ``{"raised": ["IndexError", "LookupError", ...], "phase": "call", "message": ...}``:
  an exception by the names of its classes, most special first.
* ``{"repr": ...}``: anything else.
"""

import hashlib
import math
import os
import re
import sysconfig

STANDARD_LIBRARY = sysconfig.get_path("stdlib")
BUNDLE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAX_ELEMENTS = 4096
MAX_TEXT = 2000
RTOL = 1e-4
ATOL = 1e-5


class Raised(object):
    """An exception as a value.

    A case expects an exception with ``Raised("TypeError", "ValueError")``, which any of these classes meets, and any
    class derived from them.
    """

    def __init__(self, *names, **details):
        self.names = list(names)
        self.phase = details.get("phase")
        self.message = details.get("message", "")

    @classmethod
    def of(cls, error, phase):
        """Return the value of an exception that was raised in a phase."""
        names = [c.__name__ for c in type(error).__mro__ if c not in (object, BaseException)]
        return cls(*names, phase=phase, message=clip(error))


def clip(text, limit=MAX_TEXT):
    """Return `text` as valid Unicode of at most `limit` characters, without what differs from run to run.

    Folders of this machine, addresses of objects and colours for a terminal are left out.
    """
    text = str(text).encode("utf-8", "backslashreplace").decode("utf-8")
    # What is not looked for from the middle of a word: a word of a million characters would take hours.
    text = re.sub(r"(?<![^\s\"'`(<])[^\s\"'`(<]*[/\\\\]site-packages[/\\\\]", "", text)
    for folder in (BUNDLE, STANDARD_LIBRARY):
        text = text.replace(folder + os.sep, "")
    # Autograph names its files at random, and files of the bundle relative to what they share with others.
    text = re.sub(r"(?<![^\s\"'])[^\s\"']*__autograph_generated_file\w*", "__autograph_generated_file", text)
    text = re.sub(r"relative to [/\\][^\n]*:\n", "\n", text)
    text = re.sub(r"(?<![^\s\"'])[^\s\"']*bundles[/\\][0-9a-f]{16}[/\\]", "", text)
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # colours
    text = re.sub(r"\b0x[0-9a-f]{6,}\b", "0x...", text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def encode(value):
    """Return a value of a case (NumPy array, scalar, list, `Raised`, None) as JSON data."""
    if value is None or isinstance(value, (bool, str)):
        return clip(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return value
    if isinstance(value, Raised):
        return {"raised": value.names, "phase": value.phase, "message": value.message}
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    import numpy as np  # here: the host compares values without it, and would wait for its import

    if isinstance(value, (float, np.generic, np.ndarray)):
        return _encode_array(np.asarray(value))
    return {"repr": clip(repr(value), 200)}


def _encode_array(array):
    import numpy as np

    if array.dtype.kind not in "biuf" and str(array.dtype) != "bfloat16":
        return {"repr": clip(repr(array), 200)}
    encoded = {"dtype": str(array.dtype), "shape": list(array.shape)}
    flat = array.ravel()
    if flat.size > MAX_ELEMENTS:
        encoded["sha256"] = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        flat = flat[:16]
    if array.dtype.kind in "biu":
        encoded["data"] = [int(v) for v in flat]
    else:
        encoded["data"] = [_encode_float(v) for v in flat]
    return encoded


def _encode_float(value):
    number = float(value)
    if math.isfinite(number):
        if number == 0.0 and math.copysign(1.0, number) < 0:
            return "-0.0"
        # The shortest decimal that reads back as the same number of the array's own width.
        return float(str(value)) if getattr(value, "dtype", None) == "float32" else number
    return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")


def difference(observed, expected, rtol=RTOL, atol=ATOL):
    """Return in one line why encoded `observed` is not encoded `expected`, None if they agree.

    Bools, ints, shapes and texts agree exactly; floats agree within `atol` + `rtol` *
    |expected|, NaN with NaN and each infinity with itself. Widths of a dtype do not
    count (float32 agrees with float64), its kind does (bool never agrees with float).
    """
    if isinstance(expected, dict) and "raised" in expected:
        return _difference_raised(observed, expected)
    if isinstance(observed, dict) and "raised" in observed:
        return "raised %s: %s" % (observed["raised"][0], observed["message"])
    if isinstance(expected, list) and isinstance(observed, list):
        if len(observed) != len(expected):
            return "%d items, expected %d" % (len(observed), len(expected))
        for i, pair in enumerate(zip(observed, expected)):
            why = difference(pair[0], pair[1], rtol, atol)
            if why:
                return "item %d: %s" % (i, why)
        return None
    if _is_array(expected) and _is_array(observed):
        return _difference_arrays(observed, expected, rtol, atol)
    if type(observed) is not type(expected) or observed != expected:
        return "%s, expected %s" % (describe(observed), describe(expected))
    return None


def agree(observed, expected, rtol=RTOL, atol=ATOL):
    """Return whether `difference` is None, without composing the text."""
    if isinstance(expected, list) and isinstance(observed, list):
        pairs = zip(observed, expected)
        return len(observed) == len(expected) and all(agree(a, b, rtol, atol) for a, b in pairs)
    if _are_comparable(observed, expected):
        return not any(True for _ in _wrong(observed["data"], expected["data"], rtol, atol))
    return difference(observed, expected, rtol, atol) is None


def describe(value):
    """Describe an encoded value in a few words."""
    if value is None:
        return "None"
    if _is_array(value):
        return "%s array of shape %s" % (value["dtype"], tuple(value["shape"]))
    if isinstance(value, dict) and "raised" in value:
        return value["raised"][0]
    if isinstance(value, dict):
        return value.get("repr", "?")
    return repr(value)


def _is_array(value):
    return isinstance(value, dict) and "dtype" in value


def _kind(array):
    return array["dtype"].rstrip("0123456789").replace("uint", "int").replace("bfloat", "float")


def _difference_raised(observed, expected):
    if not (isinstance(observed, dict) and "raised" in observed):
        return "no exception, expected %s" % " or ".join(expected["raised"])
    if not set(observed["raised"]) & set(expected["raised"]):
        return "raised %s, expected %s" % (observed["raised"][0], " or ".join(expected["raised"]))
    if expected["phase"] and observed["phase"] != expected["phase"]:
        return "raised in phase %s, expected %s" % (observed["phase"], expected["phase"])
    return None


def wrong_elements(observed, expected, rtol=RTOL, atol=ATOL):
    """Return the positions in "data" at which two encoded arrays differ, None if they cannot be compared.

    That is so if either is no array or a large one, or if their shapes or kinds differ.
    """
    if not _are_comparable(observed, expected):
        return None
    return list(_wrong(observed["data"], expected["data"], rtol, atol))


def _are_comparable(observed, expected):
    """Return whether both are arrays of one shape and kind, stored with all their elements."""
    if not (_is_array(observed) and _is_array(expected)) or "sha256" in observed or "sha256" in expected:
        return False
    return observed["shape"] == expected["shape"] and _kind(observed) == _kind(expected)


def _wrong(observed, expected, rtol, atol):
    for i, (a, b) in enumerate(zip(observed, expected)):
        if a != b and not _close(float(a), float(b), rtol, atol):
            yield i


def _difference_arrays(observed, expected, rtol, atol):
    if observed["shape"] != expected["shape"]:
        return "shape %s, expected %s" % (tuple(observed["shape"]), tuple(expected["shape"]))
    if _kind(observed) != _kind(expected):
        return "dtype %s, expected %s" % (observed["dtype"], expected["dtype"])
    wrong = wrong_elements(observed, expected, rtol, atol)
    if wrong is None:
        same = observed.get("sha256") == expected.get("sha256")
        return None if same else "large arrays with different contents"
    if not wrong:
        return None
    largest = max(abs(float(observed["data"][i]) - float(expected["data"][i])) for i in wrong)
    by = ", by up to %.3g" % largest if math.isfinite(largest) and _kind(observed) != "bool" else ""
    return "%d of %d elements differ%s" % (len(wrong), len(expected["data"]), by)


def _close(a, b, rtol, atol):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if math.isinf(a) or math.isinf(b):
        return a == b
    return abs(a - b) <= atol + rtol * abs(b)
