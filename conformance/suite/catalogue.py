"""The cases, as the worker's plug-in collects them on the host, each with the digest of its source."""

from collections import Counter
from typing import Any

import msgspec

from conformance.local import listing
from conformance.local.bundle import Bundle
from conformance.local.dependencies import used_source
from conformance.local.errors import UsageError
from conformance.local.selection import choose
from conformance.results import Case, digest
from conformance.suite import file_cache

__all__ = ["Listed", "choose", "collect", "listed"]


class Listed(msgspec.Struct):
    """A case, and what else pytest knows of it.

    Attributes:
        case: The case.
        backends: Names of the backends that it applies to; empty for all.
        parameters: By the name of a parameter, the index of the value in the list of the decorator, and its source if
            that is a literal.
    """

    case: Case
    backends: list[str]
    parameters: dict[str, tuple[int, str | None]]


def collect(bundle: Bundle) -> list[Case]:
    """Return all cases in the order of their files; raises as `listed`."""
    return [one.case for one in listed(bundle)]


def listed(bundle: Bundle) -> list[Listed]:
    """List all cases in the order of their files; those of a file are kept in the cache until it changes.

    Raises:
        UsageError: A case file cannot be imported, a case is declared wrongly, two have the same id, or there is none.
    """
    files = file_cache.made("cases", bundle, list[Listed], lambda changed: _listed(bundle, changed))
    found = [one for of_file in files.values() for one in of_file]
    if not found:
        raise UsageError(f"the cases cannot be collected: there are none in {bundle.cases}")
    for id, count in Counter(one.case.id for one in found).items():
        if count > 1:
            where = ", ".join(f"{one.case.file}::{one.case.function}" for one in found if one.case.id == id)
            raise UsageError(f"the cases cannot be collected:\ncase id {id!r} is used twice: {where}")
    return found


def _listed(bundle: Bundle, files: list[str]) -> dict[str, list[Listed]]:
    try:
        found = listing.listed(bundle, files)
    except UsageError:  # or none of these files has a case
        found = listing.listed(bundle)
    of_file: dict[str, list[Listed]] = {file: [] for file in files}
    for one in map(_converted, found):
        if one.case.file in of_file:
            source = used_source(bundle.cases / one.case.file, one.case.function)
            one.case.digest = digest([one.case.id, source])
            of_file[one.case.file].append(one)
    return of_file


def _converted(about: dict[str, Any]) -> Listed:
    others = {name: about.pop(name) for name in ("backends", "parameters")}
    return msgspec.convert({"case": about, **others}, Listed)
