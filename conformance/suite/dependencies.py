"""The source that a case uses: its function, and whatever of its module and the oracle that refers to."""

import ast
import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Uses:
    """names: all that a statement mentions; attributes: (name, attribute) pairs."""

    names: frozenset[str]
    attributes: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Module:
    """The top-level statements of a file without its imports and docstring.

    by_name: positions of statements by the names that they define or change; loose: of those that define none, such
    as assertions; siblings: modules of the same folder by the names they are imported as; imports: all imports.
    """

    file: Path
    lines: list[str]
    statements: list[ast.stmt]
    by_name: dict[str, list[int]]
    loose: list[int]
    siblings: dict[str, Path]
    imports: list[ast.Import | ast.ImportFrom]


def used_source(file: Path, function: str) -> str:
    """Source of `function` in `file` and of all that it uses in its folder, in the order of the files.

    file: a case file; function: a test in it. Imports of installed packages are left out.
    """
    wanted = follow(read(file), [function], _uses, lambda module: module.loose)
    parts = []
    for path in sorted(wanted, key=lambda p: (p == file, p)):
        module = read(path)
        for index in sorted(wanted[path]):
            node = module.statements[index]
            parts.append("\n".join(module.lines[first_line(node) - 1 : node.end_lineno]))
    return "\n\n".join(parts)


def first_line(node: ast.stmt) -> int:
    """Number of its first line, that of the first decorator if it has any."""
    marks = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    return min([node.lineno, *(mark.lineno for mark in marks)])


def follow(
    module: Module,
    names: Collection[str],
    used_by: Callable[[ast.stmt], Uses],
    loose_of: Callable[[Module], list[int]],
) -> dict[Path, set[int]]:
    """Positions, by file, of the statements that define these names and all that they use.

    loose_of: which statements that define nothing are needed of a module of which anything is.
    """
    wanted: dict[Path, set[int]] = {}

    def enter(module: Module, name: str) -> None:
        if module.file not in wanted:
            wanted[module.file] = set()
            for index in loose_of(module):
                take(module, index)
        for index in module.by_name.get(name, []):
            take(module, index)

    def take(module: Module, index: int) -> None:
        if index in wanted[module.file]:
            return
        wanted[module.file].add(index)
        used = used_by(module.statements[index])
        for name in used.names:
            enter(module, name)
        for owner, attribute in used.attributes:
            if owner in module.siblings:
                enter(read(module.siblings[owner]), attribute)

    for name in names:
        enter(module, name)
    return wanted


def uses(node: ast.AST) -> Uses:
    """What a statement mentions, local names included."""
    nodes = list(ast.walk(node))
    names = frozenset(n.id for n in nodes if isinstance(n, ast.Name))
    attributes = [n for n in nodes if isinstance(n, ast.Attribute)]
    return Uses(names, frozenset((a.value.id, a.attr) for a in attributes if isinstance(a.value, ast.Name)))


_uses = functools.cache(uses)  # of statements that `read` keeps


@functools.cache
def read(file: Path) -> Module:
    """The module in this file."""
    text = file.read_text()
    module = Module(file, text.splitlines(), [], {}, [], {}, [])
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module.imports.append(node)
            for alias in node.names if isinstance(node, ast.Import) else []:
                if (sibling := file.parent / f"{alias.name}.py").is_file():
                    module.siblings[alias.asname or alias.name] = sibling
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined = {node.name}
        else:
            defined = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for name in defined:
            module.by_name.setdefault(name, []).append(len(module.statements))
        if not defined:
            module.loose.append(len(module.statements))
        module.statements.append(node)
    return module
