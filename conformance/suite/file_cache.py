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
    """What `make` makes of the case files, by their names, in their order; remembered beside the bundle.

    A file is made again if it or a module beside it changed, the worker, the program or a library did.

    Args:
        name: Of what is made.
        bundle: The suite.
        kind: The type of what is made of a file; msgspec knows it.
        make: Called with the names of the files that are to be made.
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
    """For each case file a digest of all that decides what is made of it. Case files do not import each other."""
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
