"""Text that a target wrote, harmless on a terminal."""

from __future__ import annotations

import re

# What is left of C0 and C1 without tab and line feed, and what turns the direction of text around.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` with control characters spelled out: it moves no cursor, sets no colour, hides nothing."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
