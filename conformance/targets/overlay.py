"""A declared column with an author's package on top: the same base, the same Keras, one folder of its own.

What the package requires is installed with it, in versions that fit what the column has; of what the column is made of
(TensorFlow, Keras) nothing is, whatever the package asks for.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from conformance.files import write_text
from conformance.local.errors import UsageError
from conformance.targets import install, requirements
from conformance.targets.interpreters import find_python
from conformance.targets.registry import Target, pins

# What a column is made of, and TensorFlow as it is called for other machines.
_COLUMN = requirements.DISTRIBUTIONS | {f"tensorflow-{kind}" for kind in ("gpu", "intel", "macos", "metal", "rocm")}


def overlay(target: Target, texts: Sequence[str], cache: Path) -> Target:
    """The same column with these requirements (pins, wheels, folders of sources) as well.

    Raises:
        UsageError: one cannot be read, or is what the column brings.
        Unavailable: they do not fit what the column has, or a folder cannot be built, with uv's last lines.
    """
    for text in texts:
        requirements.check(text)
    if not texts:
        return target
    python = find_python(target.base.python)
    named = [requirements.read(text, cache, python) for text in texts]
    for one in named:
        if one.name in _COLUMN:
            raise UsageError(f"--with {one.text}: the column brings its {one.name}; choose it with --target")
    column = "".join(lock.read_text() for lock in target.locks)
    settled = all(one.is_settled for one in named)
    made_of = _digest("\0".join([column, target.base.python, *(one.text for one in named)]))
    remembered = cache / "locks" / f"overlay-{made_of}.txt"
    if not (settled and remembered.is_file()):
        write_text(remembered, _lock(target, [one.text for one in named], python))
    own = remembered
    if not settled:  # what it stands for may be another tomorrow: named by its contents
        own = remembered.with_name(f"{_digest(remembered.read_text())}.txt")
        write_text(own, remembered.read_text())
    return msgspec.structs.replace(target, own=own)


def _lock(target: Target, texts: list[str], python: Path) -> str:
    """What lies in the folder of the column, then what is required and the column does not have."""
    there = [pin for lock in target.locks for pin in pins(lock)]
    names = {pin.split("==")[0] for pin in there}
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "lock.txt")
        dropped = sorted(_COLUMN | {*target.base.drops})
        install.resolve(texts, ["--python", str(python)], dropped, draft, constraints=there)
        blocks = draft.read_text().replace("\n    --hash", "\0--hash").splitlines()
    added = [block.replace("\0", "\n    ") for block in blocks if block.split("==")[0].split(" ")[0] not in names]
    return (target.own.read_text() if target.own else "") + "\n".join(added) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
