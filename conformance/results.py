"""The results of a run: the one file that the page, the summary and every tool read.

Facts are kept apart from judgement: `observations` is what was seen, the `verdict` of a
cell is computed from it by `conformance.judging.judge` and can be computed again.
Equal values and equal observations are stored once, under a digest of their contents. A file may be compressed with
gzip; each reader takes either form.
"""

import gzip
import hashlib
import inspect
import json
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from conformance.files import write_bytes
from conformance.local.errors import UsageError
from conformance.local.paths import PACKAGE
from conformance.local.sanitize import cleaned, hides_control
from conformance.local.selection import modes_on
from conformance.local.validation import wrong_value
from conformance.vocabulary import BASES, MODES, SEVERITIES, VERDICT_OF_STATUS, VERDICTS

SCHEMA_VERSION = 1
LONG = 1e9  # seconds; no run takes that
MAX_BYTES = 2**29  # of a results file, unpacked; that of fifty targets has a twenty-fifth of it

FILE = "results.json"
COMPRESSED = "results.json.gz"
LATEST = Path("reports/latest")
"""Where a run writes, unless it is told."""
CHECKOUT = PACKAGE.parent / "reports" / "history"
PUBLISHED = CHECKOUT if CHECKOUT.is_dir() else PACKAGE / "published"
"""The whole history: beside the package in a checkout, inside it when installed from a wheel."""

Value = Any
"""A value as the worker encodes it; `conformance.worker.values` lists the forms."""


class Case(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A mask behaviour, as its test declares it."""

    id: str
    title: str
    contract: str
    basis: str  # documented, established or unspecified
    source: str  # the page and sentence, the upstream source or test, or why nothing is specified
    severity: str  # if it breaks: silent, raises, warns or cosmetic
    issues: list[str]
    tags: list[str]
    modes: list[str]  # "eager | session": in the first of these that a column has
    needs: list[str]
    file: str
    function: str
    line: int
    code: str
    digest: str = ""  # of its source and whatever that uses of its folder
    area: str = ""  # title of its file; what older results do not know is empty

    def modes_on(self, has: Collection[str]) -> list[str]:
        """The modes in which this case is run on a column that has the modes `has`, those it lacks included."""
        return modes_on(self.modes, has)


class TargetResult(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A column as it was found: what was declared, what reported itself, why it did not run."""

    id: str
    title: str
    generation: str
    front_end: str
    backend: str
    base: str  # what Keras computes on, with its version
    python: str
    pins: list[str]
    modes: list[str]
    lacks: dict[str, str]
    tier: str
    digest: str = ""  # of all that its cells depend on beside the cases: locks, Python, worker
    versions: dict[str, str] = {}  # reported by the imported modules themselves
    peak_mb: int | None = None  # most memory that one of its processes had; None if none ran to its end
    reason: str | None = None  # why the column did not run; None if it did
    fixed: dict[str, str] = {}  # variables that its workers had beside those of all, `Results.fixed`
    measured: list[str] = []  # when the first and the last of its cells were; ISO 8601, UTC


class Shard(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which part of a plan was run: `number`, from 1, of the shards in `plan`.

    plan: the columns of each shard, as declared; modes: those that were asked for;
    complete: it is a whole tier, with every case and mode.
    """

    number: int
    plan: list[list[TargetResult]]
    modes: list[str]
    complete: bool


class Fact(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One named value beside the expected one, as keys of `Results.values`."""

    name: str
    observed: str
    expected: str | None = None  # None: nothing is expected (the value None has a key as well)
    rtol: float | None = None
    atol: float | None = None


class Exception_(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """raised: names of its classes, most special first; where: "file:line in function" of the case and innermost."""

    raised: list[str]
    phase: str | None
    message: str
    where: list[str] = []


class Warning_(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    category: str
    message: str
    count: int


class Observation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a cell did. status: completed, raised, unsupported, error, crashed or timed-out."""

    status: str
    facts: list[Fact] = []
    exception: Exception_ | None = None
    warnings: list[Warning_] = []
    reason: str | None = None


class Cell(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Case x target x mode. `observation` is a key of `Results.observations`, or None if it was not run."""

    case: str
    target: str
    mode: str
    verdict: str
    observation: str | None = None
    fingerprint: str | None = None
    seconds: float | None = None
    reason: str | None = None


class Results(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole run, or the part of one that `shard` says."""

    schema_version: int
    suite_version: str
    bundle: str  # digest of the worker and the cases
    created: str  # ISO 8601, UTC
    platform: dict[str, str]
    seconds: float
    targets: list[TargetResult]
    cases: list[Case]
    cells: list[Cell]
    problems: list[str]  # what makes the run untrustworthy; empty in a good run
    observations: dict[str, Observation] = {}
    values: dict[str, Value] = {}
    shard: Shard | None = None
    fixed: dict[str, str] = {}  # what every worker had, whatever the caller has: variables, seed, speed-ups

    def measured(self) -> list[str]:
        """When the first and the last of the cells were measured, which may have been runs ago."""
        every = [moment for target in self.targets for moment in target.measured]
        return [min(every), max(every)] if every else [self.created] * 2


def digest(data: Any) -> str:
    """16 hexadecimal digits that stand for this JSON data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def schema() -> dict[str, Any]:
    """JSON Schema of the results file; a copy is `schemas/results.schema.json`."""
    described = schema_of(Results)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "conformance results", **described}


def schema_of(kind: type) -> dict[str, Any]:
    """JSON Schema of a struct; the same whether msgspec takes the margin of docstrings away (since 0.23) or not."""

    def dedented(part: Any) -> Any:
        if isinstance(part, list):
            return [dedented(one) for one in part]
        if not isinstance(part, dict):
            return part
        text = part.get("description")
        clean = {"description": inspect.cleandoc(text)} if isinstance(text, str) else {}
        return {**{key: dedented(value) for key, value in part.items()}, **clean}

    found: dict[str, Any] = dedented(msgspec.json.schema(kind))
    return found


def file_in(folder: Path) -> Path:
    """The results file of a folder: `COMPRESSED` if only that is there, else `FILE`, there or not."""
    compressed = folder / COMPRESSED
    return compressed if compressed.is_file() and not (folder / FILE).is_file() else folder / FILE


def file_of(path: Path) -> Path:
    """The results file that a path names, itself or by its folder."""
    return file_in(path) if path.is_dir() else path


def stored() -> Path:
    """Where commands read, unless they are told: what the last run wrote here, else what is published."""
    return LATEST if file_in(LATEST).is_file() else PUBLISHED


def read_stored(path: Path | None) -> Results | None:
    """Results at `path`; without one those that are `stored`, None if there are none."""
    if path is None and not file_in(stored()).is_file():
        return None
    return read(path or stored())


def read_bytes(file: Path) -> bytes:
    """The JSON of a results file, unpacked if it is compressed.

    Raises:
        UsageError: It cannot be read or unpacked, or is too large.
    """
    too_large = UsageError(f"{file} has more than {MAX_BYTES >> 20} MB; that is no results file of this suite")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise too_large
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    unpacking = zlib.decompressobj(wbits=31)
    try:
        raw = unpacking.decompress(raw, MAX_BYTES)
    except zlib.error as error:
        raise UsageError(f"{file} cannot be unpacked: {error}") from error
    if unpacking.unconsumed_tail:
        raise too_large
    if not unpacking.eof:
        raise UsageError(f"{file} cannot be unpacked: it is cut short")
    return raw


def read(path: Path) -> Results:
    """Read a results file, or that of a folder.

    It is checked, unless it is the one that is published with this program: that is as trusted as its code.

    Raises:
        UsageError: Naming the file and what is wrong with it.
    """
    path = file_of(path)
    raw = read_bytes(path)
    is_published = path.parent == PUBLISHED
    if is_published or not hides_control(raw):
        try:
            results = msgspec.json.decode(raw, type=Results)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # the slower way below says what is wrong
        else:
            if results.schema_version == SCHEMA_VERSION:
                if not is_published:
                    _check(results, path)
                return results
    try:
        head = cleaned(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    version = head.get("schema_version") if isinstance(head, dict) else None
    if version is None:
        raise UsageError(f"{path} is not a results file of this suite")
    if version != SCHEMA_VERSION:
        raise UsageError(f"{path} has schema version {str(version)[:20]}; this program reads {SCHEMA_VERSION}")
    try:
        results = msgspec.convert(head, Results)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
    _check(results, path)
    return results


def _check(results: Results, path: Path) -> None:
    """Raise `UsageError` for whatever a program that trusts these results would stumble over."""
    cases, targets = {c.id for c in results.cases}, {t.id for t in results.targets}
    cells = {(c.case, c.target, c.mode) for c in results.cells}
    if (len(cases), len(targets), len(cells)) != (len(results.cases), len(results.targets), len(results.cells)):
        raise UsageError(f"{path}: a case, a target or a cell is there twice")
    for case in results.cases:
        modes = {mode for entry in case.modes for mode in entry.split(" | ")}
        if case.basis not in BASES or case.severity not in SEVERITIES or not modes <= {*MODES}:
            raise UsageError(f"{path}: {case.id} has an unknown basis, severity or mode")
        if case.file != Path(case.file).name or "\\" in case.file:
            raise UsageError(f"{path}: {case.id} lies outside the folder of the cases: {case.file}")
    for target in results.targets:
        if not {*target.modes, *target.lacks} <= {*MODES}:
            raise UsageError(f"{path}: {target.id} has an unknown mode")
    for cell in results.cells:
        if (
            cell.case not in cases
            or cell.target not in targets
            or cell.mode not in MODES
            or cell.verdict not in VERDICTS
        ):
            raise UsageError(f"{path}: a cell has an unknown case, target, mode or verdict: {cell.case}, {cell.target}")
        if cell.observation is None:
            if cell.verdict not in ("not-run", "unsupported"):
                raise UsageError(f"{path}: {cell.case} on {cell.target} {cell.verdict}, but nothing was observed")
        elif cell.observation not in results.observations:
            raise UsageError(f"{path}: {cell.case} on {cell.target} refers to a missing observation")
        if cell.seconds and not 0 < cell.seconds < LONG:
            where = f"{cell.case} on {cell.target} in {cell.mode}"
            raise UsageError(f"{path}: the duration of {where} is no number of seconds: {cell.seconds}")
    if not 0 <= results.seconds < LONG:
        raise UsageError(f"{path}: the duration of the run is no number of seconds: {results.seconds}")
    for observation in results.observations.values():
        if observation.status != "completed" and observation.status not in VERDICT_OF_STATUS:
            raise UsageError(f"{path}: an observation has an unknown status: {observation.status}")
        if observation.exception is not None and not observation.exception.raised:
            raise UsageError(f"{path}: an exception has no type")
        for fact in observation.facts:
            for key in (fact.observed, fact.expected):
                if key is not None and key not in results.values:
                    raise UsageError(f"{path}: fact '{fact.name}' refers to a missing value")
    for key, value in results.values.items():
        if why := wrong_value(value):
            raise UsageError(f"{path}: the value {key} is {why}")


def in_order(results: Results) -> list[Cell]:
    """The cells, those of a case together, then by mode, then as the targets are.

    Neighbours are so much alike that a compressed file has two thirds of the size that it has target by target.
    """
    cases, modes, targets = (
        {name: place for place, name in enumerate(names)}
        for names in ([case.id for case in results.cases], MODES, [target.id for target in results.targets])
    )
    return sorted(results.cells, key=lambda cell: (cases[cell.case], modes[cell.mode], targets[cell.target]))


def write(results: Results, path: Path) -> None:
    """Write atomically; a line for each cell, case, observation and value, so that changes can be read.

    Args:
        results: What is written.
        path: The file; one that ends in ".gz" is compressed.
    """
    parts = []
    for field in msgspec.structs.fields(Results):
        value = getattr(results, field.name)
        if value is None and not field.required:
            continue
        if isinstance(value, list) and value and field.name != "problems":
            body = "[\n" + ",\n".join(_line(v) for v in value) + "\n]"
        elif field.name in ("observations", "values"):
            body = "{\n" + ",\n".join(f"{_line(k)}: {_line(v)}" for k, v in sorted(value.items())) + "\n}"
        else:
            body = _line(value)
        parts.append(f"{_line(field.name)}: {body}")
    content = ("{\n" + ",\n".join(parts) + "\n}\n").encode()
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _line(value: Any) -> str:
    return msgspec.json.encode(value).decode()
