"""The cases, as the worker's plug-in collects them on the host; no Keras is needed."""

import fnmatch
import os
import subprocess
import sys
from importlib.metadata import version

import msgspec

from conformance import __version__
from conformance.bundle import Bundle
from conformance.errors import UsageError, unknown
from conformance.results import Case, digest, write_text
from conformance.sources import used_source


def collect(bundle: Bundle) -> list[Case]:
    """All cases in the order of their files; collected once for each bundle, then remembered beside it.

    Raises:
        UsageError: a case file does not import, or a case describes itself wrongly.
    """
    listed = bundle.folder.with_name(f"{bundle.digest}-pytest-{version('pytest')}-{__version__}.json")
    try:
        return msgspec.json.decode(listed.read_bytes(), type=list[Case])
    except (OSError, msgspec.DecodeError):
        cases = _collect(bundle)
    write_text(listed, msgspec.json.encode(cases).decode())
    return cases


def _collect(bundle: Bundle) -> list[Case]:
    done = subprocess.run(
        [sys.executable, "-m", "conformance.worker", "list", str(bundle.cases)],
        capture_output=True,
        text=True,
        cwd=bundle.folder,
        # What is installed here, this package's own plug-in included, is not in the bundle.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    if done.returncode != 0:
        raise UsageError("the cases cannot be collected:\n" + (done.stderr.strip() or done.stdout.strip()))
    cases = [msgspec.json.decode(line, type=Case) for line in done.stdout.splitlines()]
    for case in cases:
        case.digest = digest([case.id, used_source(bundle.cases / case.file, case.function)])
    return cases


def choose(cases: list[Case], patterns: list[str]) -> list[Case]:
    """The cases whose id matches one of the globs; all for none.

    A pattern without a variant in brackets stands for all variants.
    """
    if not patterns:
        return cases
    chosen: set[str] = set()
    for pattern in patterns:
        # "[" starts a set in a glob; in a case id it starts a variant.
        glob = pattern.replace("[", "[[]")
        hits = {c.id for c in cases if fnmatch.fnmatchcase(c.id, glob) or fnmatch.fnmatchcase(c.id.split("[")[0], glob)}
        if not hits:
            raise unknown("case", pattern, [c.id for c in cases])
        chosen |= hits
    return [c for c in cases if c.id in chosen]
