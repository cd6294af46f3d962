"""What a result depends on: whoever skips work because nothing changed asks here.

| what is skipped | what it depends on |
| --- | --- |
| measuring a cell | `used_source` of its case, `code_digest` of what starts a worker and reads what it says |
| copying a bundle, trusting its worker | its contents; `imported` of what acts on every case |
| listing a case file, taking it apart | its text and that of the modules beside it; `program_digest` |
| writing a report | the results, the expectations, the cases; `program_digest` |

No list of modules is kept by hand: either the code is followed statement by statement, or every file counts.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.local.paths import PACKAGE

LIBRARIES = ("jinja2", "markupsafe", "msgspec", "packaging", "pytest")
"""What the host side computes and writes with; `tests/harness/test_dependencies.py` holds this against its imports."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def program_digest(*folders: Path) -> str:
    """Digest every file of the installed package and of `folders`, the Python and the libraries.

    Args:
        *folders: Further folders, such as that of the cases.

    Returns:
        16 hexadecimal digits.
    """
    total = hashlib.sha256(sys.version.encode())
    for name in LIBRARIES:
        total.update(f"{name} {_version(name)}\0".encode())
    for folder in (PACKAGE, *folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = path.read_bytes()
                total.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:16]


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # here: who only compares would wait for its import

    try:
        return version(distribution)
    except PackageNotFoundError:  # beside a Keras none of them is needed
        return "none"


@functools.cache
def code_digest(*entries: Callable[..., Any]) -> str:
    """Digest the source of functions or classes of this package, and of all of the package that they use.

    What an object is handed at run time is not followed: name its class as well if it decides.

    Returns:
        16 hexadecimal digits.
    """
    wanted: dict[Path, set[int]] = {}
    for entry in entries:
        module = read(Path(str(sys.modules[entry.__module__].__file__)))
        for file, indices in follow(module, [entry.__name__], _uses, lambda module: module.loose).items():
            wanted.setdefault(file, set()).update(indices)
    total = hashlib.sha256()
    for source in _sources(wanted, sorted(wanted)):
        total.update(f"{len(source)}\0{source}".encode())
    return total.hexdigest()[:16]


def imported(file: Path) -> set[Path]:
    """Return a file and all that it imports of its own folder, directly or not.

    A text that is the name of a module counts as an import of it, as in `pytest_plugins`. What does not parse
    imports nothing.
    """
    found: set[Path] = set()
    pending = [file]
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found.add(path)
        try:
            module = read(path)
        except (SyntaxError, ValueError):  # whoever runs it says so
            continue
        texts = {n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        named = (_file_of(path, text) for text in texts if text.isidentifier())
        pending += [*module.siblings.values(), *(where for where, _ in module.imported.values()), *filter(None, named)]
    return found


@dataclass(frozen=True)
class Uses:
    """What a statement mentions.

    Attributes:
        names: Names, local ones included.
        attributes: Pairs of a name and an attribute of it.
    """

    names: frozenset[str]
    attributes: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Module:
    """The top-level statements of a file without its imports and docstring.

    Attributes:
        file: The file.
        tree: All of it, parsed.
        lines: Its lines.
        statements: The statements.
        by_name: Positions of statements by the names that they define or change.
        loose: Positions of those that define none, such as assertions.
        siblings: Files of modules of the same root by the names that they are imported as. The root of a package is
            the folder that contains it, that of any other file its own folder.
        imported: The file that defines it and its name there, by the name that something is imported as.
        imports: The import statements.
    """

    file: Path
    tree: ast.Module
    lines: list[str]
    statements: list[ast.stmt]
    by_name: dict[str, list[int]]
    loose: list[int]
    siblings: dict[str, Path]
    imported: dict[str, tuple[Path, str]]
    imports: list[ast.Import | ast.ImportFrom]


def used_source(file: Path, function: str) -> str:
    """Return the source of a test and of all that it uses in its folder, in the order of the files.

    Args:
        file: A case file. Imports from outside its folder are left out.
        function: The name of a test in it.
    """
    wanted = follow(read(file), [function], _uses, lambda module: module.loose)
    return "\n\n".join(_sources(wanted, sorted(wanted, key=lambda p: (p == file, p))))


def _sources(wanted: dict[Path, set[int]], order: Iterable[Path]) -> Iterator[str]:
    """Yield the source of each statement that is wanted, file by file."""
    for path in order:
        module = read(path)
        nodes = [module.statements[index] for index in sorted(wanted[path])]
        for node in nodes:
            yield "\n".join(module.lines[first_line(node) - 1 : node.end_lineno])


def first_line(node: ast.stmt) -> int:
    """Return the number of the first line of a statement, that of its first decorator if it has any."""
    marks = node.decorator_list if isinstance(node, _DEFINITIONS) else []
    return min([node.lineno, *(mark.lineno for mark in marks)])


def follow(
    module: Module,
    names: Collection[str],
    used_by: Callable[[ast.stmt], Uses],
    loose_of: Callable[[Module], list[int]],
) -> dict[Path, set[int]]:
    """Find the statements that define these names, and all that they use.

    Args:
        module: The module that defines the names.
        names: The names.
        used_by: Returns what a statement uses.
        loose_of: Returns which statements that define nothing are needed of a module of which anything is.

    Returns:
        Positions of statements by file.
    """
    wanted: dict[Path, set[int]] = {}
    pending = [(module, name) for name in names]
    while pending:
        here, name = pending.pop()
        indices = here.by_name.get(name, [])
        if here.file not in wanted:
            wanted[here.file] = set()
            indices = [*indices, *loose_of(here)]
        for index in indices:
            if index not in wanted[here.file]:
                wanted[here.file].add(index)
                used = used_by(here.statements[index])
                pending += [(here, other) for other in used.names]
                owners = ((here.siblings.get(owner), attribute) for owner, attribute in used.attributes)
                pending += [(read(owner), attribute) for owner, attribute in owners if owner]
        if name in here.imported:
            file, original = here.imported[name]
            pending.append((read(file), original))
    return wanted


def uses(node: ast.AST) -> Uses:
    """Return what a statement mentions, local names included."""
    nodes = list(ast.walk(node))
    names = frozenset(n.id for n in nodes if isinstance(n, ast.Name))
    attributes = [n for n in nodes if isinstance(n, ast.Attribute)]
    return Uses(names, frozenset((a.value.id, a.attr) for a in attributes if isinstance(a.value, ast.Name)))


_uses = functools.cache(uses)  # of statements that `read` keeps


@functools.cache
def read(file: Path) -> Module:
    """Read and parse a file, once in a process.

    Raises:
        SyntaxError: It does not parse.
        ValueError: It is not UTF-8 text.
    """
    text = file.read_text(encoding="utf-8")
    module = Module(file, ast.parse(text), text.splitlines(), [], {}, [], {}, {}, [])
    for node in module.tree.body:
        if isinstance(node, _IMPORTS):
            module.imports.append(node)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            defined = {node.name} if isinstance(node, _DEFINITIONS) else _defined(node)
            for name in defined:
                module.by_name.setdefault(name, []).append(len(module.statements))
            if not defined:
                module.loose.append(len(module.statements))
            module.statements.append(node)
        if not _is_for_types_alone(node):
            for one in ast.walk(node):
                _resolve(one, module)
    return module


def _defined(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines or changes: `X = 0`, `X[0] = 0`, `X.flags.writeable = False`."""
    nodes = list(ast.walk(node))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inside = [n for n in nodes if isinstance(n, (ast.Subscript, ast.Attribute)) and isinstance(n.ctx, ast.Store)]
    return stored | {n.name for n in nodes if isinstance(n, _DEFINITIONS)} | {*map(_changed, inside)} - {""}


def _changed(target: ast.expr) -> str:
    """Return X for `X[0].y`; nothing for what has no name, such as `f().y`."""
    while isinstance(target, (ast.Subscript, ast.Attribute)):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def _is_for_types_alone(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _resolve(node: ast.AST, module: Module) -> None:
    """Note which files of the same root an import makes known, wherever it is in the file."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if (alias.asname or "." not in alias.name) and (file := _file_of(module.file, alias.name)):
                module.siblings[alias.asname or alias.name] = file
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            name = alias.asname or alias.name
            if file := _file_of(module.file, f"{node.module}.{alias.name}"):
                module.siblings[name] = file
            elif file := _file_of(module.file, node.module):
                module.imported[name] = (file, alias.name)


@functools.cache
def _root(folder: Path) -> Path:
    return _root(folder.parent) if (folder / "__init__.py").is_file() else folder


@functools.cache
def _file_of(importer: Path, name: str) -> Path | None:
    """Return the file of a module of the same root, None if there is none."""
    path = _root(importer.parent).joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
