"""Step three of `--with`, and of `--here`: the target of a Keras whose version is known, with an id and a title."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.specifiers import SpecifierSet

from conformance.targets import nearest
from conformance.targets.registry import AD_HOC, Base, Target
from conformance.targets.versions import parse
from conformance.vocabulary import FRONT_ENDS

NO_LOCK = Path(os.devnull)


@dataclass(frozen=True)
class ResolvedTarget:
    """A Keras with its versions: resolved into a lock, or found in an environment.

    Attributes:
        front_end: Name of the front end.
        keras: Version of Keras; empty if only that of TensorFlow is known.
        backend: Name of the backend.
        library: Version of the library that Keras computes on.
        python: Minor version of Python.
        label: Distinguishes it from another Keras of that version; may be empty.
        lock: The lock; `NO_LOCK` for an environment that exists already.
        requires: What the lock was resolved from.
        installed: What an existing environment holds, as "name==version" lines; None for one built from the lock.
    """

    front_end: str
    keras: str
    backend: str
    library: str
    python: str
    label: str = ""
    lock: Path = NO_LOCK
    requires: list[str] = field(default_factory=list)
    installed: list[str] | None = None


def make_target(resolved: ResolvedTarget, declared: Sequence[Target]) -> Target:
    """Return the target, with the modes of the nearest declared one; its id differs from all declared ones.

    Raises:
        UsageError: No declared target resembles it.
    """
    version = parse(resolved.library if resolved.front_end == "tf.keras" else resolved.keras)
    range_ = SpecifierSet(f"=={version.base_version}" if version else "")
    model = nearest.by_keras(declared, resolved.front_end, resolved.backend, range_)
    library = model.base.title.split()[0]
    release = resolved.library.partition("+")[0]  # 2.13.0+cpu is 2.13.0
    id, title = _id_and_title(resolved, library, release)
    if id in {target.id for target in declared}:
        id += f"+{AD_HOC}"
    base = Base(
        id=id,
        title=f"{library} {release}",
        python=resolved.python,
        tensorflow=resolved.library if resolved.backend == "tensorflow" else "",
        requires=resolved.requires,
        lock=resolved.lock,
    )
    return Target(
        id=id,
        title=title,
        generation=model.generation,
        front_end=resolved.front_end,
        keras=resolved.keras,
        backend=resolved.backend,
        tier=AD_HOC,
        base=base,
        installed=resolved.installed,
        processes=model.processes,
        lacks=model.lacks,
    )


def _id_and_title(resolved: ResolvedTarget, library: str, release: str) -> tuple[str, str]:
    if resolved.front_end == "tf.keras":
        id, title = f"tf-{release}", f"tf.keras {release}"
    else:
        backend = "tf" if resolved.backend == "tensorflow" else resolved.backend
        id = f"{resolved.front_end.replace('_', '-')}-{resolved.keras}+{backend}-{release}"
        short = library.replace("TensorFlow", "TF")
        title = f"{FRONT_ENDS[resolved.front_end]} {resolved.keras} on {short} {release}"
    if resolved.label:
        id, title = f"{id}+{resolved.label}", f"{title}, {resolved.label}"
    return re.sub(r"[^\w.+-]", "-", id), title  # folders are named by the id, and a target may report any version
