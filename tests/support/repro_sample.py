"""Whether stand-alone scripts do what the cells of stored results did, for a sample of cells.

python -m tests.repro_sample RESULTS [--cells 150] [--target ID ...] [--case GLOB ...] [--seed 1]
"""

import random
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from conformance import repro, results
from conformance.cache import cache_folder
from conformance.judging.judge import mismatch
from conformance.local import bundle
from conformance.repro.execute import ScriptRun, execute
from conformance.repro.suite_scripts import parts_of
from conformance.suite import catalogue
from conformance.targets import install, registry

EXIT_CODES = {"conforms": 0, "observed": 0, "deviates": 1, "raises": 1, "unsupported": 2}


def disagreement(done: ScriptRun, cell: results.Cell, found: results.Results) -> str | None:
    """How a script did something else than its cell; None if it did the same."""
    assert cell.observation is not None
    observation = found.observations[cell.observation]
    if done.code != EXIT_CODES[cell.verdict]:
        return f"exit code {done.code}"
    last = next((line for line in reversed(done.errors) if line and not line.startswith(" ")), "")
    wrong = [fact.name for fact in observation.facts if mismatch(fact, found.values)]
    if cell.verdict == "deviates" and last != f"not as expected: {', '.join(wrong)}":
        return f"says '{last}', expected {wrong}"
    kind = observation.exception.raised[0] if observation.exception else ""
    if cell.verdict == "raises" and not any(f"{kind}" in line for line in done.errors):
        return f"no {kind}: {last}"
    return None


def sample(cells: list[results.Cell], files: dict[str, str], size: int, seed: int) -> list[results.Cell]:
    """So many cells; file by file, of as many verdicts, columns and modes as there are."""
    draw = random.Random(seed)
    groups: dict[tuple[str, str], list[results.Cell]] = defaultdict(list)
    for cell in draw.sample(cells, len(cells)):
        groups[files[cell.case], cell.verdict].append(cell)
    chosen: list[results.Cell] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    for name in draw.sample(sorted(groups), len(groups)) * size:
        group = groups[name]
        if len(chosen) == size or not any(groups.values()):
            break
        if group:
            best = min(group, key=lambda c: seen[c.target, c.mode, ""] + 9 * seen[c.case, "", ""])
            group.remove(best)
            seen.update([(best.target, best.mode, ""), (best.case, "", "")])
            chosen.append(best)
    return chosen


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--cells", "size", default=150)
@click.option("--target", "target_ids", multiple=True)
@click.option("--case", "patterns", multiple=True)
@click.option("--mode", "modes", multiple=True)
@click.option("--seed", default=1)
@click.option("--jobs", default=2)
def main(
    path: Path,
    size: int,
    target_ids: tuple[str, ...],
    patterns: tuple[str, ...],
    modes: tuple[str, ...],
    seed: int,
    jobs: int,
) -> None:
    found = results.read(path)
    the_bundle = bundle.make_bundle(cache_folder())
    cases = {case.id: case for case in catalogue.choose(catalogue.collect(the_bundle), list(patterns))}
    columns = {target.id: target for target in registry.choose(registry.load(), list(target_ids), "history")}
    verdicts = set(EXIT_CODES) - {"unsupported"}
    cells = [c for c in found.cells if c.case in cases and c.target in columns and c.verdict in verdicts]
    cells = [c for c in cells if not modes or c.mode in modes]
    chosen = sample(cells, {case.id: case.file for case in cases.values()}, size, seed)

    parts = parts_of(the_bundle)

    def check(cell: results.Cell) -> str | None:
        target = columns[cell.target]
        script = repro.script(target, cell.mode, parts[cell.case])
        done = execute(script, target, install.provision(target, cache_folder()))
        why = disagreement(done, cell, found)
        if why:
            click.echo(
                f"{cell.case} {cell.target} {cell.mode} {cell.verdict}: {why}\n  " + "\n  ".join(done.errors[-4:])
            )
        return why

    with ThreadPoolExecutor(jobs) as pool:
        answers = list(pool.map(check, chosen))
    click.echo(f"{answers.count(None)} of {len(chosen)} scripts do what their cells did")
    for what in ("target", "mode", "verdict"):
        click.echo(f"  {dict(Counter(getattr(c, what) for c in chosen))}")
    click.echo(f"  {len({cases[c.case].file for c in chosen})} files")


if __name__ == "__main__":
    main()
