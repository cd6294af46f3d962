"""Errors a person can act on; the command line shows the message alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conformance.local.sanitize import printable


class _MessageError(Exception):
    """An error whose message is for a person; it may quote what a target or a file says."""

    def __init__(self, message: str):
        super().__init__(printable(message))


class UsageError(_MessageError):
    """The request cannot be understood: exit code 2."""


class Unavailable(_MessageError):
    """A target cannot run here: exit code 3. The message says why and becomes the reason of its cells."""


def said(error: OSError) -> str:
    """Return what the system refuses, and where if it says so, in one line."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


def named(error: OSError, path: Path) -> OSError:
    """Return the same error with a path: where a disk is full, the system does not say what was written."""
    return OSError(error.errno, error.strerror, str(error.filename or path))


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return a `UsageError` that says what was probably meant."""
    import difflib  # slow to import, and rarely needed

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return UsageError(f"unknown {kind} '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))
