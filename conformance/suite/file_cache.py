"""What is made of the case files one by one, and made again only of those that have changed."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from conformance.files import write_text
from conformance.local.bundle import Bundle
from conformance.local.dependencies import program_digest

T = TypeVar("T")


def made(name: str, bundle: Bundle, kind: type[T], make: Callable[[list[str]], Mapping[str, T]]) -> dict[str, T]:
    """Return what is derived from each case file, kept beside the bundle until it is out of date.

    It is derived again if the file, a module beside it, the worker, the program or a library changed.

    Args:
        name: What is derived; part of a file name.
        bundle: The bundle with the case files.
        kind: Type of what is derived from one file, as msgspec decodes it.
        make: Derives it, given the names of case files.

    Returns:
        What is derived, by the name of the case file, in the order of the files.
    """
    keys = _keys(bundle)
    store = bundle.folder.with_name(f"{name}-{_digest([file.encode() for file in keys])}.json")
    found = _remembered(store, keys, kind)
    if changed := [file for file in keys if file not in found]:
        found |= make(changed)
        text = msgspec.json.encode({file: (key, found[file]) for file, key in keys.items()}).decode()
        write_text(store, text)
    return {file: found[file] for file in keys}


def _remembered(store: Path, keys: Mapping[str, str], kind: type[T]) -> dict[str, T]:
    try:
        stored = msgspec.json.decode(store.read_bytes(), type=dict[str, tuple[str, msgspec.Raw]])
        same = {file: raw for file, (key, raw) in stored.items() if keys.get(file) == key}
        return {file: msgspec.json.decode(raw, type=kind) for file, raw in same.items()}
    except (OSError, msgspec.DecodeError):
        return {}


def _keys(bundle: Bundle) -> dict[str, str]:
    """Digest for each case file all that decides what is derived from it. Case files do not import each other."""
    contents = {path.name: path.read_bytes() for path in sorted(bundle.cases.glob("*.py"))}
    is_case_file = {name: name.startswith("test_") for name in contents}
    common = [program_digest().encode(), bundle.worker.encode()]
    common += [content for name, content in contents.items() if not is_case_file[name]]
    return {name: _digest([*common, content]) for name, content in contents.items() if is_case_file[name]}


def _digest(parts: list[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(b"%d " % len(part) + part)
    return total.hexdigest()[:16]
