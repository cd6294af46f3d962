"""The cases, as the worker's plug-in collects them on the host, each with the digest of its source."""

from importlib.metadata import version

import msgspec

from conformance import __version__
from conformance.files import write_text
from conformance.results import Case, digest
from conformance.selection import choose
from conformance.suite.bundle import Bundle
from conformance.suite.listing import listed
from conformance.suite.sources import used_source

__all__ = ["choose", "collect"]


def collect(bundle: Bundle) -> list[Case]:
    """All cases in the order of their files; collected once for each bundle, then remembered beside it.

    Raises:
        UsageError: a case file does not import, or a case describes itself wrongly.
    """
    remembered = bundle.folder.with_name(f"{bundle.digest}-pytest-{version('pytest')}-{__version__}.json")
    try:
        return msgspec.json.decode(remembered.read_bytes(), type=list[Case])
    except (OSError, msgspec.DecodeError):
        cases = [msgspec.convert(about, Case) for about in listed(bundle)]
    for case in cases:
        case.digest = digest([case.id, used_source(bundle.cases / case.file, case.function)])
    write_text(remembered, msgspec.json.encode(cases).decode())
    return cases
