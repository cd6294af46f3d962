"""The exceptions of a check, and their texts."""

import re

_COLOURS = re.compile("\x1b\\[[0-9;]*m")


class BadInput(ValueError):
    """A layer cannot be checked as declared; the message is one line that says what to change."""


class ContractBroken(AssertionError):
    """A clause fails that is not expected to, or passes although it is expected to fail.

    Attributes:
        records: The `records.Records`, with one `records.Record` for each clause.
    """

    def __init__(self, message, records=()):
        super().__init__(message)
        self.records = records


def one_line(error):
    """Return the class and the message of an exception, in one line."""
    text = " ".join(_COLOURS.sub("", str(error)).split())
    return clip("%s: %s" % (type(error).__name__, text) if text else type(error).__name__)


def clip(text, limit=300):
    """Return the text, shortened to `limit` characters if it is longer."""
    return text if len(text) <= limit else text[: limit - 4] + " ..."
