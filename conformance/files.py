"""Files of ours, wherever they lie."""

import os
from pathlib import Path

from conformance.local.errors import named


def write_text(path: Path, text: str) -> None:
    """Write atomically, as UTF-8; otherwise as `write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write atomically: a reader sees the old file or the new one, never half of one.

    Raises:
        OSError: Naming `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise named(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)
