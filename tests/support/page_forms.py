"""Every form of value and of observation, for tests that hold two implementations together on all pairs of them.

A form is what a rule of `worker/values.py`, `judging/judge.py` or `judging/difference.py` tells from another: a branch,
or one side of an edge. Add a form where you add a rule.
"""

import itertools
from typing import Any

import numpy as np

from conformance.results import Exception_, Fact, Observation, Value, Warning_, digest
from conformance.worker import values

TOLERANCES = [(values.RTOL, values.ATOL), (0.0, 0.0), (0.05, 0.03)]
DTYPES = ["bool", "int32", "int64", "uint8", "float16", "bfloat16", "float32", "float64"]
SHAPES: list[list[int]] = [[], [1], [2], [1, 2], [2, 2], [0], [0, 2], [2, 0]]
SPECIAL = [0.0, "-0.0", "nan", "inf", "-inf"]
# Around the edges of the tolerances, and of what is spelled with three or compared with six digits.
NUMBERS: list[Any] = [
    *SPECIAL,
    *(
        1.0,
        -1.0,
        1.0001,
        1.00011,
        1.00012,
        1.05,
        1.08,
        1.0801,
        0.03,
        1e-5,
        1.1e-5,
        2e-5,
        1e-7,
        5e-324,
        1.5,
        2.125,
        2.135,
    ),
    *(0.0375, 999.5, 1000.5, 99950.0, 123456.5, 123457.5, 0.00012345, 1e15, 1e16, 1e21, 1e22, 1e300, 1.7e308, -1.7e308),
]


def array(dtype: str, shape: list[int], data: list[Any]) -> Value:
    return {"dtype": dtype, "shape": shape, "data": data}


def raised(*names: str, phase: str | None = None, message: str = "") -> Value:
    return {"raised": list(names), "phase": phase, "message": message}


def large(dtype: str, shape: list[int], digest: str) -> Value:
    return {"dtype": dtype, "shape": shape, "data": [1] * 16, "sha256": digest}


def _arrays() -> list[Value]:
    plain = [array(d, s, [1] * int(np.prod(s))) for d in DTYPES for s in SHAPES]
    special = [array("float32", [2], [one, other]) for one, other in itertools.product([1.0, *SPECIAL], repeat=2)]
    masks = [array("bool", [2], [0, 1]), array("bool", [2, 2], [1, 0, 1, 1]), array("bool", [], [0])]
    masks += [array("bool", [size], [1] * size) for size in (60, 61)] + [array("bool", [61], [0] * 61)]
    cut = [large(d, s, h) for d, s, h in [("float32", [5000], "a"), ("float32", [5000], "b"), ("float64", [5000], "a")]]
    return [*plain, *special, *masks, *cut, large("int32", [5000], "a"), large("bool", [50, 100], "a")]


def _texts() -> list[Value]:
    # A text may look like another value; one of more than 80 characters is cut, and one beyond U+FFFF is a character.
    look_alikes = ["", "none", "None", "True", "False", "0", "1", "nan", "[]", "raises ValueError", "[10]"]
    spaces = [" ", " a  b\n", "a\u00a0b", "a\u2028b", "a\x1cb", "a\ufeffb", "'", '"', "\\"]
    return [*look_alikes, *spaces, *("x" * n for n in (80, 81)), "\U0001f600" * 80, "\U0001f600" * 81]


def _plain() -> list[Value]:
    objects: list[Value] = [{"repr": text} for text in ("", "none", "{1}", "x" * 81)]
    return [None, False, True, 0, 1, -3, 2**53 - 1, *_texts(), *objects]


def _raised() -> list[Value]:
    names = [("ValueError", "Exception"), ("TypeError", "Exception"), ("Exception",)]
    return [raised(*n, phase=phase) for n in names for phase in (None, "call", "build")] + [
        raised("KeyError", message="no")
    ]


def _lists() -> list[Value]:
    items: list[Value] = [None, False, 0, "", "a", "x" * 81, {"repr": "{1}"}, raised("ValueError", phase="call")]
    items += [array("bool", [2], [1, 0]), array("float32", [2], [1, 2]), array("float32", [], [1]), [], [1]]
    return [
        [],
        *([item] for item in items),
        *([1, item] for item in items),
        [[["a"]]],
        ["y" * 40, "y" * 40],
        [0] * 26,
        [0] * 27,
    ]


VALUES: list[Value] = [*_plain(), *_raised(), *_arrays(), *_lists()]

_A, _B = array("bool", [2], [1, 0]), array("bool", [2], [0, 1])
_FACTS: list[dict[str, Value]] = [
    {},
    {"mask": _A},
    {"mask": _B},
    {"mask": array("float32", [2], [1, 0])},
    {"mask": raised("ValueError", phase="call")},
    {"mask": _A, "later": 1},
    {"later": 1, "mask": _A},
    {"mask": _B, "later": 2, "last": None},
]
_HEARD: list[list[str]] = [[], ["UserWarning"], ["FutureWarning", "UserWarning"], ["UserWarning", "UserWarning"]]


def _ends() -> list[dict[str, Any]]:
    def error(name: str, phase: str | None) -> dict[str, Any]:
        return {"status": "raised", "exception": Exception_(raised=[name, "Exception"], phase=phase, message="no")}

    raised_ = [error(*about) for about in [("ValueError", None), ("ValueError", "call"), ("TypeError", "call")]]
    absent = [{"status": "unsupported", "reason": reason} for reason in (None, "", "no such  API", "x" * 81)]
    plain = [{"status": status} for status in ("completed", "crashed", "timed-out", "error", "raised")]
    return [*plain, *raised_, *absent]


def observations() -> tuple[list[Observation], dict[str, Value]]:
    """Each end with each set of facts and each set of warnings; and the values of the facts."""
    stored = {digest(value): value for facts in _FACTS for value in facts.values()}
    found = []
    for end, facts, heard in itertools.product(_ends(), _FACTS, _HEARD):
        kept = [Fact(name=name, observed=digest(value)) for name, value in facts.items()]
        warnings = [Warning_(category=category, message="", count=1) for category in heard]
        found.append(Observation(**end, facts=kept, warnings=warnings))
    return found, stored
