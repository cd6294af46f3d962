"""What can go wrong with a check, apart from a layer that breaks a clause."""

import re

_COLOURS = re.compile("\x1b\\[[0-9;]*m")


class BadInput(ValueError):
    """The check cannot be made of what was given; one line that says what to change."""


class ContractBroken(AssertionError):
    """The layer breaks a clause, or keeps one that was declared to be broken.

    Attributes:
        records: `records.Records`, one record for each clause that ran.
    """

    def __init__(self, message, records=()):
        super().__init__(message)
        self.records = records


def one_line(error):
    """Class and message of an exception, in one line."""
    text = " ".join(_COLOURS.sub("", str(error)).split())
    return clip("%s: %s" % (type(error).__name__, text) if text else type(error).__name__)


def clip(text, limit=300):
    """`text`, cut off if it is longer."""
    return text if len(text) <= limit else text[: limit - 4] + " ..."
