"""The results of a run: the one file that the page, the summary and every tool read.

Facts are kept apart from judgement: `observations` is what was seen, the `verdict` of a
cell is computed from it by `conformance.judging.judge` and can be computed again.
Equal values and equal observations are stored once, under a digest of their contents. A file may be compressed with
gzip; each reader takes either form.
"""

import gzip
import hashlib
import inspect
import io
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
PIECE = 2**14  # bytes that are unpacked at a time: in one piece, the contents would lie in memory twice

FILE = "results.json"
COMPRESSED = "results.json.gz"
LATEST = Path("reports/latest")
"""Where a run writes, unless it is told."""
CHECKOUT = PACKAGE.parent / "reports" / "history"
PUBLISHED = CHECKOUT if CHECKOUT.is_dir() else PACKAGE / "published"
"""The whole history: beside the package in a checkout, inside it when installed from a wheel."""

Value = Any
"""A value as the worker encodes it; `conformance.worker.values` lists the forms."""


class Thinning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mode of a case that is skipped where it was seen to agree with another one.

    Attributes:
        mode: The mode that is skipped.
        covered_by: The mode that it agreed with.
        seen: When, as an ISO 8601 date.
        targets: Ids of the targets on which it did; it is skipped on no other.
    """

    mode: str
    covered_by: str
    seen: str
    targets: list[str]


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
    modes: list[str]  # "eager | session": in the first of these that a target has
    needs: list[str]
    file: str
    function: str
    line: int
    code: str
    digest: str = ""  # of its source and whatever that uses of its folder
    area: str = ""  # title of its file; what older results do not know is empty
    thinned: list[Thinning] = []

    def modes_on(self, has: Collection[str], target: str = "") -> list[str]:
        """Return the modes in which this case is planned on a target, also those that the target lacks.

        Args:
            has: The modes of the target.
            target: Its id. Without it no mode is skipped.
        """
        skipped = {t.mode for t in self.thinned if target in t.targets and {t.mode, t.covered_by} <= set(has)}
        return [mode for mode in modes_on(self.modes, has) if mode not in skipped]


class TargetResult(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A target as it was found: what was declared, what reported itself, why it did not run."""

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
    reason: str | None = None  # why the target did not run; None if it did
    fixed: dict[str, str] = {}  # variables that its workers had beside those of all, `Results.fixed`
    measured: list[str] = []  # when the first and the last of its cells were; ISO 8601, UTC


class Shard(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which part of a plan was run."""

    number: int  # of the shard, from 1
    plan: list[list[TargetResult]]  # the targets of each shard, as declared
    modes: list[str]
    complete: bool  # whether the plan is a whole tier, with every case and mode


class Fact(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One named value, usually beside the expected one, as keys of `Results.values`."""

    name: str
    observed: str
    expected: str | None = None  # None: nothing is expected (the value None has a key as well)
    rtol: float | None = None
    atol: float | None = None


class Exception_(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An exception that ended a cell."""

    raised: list[str]  # names of its classes, the most derived first
    phase: str | None  # what the case was doing: build, call, compile, fit or save
    message: str
    where: list[str] = []  # "file:line in function" of the case, and of the innermost frame


class Warning_(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A warning about masks, and how often it was given."""

    category: str
    message: str
    count: int


class Observation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a cell did; `status` is completed, raised, unsupported, error, crashed or timed-out."""

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
    """A whole run, or that part of one that `shard` describes."""

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
        """Return when the first and the last of the cells were measured, which may have been in earlier runs."""
        every = [moment for target in self.targets for moment in target.measured]
        return [min(every), max(every)] if every else [self.created] * 2


def digest(data: Any) -> str:
    """Digest JSON data into 16 hexadecimal digits."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the results file; `schemas/results.schema.json` is a copy."""
    described = schema_of(Results)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "conformance results", **described}


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of a struct: the same whether msgspec dedents docstrings (since 0.23) or not."""

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
    """Return the path of the results file of a folder: `COMPRESSED` if only that exists, else `FILE`."""
    compressed = folder / COMPRESSED
    return compressed if compressed.is_file() and not (folder / FILE).is_file() else folder / FILE


def file_of(path: Path) -> Path:
    """Return the path of the results file that is named by itself or by its folder."""
    return file_in(path) if path.is_dir() else path


def stored() -> Path:
    """Return the folder that commands read by default: that of the last run here, else the published one."""
    return LATEST if file_in(LATEST).is_file() else PUBLISHED


def read_stored(path: Path | None) -> Results | None:
    """Read the results at `path`, by default those that are `stored`; return None if none are. Raises as `read`."""
    if path is None and not file_in(stored()).is_file():
        return None
    return read(path or stored())


def read_bytes(file: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the JSON of a results file, unpacked if it is compressed.

    Raises:
        UsageError: It cannot be read or unpacked, or the JSON has more than `max_bytes`.
    """
    too_large = UsageError(f"{file} has more than {max_bytes >> 20} MB; that is no results file of this suite")
    try:
        if file.stat().st_size > max_bytes:
            raise too_large
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    unpacking, unpacked = zlib.decompressobj(wbits=31), io.BytesIO()
    try:
        for start in range(0, len(raw), PIECE):
            unpacked.write(unpacking.decompress(raw[start : start + PIECE], max_bytes))
            if unpacking.unconsumed_tail or unpacked.tell() > max_bytes:
                raise too_large
            if unpacking.eof:
                return unpacked.getvalue()
    except zlib.error as error:
        raise UsageError(f"{file} cannot be unpacked: {error}") from error
    raise UsageError(f"{file} cannot be unpacked: it is cut short")


def read(path: Path) -> Results:
    """Read a results file, or that of a folder.

    It is validated, unless it is the one that is published with this program: that is as trusted as its code.

    Raises:
        UsageError: It cannot be read or is not valid; names the file and the fault.
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
        raise UsageError(f"{path}: duplicate case, target or cell")
    for case in results.cases:
        modes = {mode for entry in case.modes for mode in entry.split(" | ")}
        if case.basis not in BASES or case.severity not in SEVERITIES or not modes <= {*MODES}:
            raise UsageError(f"{path}: {case.id} has an unknown basis, severity or mode")
        if case.file != Path(case.file).name or "\\" in case.file:
            raise UsageError(f"{path}: {case.id} names a file outside the folder of the cases: {case.file}")
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
            raise UsageError(f"{path}: impossible duration of {where}: {cell.seconds} s")
    if not 0 <= results.seconds < LONG:
        raise UsageError(f"{path}: impossible duration of the run: {results.seconds} s")
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
    """Return the cells sorted by case, then by mode, then by target.

    Neighbours are so much alike that a compressed file has two thirds of the size that it has target by target.
    """
    cases, modes, targets = (
        {name: place for place, name in enumerate(names)}
        for names in ([case.id for case in results.cases], MODES, [target.id for target in results.targets])
    )
    return sorted(results.cells, key=lambda cell: (cases[cell.case], modes[cell.mode], targets[cell.target]))


def write(results: Results, path: Path) -> None:
    """Write results atomically, with a line for each cell, case, observation and value, so that diffs can be read.

    Args:
        results: The results.
        path: The file; if its name ends in ".gz", it is compressed.
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
