"""Makes text that a target or a foreign file wrote harmless where it comes in: no terminal obeys it."""

from __future__ import annotations

import re
from typing import Any

# C0 and C1 without tab and line feed, what turns the direction of text around, and halves of characters.
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_ONE = re.compile(f"[{_CONTROL}]")
# The same in JSON, as bytes; what only looks like it does no harm.
_IN_JSON = re.compile(
    rb"\\(?:[bfr]|u(?:00[0189]|007|20[026]|[dD][89a-fA-F]))|\x7f|\xc2[\x80-\x9f]|\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])"
)


def printable(text: str) -> str:
    """Return `text` with control characters spelled out: it moves no cursor, sets no colour, hides nothing."""
    return _ONE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def hides_control(raw: bytes) -> bool:
    """Return whether JSON may hold a text that is not `printable`; quick to see."""
    return _IN_JSON.search(raw) is not None


def cleaned(data: Any, raw: bytes | None = None) -> Any:
    """Return JSON data with `printable` texts; `raw`, what it was read from, shows quickly if it has any others."""
    if raw is not None and not hides_control(raw):
        return data
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, list):
        return [cleaned(item) for item in data]
    if isinstance(data, dict):
        return {cleaned(key): cleaned(value) for key, value in data.items()}
    return data
