"""Describes the machine that something was measured on: results may depend on all of it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def machine() -> dict[str, str]:
    """Return system, C library, architecture, cores, processor and its vector instructions, as far as known.

    The processor counts: what XLA compiles for one may fail on another.
    """
    found = {
        "system": platform.system(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
    }
    try:
        about = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        about = ""  # not Linux
    found["processor"] = _line(about, "model name") or platform.processor()
    features = _line(about, "flags|Features").split()
    found["features"] = " ".join(f for f in features if _FEATURE.fullmatch(f))
    return {name: value for name, value in found.items() if value}


# What numerical libraries choose their code by; the other flags are about caches and virtual machines.
_FEATURE = re.compile(r"s?sse[\d_]*|fma|f16c|avx\w*|amx\w*|asimd\w*|sve\w*|neon|bf16|i8mm|fphp")


def _line(about: str, name: str) -> str:
    found = re.search(rf"^(?:{name})\s*:\s*(.+)$", about, re.MULTILINE)
    return found[1].strip() if found else ""
