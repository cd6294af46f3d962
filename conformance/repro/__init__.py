"""Standalone scripts: one case on one target in one mode, without this suite.

A script is a list of texts separated by empty lines, and most texts are shared by many scripts: the metadata of the
target, the imports of the case, the imports for target and mode, a text for each fixture that the case uses, and the
pieces of the case.
"""

from conformance.local.errors import UsageError
from conformance.repro.fixtures import fixture
from conformance.repro.header import header, imports, setting
from conformance.repro.parts import Parts, make_parts
from conformance.targets.registry import Target

__all__ = ["Parts", "make_parts", "script", "texts"]


_MISSING = {
    "run.gradients": "computes no gradients",
    "run.compile": "compiles no models",
    "run.fit": "trains no models",
    "run.train_on_batch": "trains no models",
    "run.traced": "traces no functions",
}


def texts(target: Target, mode: str, parts: Parts) -> list[str]:
    """Return the texts that the script of a cell is joined from.

    Raises:
        UsageError: If the case does not apply to the target, or the mode does not support it.
    """
    if parts.backends and target.backend not in parts.backends:
        raise UsageError(f"this case applies only to {', '.join(parts.backends)}")
    here = setting(target, mode)
    fixtures = {use: fixture(here, use) for use in parts.uses}
    for use, text in fixtures.items():
        if text is None:
            raise UsageError(f"mode '{mode}' of {target.id} {_MISSING[use]}")
    found = [header(target), "\n".join(parts.imports), imports(here), *fixtures.values(), *parts.pieces]
    return [text for text in found if text]


def script(target: Target, mode: str, parts: Parts) -> str:
    """Return the script of a cell."""
    return "\n\n".join(texts(target, mode, parts)) + "\n"
