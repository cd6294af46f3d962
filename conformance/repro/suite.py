"""The scripts that the page can show: of cases that are still those of this suite, on declared columns."""

import hashlib
from pathlib import Path

import msgspec

from conformance import repro
from conformance.cache import cache_folder
from conformance.columns import targets
from conformance.files import write_text
from conformance.repro.collected import collect
from conformance.repro.parts import Parts
from conformance.repro.stored import Stored, store
from conformance.results import Case, Results
from conformance.suite import bundle, catalogue
from conformance.suite.bundle import Bundle

HERE = Path(__file__).parent


def scripts_for(results: Results) -> Stored | None:
    """The pieces of the scripts of these results; None if there are none.

    A case that was measured in another version, or a column with other pins, has no script.
    """
    measured = {case.id: case.digest for case in results.cases if case.digest}
    if not measured:
        return None
    suite = bundle.make_bundle(cache_folder())
    same = {case.id for case in catalogue.collect(suite) if measured.get(case.id) == case.digest}
    pins = {target.id: target.pins for target in results.targets}
    columns = [target for target in targets.load() if pins.get(target.id) == target.pins()]
    if not same or not columns:
        return None
    return store({id: parts for id, parts in parts_of(suite).items() if id in same}, columns)


def parts_of(suite: Bundle) -> dict[str, Parts]:
    """Of all cases; those of a file are made once, then remembered until it, or a file that cases share, changes."""
    files: dict[str, list[Case]] = {}
    for case in catalogue.collect(suite):
        files.setdefault(case.file, []).append(case)
    shared = [*HERE.glob("*.py"), *(path for path in suite.cases.glob("*.py") if path.name not in files)]
    keys = {file: _digest([*shared, suite.cases / file]) for file in files}
    file_of_all = suite.folder.with_name("scripts.json")  # beside the bundles
    remembered = _read(file_of_all)
    changed = [file for file, key in keys.items() if file not in remembered or remembered[file].key != key]
    if changed:
        collected = collect(suite.cases, changed)
        for file in changed:
            parts = {case.id: repro.make_parts(suite.cases, case, collected[case.id]) for case in files[file]}
            remembered[file] = _OfFile(keys[file], parts)
        kept = {file: remembered[file] for file in files}
        write_text(file_of_all, msgspec.json.encode(kept).decode())
    return {case.id: remembered[file].parts[case.id] for file, cases in files.items() for case in cases}


class _OfFile(msgspec.Struct):
    """key: of all that the parts are made of; parts: by the id of the case."""

    key: str
    parts: dict[str, Parts]


def _read(path: Path) -> dict[str, _OfFile]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _OfFile])
    except (OSError, msgspec.DecodeError):
        return {}


def _digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(paths))).hexdigest()[:16]
