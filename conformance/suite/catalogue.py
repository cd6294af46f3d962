"""The cases, as the worker's plug-in collects them on the host, each with the digest of its source."""

from collections import Counter
from importlib.metadata import version

import msgspec

from conformance import __version__
from conformance.errors import UsageError
from conformance.results import Case, digest
from conformance.selection import choose
from conformance.suite import by_file
from conformance.suite.bundle import Bundle
from conformance.suite.listing import listed
from conformance.suite.sources import used_source

__all__ = ["choose", "collect"]


def collect(bundle: Bundle) -> list[Case]:
    """All cases in the order of their files; those of a file are remembered until it changes.

    Raises:
        UsageError: a case file does not import, or a case describes itself wrongly.
    """
    of = f"{bundle.worker} {__version__} pytest {version('pytest')}"
    files = by_file.made("cases", bundle, of, list[Case], lambda changed: _collected(bundle, changed))
    cases = [case for of_file in files.values() for case in of_file]
    if not cases:
        raise UsageError(f"the cases cannot be collected: there are none in {bundle.cases}")
    for id, count in Counter(case.id for case in cases).items():
        if count > 1:
            where = ", ".join(f"{case.file}::{case.function}" for case in cases if case.id == id)
            raise UsageError(f"the cases cannot be collected:\ncase id {id!r} is used twice: {where}")
    return cases


def _collected(bundle: Bundle, files: list[str]) -> dict[str, list[Case]]:
    try:
        found = listed(bundle, files)
    except UsageError:  # or none of these files has a case
        found = listed(bundle)
    cases: dict[str, list[Case]] = {file: [] for file in files}
    for case in (msgspec.convert(about, Case) for about in found):
        if case.file in cases:
            case.digest = digest([case.id, used_source(bundle.cases / case.file, case.function)])
            cases[case.file].append(case)
    return cases
