"""What is made of the case files one by one, and made again only of those that have changed."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from conformance.files import write_text
from conformance.local.bundle import Bundle

T = TypeVar("T")


def made(
    name: str, bundle: Bundle, of: str, kind: type[T], make: Callable[[list[str]], Mapping[str, T]]
) -> dict[str, T]:
    """What `make` makes of files, by their names, in their order; remembered beside the bundle.

    name: of what is made; of: stands for all that it is made of but the files; kind: its type, which msgspec knows.
    """
    keys = _keys(bundle, of)
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


def _keys(bundle: Bundle, of: str) -> dict[str, str]:
    """For each case file a digest of it and of all files beside it that it names, and so on: it may import them."""
    contents = {path.name: path.read_bytes() for path in sorted(bundle.cases.glob("*.py"))}
    named = {
        name: {f"{word.decode()}.py" for word in set(re.findall(rb"\w+", content))} & contents.keys()
        for name, content in contents.items()
    }

    def reached(file: str, so_far: set[str]) -> set[str]:
        for name in {file, *named[file]} - so_far:
            so_far.add(name)
            reached(name, so_far)
        return so_far

    return {
        file: _digest([of.encode(), *(contents[name] for name in sorted(reached(file, set())))])
        for file in contents
        if file.startswith("test_")
    }


def _digest(parts: list[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(b"%d " % len(part) + part)
    return total.hexdigest()[:16]
