"""One set of results from several: of the shards of a plan, or of columns that were run separately.

Parts may overlap where they agree. What is wrong with one of them, or missing between
them, is wrong with the whole: a merge never looks better than what it was made of.
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
    """Parts observed different things in the same cells; each of `lines` names one."""

    def __init__(self, lines: list[str]):
        super().__init__(f"{len(lines)} cells differ between the parts")
        self.lines = lines


def merge(paths: Sequence[Path], order: Sequence[str]) -> tuple[Results, bool]:
    """The results at `paths` as one, columns in the order of these ids, and whether that is a whole tier.

    Raises:
        UsageError: a path holds no results, or parts are not of the same suite, plan, cases, modes and columns.
        Disagreement: parts contradict each other.
    """
    parts = {path: results.read(path) for path in paths}
    for part in parts.values():
        judge_all(part)  # by this program, whichever wrote the part
    _check_suites(parts)
    _check_columns(parts)
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

    columns = sorted(targets.values(), key=lambda t: order.index(t.id) if t.id in order else len(order))
    merged = msgspec.structs.replace(
        first,
        created=max(part.created for part in parts.values()),
        platform=_platform(parts),
        seconds=round(sum(part.seconds for part in parts.values()), 1),
        targets=columns,
        cells=[cell(case, column, mode) for column in columns for case, mode in rows(first.cases, column.modes, modes)],
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
            raise UsageError(f"{first} and {path} are of different suites: {one.bundle} and {other.bundle}")


def _check_columns(parts: Parts) -> None:
    """A column must be the same wherever it is named."""
    known: dict[str, tuple[Path, TargetResult]] = {}
    for path, part in parts.items():
        planned = [target for columns in part.shard.plan for target in columns] if part.shard else []
        for target in [*part.targets, *planned]:
            first, one = known.setdefault(target.id, (path, target))
            difference = next(_differences(one, target), None)
            if difference:
                raise UsageError(f"{target.id} is another column in {first} than in {path}: {difference}")
            if (bool(target.versions), bool(target.digest)) > (bool(one.versions), bool(one.digest)):
                known[target.id] = (path, target)


def _differences(one: TargetResult, other: TargetResult) -> Iterator[str]:
    """What is declared differently, and what reported another version where both have run."""
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
    """Any of the shards, of which all must be of one plan."""
    shards = [(path, part.shard) for path, part in parts.items() if part.shard]
    for path, shard in shards[1:]:
        first, one = shards[0]
        if _about(shard) != _about(one):
            raise UsageError(f"{first} and {path} are shards of different plans")
    return shards[0][1] if shards else None


def _about(shard: Shard) -> Any:
    return [[target.id for target in columns] for columns in shard.plan], shard.modes, shard.complete


def _missing(shard: Shard | None, targets: dict[str, TargetResult]) -> dict[str, list[TargetResult]]:
    """The shards of which columns are in no part, with these columns."""
    plan = shard.plan if shard else []
    lost = {f"{i}/{len(plan)}": [t for t in columns if t.id not in targets] for i, columns in enumerate(plan, 1)}
    return {name: columns for name, columns in lost.items() if columns}


def _check_cells(parts: Parts, modes: list[str]) -> None:
    """Each column must have the cells that it is planned to have, so that none is left blank."""
    (first, one), *_ = parts.items()
    for path, part in parts.items():
        differ = {case.id for case in one.cases} ^ {case.id for case in part.cases}
        if differ:
            raise UsageError(f"{min(differ)} is a case of only one of {first} and {path}")
        held = Counter((cell.target, cell.case, cell.mode) for cell in part.cells)
        planned = Counter((t.id, case, mode) for t in part.targets for case, mode in rows(part.cases, t.modes, modes))
        wrong = (held - planned) + (planned - held)
        if wrong:
            target, case, mode = min(wrong)
            raise UsageError(f"{path} does not have the cells that are planned: see {case} on {target} in {mode}")


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
            raise UsageError(f"{path} holds something else under {key} than the parts before it: one is damaged")


def _cells(parts: Parts, observations: dict[str, Observation], values: dict[str, Value]) -> dict[Key, Cell]:
    """Every cell of a part once. A part that could not run a cell says nothing against one that could.

    Raises:
        Disagreement: as `merge` does.
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
                    also = " with other values" if first == second else ""
                    said = f"{first} in {origin[key]}, {second}{also} in {path}"
                    lines.append(f"{cell.case} on {cell.target} in {cell.mode}: {said}")
    if lines:
        raise Disagreement(lines)
    return cells


def _targets(parts: Parts) -> dict[str, TargetResult]:
    """The columns of the parts, each from the first part in which it ran."""
    targets: dict[str, TargetResult] = {}
    for part in parts.values():
        for target in part.targets:
            if target.id not in targets or targets[target.id].reason is not None:
                targets[target.id] = target
    return targets


def _platform(parts: Parts) -> dict[str, str]:
    """What is said of the machines, each value once."""
    said: dict[str, dict[str, None]] = {}
    for part in parts.values():
        for name, value in part.platform.items():
            said.setdefault(name, {})[value] = None
    return {name: ", ".join(values) for name, values in said.items()}
