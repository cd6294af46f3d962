"""Merges results: of the shards of a plan, or of targets that were run separately.

Parts may overlap where they agree. Problems of a part and missing shards are problems of the merged results, so
merging never hides anything.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from conformance import results
from conformance.judging.judge import judge_all, outcome, same_behaviour
from conformance.local.errors import UsageError
from conformance.local.selection import rows
from conformance.results import Cell, Observation, Results, Shard, TargetResult, Value
from conformance.run.plan import Key
from conformance.vocabulary import MODES

Parts = dict[Path, Results]


class Disagreement(Exception):
    """Parts disagree about the same cells, one in each of `lines`."""

    def __init__(self, lines: list[str]):
        super().__init__(f"{len(lines)} cells differ between the parts")
        self.lines = lines


def merge(paths: Sequence[Path], order: Sequence[str]) -> tuple[Results, bool]:
    """Merge results.

    Args:
        paths: Results files, or their folders.
        order: Ids of targets in the order in which they are to appear.

    Returns:
        The merged results, and whether they cover a whole tier.

    Raises:
        UsageError: If a path has no results, or the parts differ in suite, plan, cases, modes or targets.
        Disagreement: If parts contradict each other.
    """
    parts = {path: results.read(path) for path in paths}
    for part in parts.values():
        judge_all(part)  # a part may have been written by another version
    _check_suites(parts)
    _check_targets(parts)
    shard = _plan(parts)
    modes = shard.modes if shard else [m for m in MODES if any(c.mode == m for p in parts.values() for c in p.cells)]
    _check_cells(parts, modes)
    first = next(iter(parts.values()))
    observations, values = _stored(parts)
    cells = _cells(parts, observations, values)
    targets = _targets(parts)
    problems = list(dict.fromkeys(problem for part in parts.values() for problem in part.problems))
    missing = _missing(shard, targets)
    for name, lost in missing.items():
        problems.append(f"shard {name} is missing: {', '.join(target.id for target in lost)} did not run")
        for target in lost:
            target.reason = f"shard {name} is missing"
            targets[target.id] = target

    def cell(case: str, target: TargetResult, mode: str) -> Cell:
        not_run = Cell(case=case, target=target.id, mode=mode, verdict="not-run", reason=target.reason)
        return cells.get((case, target.id, mode), not_run)

    ordered = sorted(targets.values(), key=lambda t: order.index(t.id) if t.id in order else len(order))
    merged = msgspec.structs.replace(
        first,
        created=max(part.created for part in parts.values()),
        platform=_platform(parts),
        seconds=round(sum(part.seconds for part in parts.values()), 1),
        targets=ordered,
        cells=[cell(case, target, mode) for target in ordered for case, mode in rows(first.cases, target.modes, modes)],
        problems=problems,
        observations={},
        values={},
        shard=None,
    )
    merged.cells = results.in_order(merged)
    for one in merged.cells:
        if one.observation is not None:
            observation = merged.observations[one.observation] = observations[one.observation]
            kept = {key for fact in observation.facts for key in (fact.observed, fact.expected) if key is not None}
            merged.values |= {key: values[key] for key in kept}
    return merged, shard is not None and shard.complete and not missing


def _check_suites(parts: Parts) -> None:
    (first, one), *others = parts.items()
    for path, other in others:
        if other.bundle != one.bundle:
            raise UsageError(f"{first} and {path} come from different suites: {one.bundle} and {other.bundle}")


def _check_targets(parts: Parts) -> None:
    """Check that targets with the same id are equal."""
    known: dict[str, tuple[Path, TargetResult]] = {}
    for path, part in parts.items():
        planned = [target for targets in part.shard.plan for target in targets] if part.shard else []
        for target in [*part.targets, *planned]:
            first, one = known.setdefault(target.id, (path, target))
            difference = next(_differences(one, target), None)
            if difference:
                raise UsageError(f"{target.id} differs between {first} and {path}: {difference}")
            if (bool(target.versions), bool(target.digest)) > (bool(one.versions), bool(one.digest)):
                known[target.id] = (path, target)


def _differences(one: TargetResult, other: TargetResult) -> Iterator[str]:
    """Yield what is declared differently, and the reported versions that differ where both ran."""
    for name in one.__struct_fields__:
        a, b = getattr(one, name), getattr(other, name)
        if name in ("reason", "peak_mb", "measured") or (name == "digest" and not (a and b)):
            continue  # found by a run
        if name == "versions":
            # Machines may have other patches of Python.
            differ = [key for key in a.keys() & b.keys() - {"python"} if a[key] != b[key]]
            a, b = ({key: versions[key] for key in sorted(differ)} for versions in (a, b))
        elif name == "pins":
            a, b = sorted(set(a) - set(b)), sorted(set(b) - set(a))
        if a != b:
            yield f"{name} {_short(a)} and {_short(b)}"


def _short(data: Any) -> str:
    text = msgspec.json.encode(data).decode()
    return text if len(text) <= 200 else text[:200] + "..."


def _plan(parts: Parts) -> Shard | None:
    """Return any shard, after checking that all belong to one plan."""
    shards = [(path, part.shard) for path, part in parts.items() if part.shard]
    for path, shard in shards[1:]:
        first, one = shards[0]
        if _identity(shard) != _identity(one):
            raise UsageError(f"{first} and {path} are shards of different plans")
    return shards[0][1] if shards else None


def _identity(shard: Shard) -> Any:
    return [[target.id for target in targets] for targets in shard.plan], shard.modes, shard.complete


def _missing(shard: Shard | None, targets: dict[str, TargetResult]) -> dict[str, list[TargetResult]]:
    """Return the shards with targets that are in no part, and these targets."""
    plan = shard.plan if shard else []
    lost = {f"{i}/{len(plan)}": [t for t in planned if t.id not in targets] for i, planned in enumerate(plan, 1)}
    return {name: some for name, some in lost.items() if some}


def _check_cells(parts: Parts, modes: list[str]) -> None:
    """Check that each target has exactly the planned cells."""
    (first, one), *_ = parts.items()
    for path, part in parts.items():
        differ = {case.id for case in one.cases} ^ {case.id for case in part.cases}
        if differ:
            raise UsageError(f"case {min(differ)} is in only one of {first} and {path}")
        held = Counter((cell.target, cell.case, cell.mode) for cell in part.cells)
        planned = Counter((t.id, case, mode) for t in part.targets for case, mode in rows(part.cases, t.modes, modes))
        wrong = (held - planned) + (planned - held)
        if wrong:
            target, case, mode = min(wrong)
            raise UsageError(f"{path} does not have exactly the planned cells: see {case} on {target} in {mode}")


def _stored(parts: Parts) -> tuple[dict[str, Observation], dict[str, Value]]:
    observations: dict[str, Observation] = {}
    values: dict[str, Value] = {}
    for path, part in parts.items():
        _store(part.observations, observations, path)
        _store(part.values, values, path)
    return observations, values


def _store(some: Mapping[str, Any], pool: dict[str, Any], path: Path) -> None:
    for key, content in some.items():
        if pool.setdefault(key, content) != content:  # a key is a digest of the content
            raise UsageError(f"{path} is damaged, or an earlier part is: their contents under {key} differ")


def _cells(parts: Parts, observations: dict[str, Observation], values: dict[str, Value]) -> dict[Key, Cell]:
    """Return every cell once, preferring parts that could run it.

    Raises:
        Disagreement: If parts contradict each other.
    """
    cells: dict[Key, Cell] = {}
    origin: dict[Key, Path] = {}
    lines = []
    for path, part in parts.items():
        for cell in part.cells:
            key = (cell.case, cell.target, cell.mode)
            known = cells.get(key)
            if known is None or (known.observation is None and cell.observation is not None):
                cells[key], origin[key] = cell, path
            elif known.observation is not None and cell.observation is not None:
                one, other = observations[known.observation], observations[cell.observation]
                if known.verdict != cell.verdict or not same_behaviour(one, other, values):
                    first, second = outcome(one, values), outcome(other, values)
                    also = " with different values" if first == second else ""
                    outcomes = f"{first} in {origin[key]}, {second}{also} in {path}"
                    lines.append(f"{cell.case} on {cell.target} in {cell.mode}: {outcomes}")
    if lines:
        raise Disagreement(lines)
    return cells


def _targets(parts: Parts) -> dict[str, TargetResult]:
    """Return the targets, each from the first part in which it ran."""
    targets: dict[str, TargetResult] = {}
    for part in parts.values():
        for target in part.targets:
            if target.id not in targets or targets[target.id].reason is not None:
                targets[target.id] = target
    return targets


def _platform(parts: Parts) -> dict[str, str]:
    """Return the properties of the machines, each value once."""
    values_of: dict[str, dict[str, None]] = {}
    for part in parts.values():
        for name, value in part.platform.items():
            values_of.setdefault(name, {})[value] = None
    return {name: ", ".join(values) for name, values in values_of.items()}
