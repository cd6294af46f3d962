r"""All scripts as data: every text once, and for each target, mode and case the numbers of its texts.

    found, here = cases[id], settings[columns[target].modes[mode]]
    numbers = [columns[target].header, found.imports, here.imports, *(here.uses[u] for u in found.uses), *found.pieces]
    script = "\n\n".join(texts[n] for n in numbers if texts[n]) + "\n"

There is no script if `here` lacks one of the uses, if `found.backends` lacks the backend of the target, or if
`crashes[id][target]` has the mode: that cell ends its process.
"""

from collections.abc import Iterable, Mapping

import msgspec

from conformance.repro.fixtures import fixture
from conformance.repro.header import header, imports, setting
from conformance.repro.parts import Parts
from conformance.targets.registry import Target


class StoredTarget(msgspec.Struct):
    """The number of the header text, and the numbers of the settings by mode."""

    header: int
    modes: dict[str, int]


class StoredSetting(msgspec.Struct):
    """Numbers of texts: the imports, and the fixtures by their key."""

    imports: int
    uses: dict[str, int]


class StoredCase(msgspec.Struct):
    """Numbers of the texts of a case, the keys of its fixtures, and the backends it applies to (empty for all)."""

    imports: int
    uses: list[str]
    pieces: list[int]
    backends: list[str]


class Stored(msgspec.Struct):
    """All scripts; `columns` has the targets."""

    texts: list[str]
    settings: list[StoredSetting]
    columns: dict[str, StoredTarget]
    cases: dict[str, StoredCase]
    crashes: dict[str, dict[str, list[str]]] = {}


def store(
    parts: Mapping[str, Parts], targets: Iterable[Target], crashes: Iterable[tuple[str, str, str]] = ()
) -> Stored:
    """Store the scripts of these cases, by id, on these targets; none of the cells that end their process.

    Args:
        parts: The parts of the scripts by id of the case.
        targets: The targets.
        crashes: Case, target and mode of the cells that have no script.
    """
    without: dict[str, dict[str, list[str]]] = {}
    for case, target_id, mode in crashes:
        without.setdefault(case, {}).setdefault(target_id, []).append(mode)
    numbers: dict[str, int] = {}
    settings: dict[bytes, int] = {}
    kept: list[StoredSetting] = []

    def number(text: str) -> int:
        return numbers.setdefault(text, len(numbers))

    every_use = sorted({use for one in parts.values() for use in one.uses})

    def number_of_setting(target: Target, mode: str) -> int:
        here = setting(target, mode)
        texts = {use: text for use in every_use if (text := fixture(here, use)) is not None}
        one = StoredSetting(number(imports(here)), {use: number(text) for use, text in texts.items()})
        position = settings.setdefault(msgspec.json.encode(one), len(kept))
        if position == len(kept):
            kept.append(one)
        return position

    cases = {
        case: StoredCase(number("\n".join(one.imports)), one.uses, [number(text) for text in one.pieces], one.backends)
        for case, one in parts.items()
    }
    columns = {
        target.id: StoredTarget(
            number(header(target)), {mode: number_of_setting(target, mode) for mode in target.modes}
        )
        for target in targets
    }
    return Stored(list(numbers), kept, columns, cases, without)


def script(stored: Stored, case: str, target: str, mode: str) -> str:
    """Return the script of a cell, joined as the docstring of this module describes.

    Args:
        stored: The texts.
        case: Id of the case.
        target: Id of the target.
        mode: Name of the mode.

    Raises:
        KeyError: There is no script of this cell.
    """
    found, column = stored.cases[case], stored.columns[target]
    if mode in stored.crashes.get(case, {}).get(target, ()):
        raise KeyError(f"{case} ends its process on {target} in mode '{mode}'")
    here = stored.settings[column.modes[mode]]
    chosen = [column.header, found.imports, here.imports, *(here.uses[use] for use in found.uses), *found.pieces]
    return "\n\n".join(stored.texts[n] for n in chosen if stored.texts[n]) + "\n"
