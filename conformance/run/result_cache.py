"""The result cache: what earlier runs observed is not measured again, and an interrupted run resumes where it was.

A cell is kept under a key that stands for everything it depends on: the source of the case and
what that uses (`Case.digest`), the worker and its variables, what reads its events, the locks, the Python
(`target_digest`) and the mode.
Each target has a journal of lines that are only ever appended, each with one write: two runs
at once, or a kill at any moment, cost at most what was being written.
"""

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from conformance.files import write_text
from conformance.local.bundle import Bundle
from conformance.local.dependencies import code_digest
from conformance.local.launch import fixed
from conformance.local.process_group import Cell
from conformance.local.supervisor import WorkerSupervisor
from conformance.results import Case, Fact, Observation, Value, digest
from conformance.targets.registry import Target

_LASTING = ("completed", "raised", "unsupported", "crashed")  # a time-out may have had its reason outside
_PARTS = ("status", "exception", "warnings", "reason")
_VERSIONS = 4  # of a case in a mode, that a journal keeps when it is written anew: branches come and go


class CachedCell(msgspec.Struct, frozen=True):
    """A cell as it was observed.

    Attributes:
        digest: Digest of the observation.
        observation: The observation.
        values: The values that its facts refer to, by digest.
        seconds: Duration of the cell.
        when: When it was measured, in ISO 8601, UTC; empty if nothing was executed.
    """

    digest: str
    observation: Observation
    values: dict[str, Value]
    seconds: float
    when: str = ""


def cached_cell(event: dict[str, Any], facts: list[dict[str, Any]], when: str = "") -> CachedCell:
    """Convert what a worker sent about a cell.

    Args:
        event: The event at the end of the cell (`worker.protocol`).
        facts: The facts that were sent before, with their values.
        when: When it was measured, in ISO 8601, UTC.

    Returns:
        The cell, with each value once under the digest of its contents.
    """
    values: dict[str, Value] = {}

    def stored(value: Value) -> str:
        values[key := digest(value)] = value
        return key

    observation = msgspec.convert({k: event[k] for k in _PARTS if event.get(k) is not None}, Observation)
    observation.facts = [
        Fact(
            name=fact["name"],
            observed=stored(fact["observed"]),
            expected=stored(fact["expected"]) if "expected" in fact else None,
            rtol=fact.get("rtol"),
            atol=fact.get("atol"),
        )
        for fact in facts
    ]
    return CachedCell(digest(msgspec.to_builtins(observation)), observation, values, event["seconds"], when)


class _Line(msgspec.Struct, omit_defaults=True):
    """One line of a journal: a cell, an observation, a value, or what a process said of itself."""

    key: str = ""  # of a cell or a process
    case: str = ""
    mode: str = ""
    seconds: float = 0.0
    when: str = ""
    observation: str = ""  # a digest; "" of a cell: forget it
    observed: Observation | None = None  # what this digest stands for
    value: str = ""
    is_: Value = msgspec.field(name="is", default=None)
    said: dict[str, Any] | None = None  # by a process, before its first case


class _Journal:
    """The journal of one target, read when it is first needed."""

    def __init__(self, path: Path):
        self._path = path
        self._written = 0  # cells in the file, out of date or not
        self.cells: dict[str, _Line] = {}
        self.observations: dict[str, Observation] = {}
        self.values: dict[str, Value] = {}
        self.said: dict[str, dict[str, Any]] = {}
        self.durations: dict[Cell, float] = {}
        decoder = msgspec.json.Decoder(_Line)
        for text in path.read_bytes().split(b"\n") if path.is_file() else ():
            try:
                if text:
                    self._take(decoder.decode(text))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # cut short by a kill or a full disk: measured again

    def _take(self, line: _Line) -> None:
        if line.observed is not None:
            self.observations[line.observation] = line.observed
        elif line.value:
            self.values[line.value] = line.is_
        elif line.said is not None:
            self.said[line.key] = line.said
        else:
            self.cells.pop(line.key, None)  # the newest last
            self.cells[line.key] = line
            self.durations[line.case, line.mode] = line.seconds
            self._written += 1

    def get(self, key: str) -> CachedCell | None:
        cell = self.cells.get(key)
        observation = self.observations.get(cell.observation) if cell else None
        if cell is None or observation is None:
            return None
        names = [n for fact in observation.facts for n in (fact.observed, fact.expected) if n is not None]
        if any(name not in self.values for name in names):
            return None
        values = {name: self.values[name] for name in names}
        return CachedCell(cell.observation, observation, values, cell.seconds, cell.when)

    def append(self, lines: list[_Line]) -> None:
        """Write lines at once; after a torn line of a killed run, they start on a line of their own."""
        for line in lines:
            self._take(line)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, b"\n" + b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        finally:
            os.close(file)

    def compact(self) -> None:
        """Rewrite the file without what is long out of date, if most of it is."""
        recent: dict[Cell, list[str]] = {}
        for key, cell in self.cells.items():
            recent.setdefault((cell.case, cell.mode), []).append(key)
        kept = [self.cells[key] for keys in recent.values() for key in keys[-_VERSIONS:]]
        if self._written <= 2 * len(kept):
            return
        observed = {c.observation: o for c in kept if (o := self.observations.get(c.observation))}
        facts = [fact for observation in observed.values() for fact in observation.facts]
        values = {name for fact in facts for name in (fact.observed, fact.expected) if name in self.values}
        lines = [_Line(value=name, is_=self.values[name]) for name in sorted(values)]
        lines += [_Line(observation=name, observed=observation) for name, observation in observed.items()]
        lines += kept + [_Line(key=key, said=said) for key, said in self.said.items()]
        write_text(self._path, "".join(msgspec.json.encode(line).decode() + "\n" for line in lines))


class ResultCache:
    """Keeps observed cells, and what processes reported, in the cache folder.

    Nothing is kept of a target whose environment is not built here: it may change without a sign.

    Args:
        cache: The cache folder.
        bundle: The worker that cells are observed with.
        fresh: Ignore what is there, but keep what comes.
    """

    def __init__(self, cache: Path, bundle: Bundle, fresh: bool = False):
        self.folder = cache / "cells"
        self._bundle, self._fresh = bundle, fresh
        self._digests: dict[str, str] = {}
        self._journals: dict[str, _Journal] = {}
        self._lock = threading.Lock()

    def target_digest(self, target: Target) -> str:
        """Return a digest of what all cells of a target depend on beside the case."""
        if target.id not in self._digests:
            locks = [lock.read_text() if lock.is_file() else target.id for lock in target.locks]
            worker = [self._bundle.worker, *(f"{name}={value}" for name, value in fixed(target.front_end).items())]
            observing = code_digest(WorkerSupervisor, cached_cell, _Line)
            parts = [observing, *worker, *locks, target.base.python, target.front_end, target.backend]
            self._digests[target.id] = digest(parts)
        return self._digests[target.id]

    def get(self, target: Target, case: Case, mode: str) -> CachedCell | None:
        """Return a cell, None if it was not kept or cannot be read."""
        if self._fresh or target.installed is not None:
            return None
        with self._lock:
            return self._journal(target).get(self._key(target, case.digest, mode))

    def put(self, target: Target, case: Case, mode: str, observed: CachedCell) -> None:
        """Keep a cell, unless the environment may be the reason for what was observed.

        Args:
            target: The target.
            case: The case, whose digest is a part of the key.
            mode: Name of the mode.
            observed: What was observed.

        Raises:
            OSError: It cannot be written.
        """
        if observed.observation.status not in _LASTING or target.installed is not None:
            return
        with self._lock:
            journal = self._journal(target)
            lines = [_Line(value=k, is_=v) for k, v in observed.values.items() if k not in journal.values]
            if observed.digest not in journal.observations:
                lines.append(_Line(observation=observed.digest, observed=observed.observation))
            cell = _Line(key=self._key(target, case.digest, mode), case=case.id, mode=mode, observation=observed.digest)
            lines.append(msgspec.structs.replace(cell, seconds=observed.seconds, when=observed.when))
            journal.append(lines)

    def forget(self, target: Target, case: Case, mode: str) -> None:
        """Make sure that this cell is measured again.

        Raises:
            OSError: That cannot be written.
        """
        if target.installed is not None:
            return
        with self._lock:
            key = self._key(target, case.digest, mode)
            self._journal(target).append([_Line(key=key, case=case.id, mode=mode)])

    def get_process(self, target: Target, modes: list[str]) -> dict[str, Any] | None:
        """Return what a process for these modes reported: versions, backend, and the most memory it had."""
        with self._lock:
            if self._fresh or target.installed is not None:
                return None
            return self._journal(target).said.get(self._key(target, "process", *modes))

    def put_process(self, target: Target, modes: list[str], said: dict[str, Any]) -> None:
        """Keep what a process reported.

        Raises:
            OSError: It cannot be written.
        """
        if target.installed is not None:
            return
        with self._lock:
            self._journal(target).append([_Line(key=self._key(target, "process", *modes), said=said)])

    def durations(self, target: Target) -> dict[Cell, float]:
        """Return the seconds that each cell of a target took when it was last measured."""
        with self._lock:
            return dict(self._journal(target).durations)

    def compact(self) -> None:
        """Keep the journals small; to be called at the end of a run.

        Raises:
            OSError: One cannot be written.
        """
        with self._lock:
            for journal in self._journals.values():
                journal.compact()

    def _journal(self, target: Target) -> _Journal:
        if target.id not in self._journals:
            self._journals[target.id] = _Journal(self.folder / f"{target.id}.jsonl")
        return self._journals[target.id]

    def _key(self, target: Target, *parts: str) -> str:
        text = "\0".join([self.target_digest(target), *parts])
        return hashlib.sha256(text.encode()).hexdigest()[:16]
