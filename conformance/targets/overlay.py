"""A declared target with the package of an author on top: the same base and Keras, and one folder more.

The requirements of the package are installed with it, in versions that fit the target. TensorFlow and Keras are not
installed, whatever the package requires.
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

# What a target brings, and the names of TensorFlow for other machines.
_BROUGHT = requirements.DISTRIBUTIONS | {f"tensorflow-{kind}" for kind in ("gpu", "intel", "macos", "metal", "rocm")}


def overlay(target: Target, texts: Sequence[str], cache: Path) -> Target:
    """Return the target with further requirements.

    Args:
        target: The declared target.
        texts: Requirements of an index, or paths of wheels and of source folders.
        cache: The cache folder.

    Raises:
        UsageError: A requirement cannot be parsed, or names what the target brings itself.
        Unavailable: The requirements do not fit the target, or a folder cannot be built, with uv's last lines.
    """
    parsed = [requirements.parse(text) for text in texts]
    if not parsed:
        return target
    python = find_python(target.base.python)
    located = [one.located(cache, python) for one in parsed]
    for one in located:
        if one.name in _BROUGHT:
            raise UsageError(f"--with {one.text}: targets bring their own {one.name}; choose a version with --target")
    locks = "".join(lock.read_text() for lock in target.locks)
    is_pinned = all(one.is_pinned for one in located)
    key = _digest("\0".join([locks, target.base.python, *(one.text for one in located)]))
    lock = cache / "locks" / f"overlay-{key}.txt"
    if not (is_pinned and lock.is_file()):
        write_text(lock, _lock(target, [one.text for one in located], python))
    if not is_pinned:  # it may resolve differently tomorrow: named by its contents
        text = lock.read_text()
        lock = lock.with_name(f"{_digest(text)}.txt")
        write_text(lock, text)
    return msgspec.structs.replace(target, own=lock)


def _lock(target: Target, texts: list[str], python: Path) -> str:
    """Return the text of the lock: the own one of the target, then what is required and the target lacks."""
    installed = [pin for lock in target.locks for pin in pins(lock)]
    names = {pin.split("==")[0] for pin in installed}
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "lock.txt")
        dropped = sorted(_BROUGHT | {*target.base.drops})
        install.resolve(texts, ["--python", str(python)], dropped, draft, constraints=installed)
        blocks = draft.read_text().replace("\n    --hash", "\0--hash").splitlines()
    added = [block.replace("\0", "\n    ") for block in blocks if block.split("==")[0].split(" ")[0] not in names]
    return (target.own.read_text() if target.own else "") + "\n".join(added) + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
