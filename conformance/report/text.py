"""Escapes texts for Markdown and XML, and puts numbers and targets into words."""

import re

from conformance.results import Case, Cell, Results

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # the opposite takes long to compile


def escape(text: str) -> str:
    """Escape a text for Markdown, on one line, so that nothing in it is markup or HTML."""
    text = " ".join(text.split())
    for character in "\\`*_[]<>|#":
        text = text.replace(character, "\\" + character)
    return text


def code(text: str) -> str:
    """Format a text as Markdown code that is also valid in a table, where `|` would end the cell."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def xml_characters(text: str) -> str:
    """Replace characters that XML must not contain, such as control characters, by "?"."""
    return _NOT_XML.sub("?", text)


def plural(count: int, one: str, many: str = "") -> str:
    """Return "1 target" or "2 targets"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def where(cells: list[Cell], case: Case, results: Results) -> str:
    """Return the targets of some cells of a case, neighbours as a range: "tf.keras 2.0 to 2.15, Keras 3.0 (eager)".

    Modes are given unless they are all modes of the case on the target.
    """
    modes_of: dict[str, list[str]] = {}
    for cell in cells:
        modes_of.setdefault(cell.target, []).append(cell.mode)
    rows: list[tuple[str, list[str], str]] = []  # name, versions, modes of neighbouring targets
    follows = False
    for target in results.targets:
        modes = modes_of.get(target.id)
        if not modes:
            follows = False
            continue
        every = [m for m in case.modes_on(target.modes, target.id) if m not in target.lacks]
        some = "" if set(modes) >= set(every) else f" ({', '.join(modes)})"
        name, _, version = target.title.rpartition(" ")
        if follows and version[:1].isdigit() and (rows[-1][0], rows[-1][2]) == (name, some):
            rows[-1][1].append(version)
        else:
            rows.append((name, [version], some))
        follows = True
    return ", ".join(f"{name} {_range(versions)}".lstrip() + some for name, versions, some in rows)


def _range(versions: list[str]) -> str:
    return f"{versions[0]} to {versions[-1]}" if len(versions) > 2 else " and ".join(versions)
