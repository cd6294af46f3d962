"""The source that a case uses: its function, and whatever of its module and the oracle that refers to."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class _Module:
    """Top-level statements by the names they define; `always`: those that define none, such as assertions."""

    by_name: dict[str, int]
    statements: list[tuple[str, frozenset[str], frozenset[tuple[str, str]]]]  # source, names used, attributes used
    siblings: dict[str, str]  # name -> module of the same folder
    always: list[int]


def used_source(file: Path, function: str) -> str:
    """Source of `function` in `file` and of all that it uses in its folder, in the order of the files.

    file: a case file; function: a test in it. Imports of installed packages are left out.
    """
    wanted: dict[Path, set[int]] = {}
    _follow(file, function, wanted)
    parts = []
    for path in sorted(wanted, key=lambda p: (p == file, p)):
        parts += [_parse(path).statements[i][0] for i in sorted(wanted[path])]
    return "\n\n".join(parts)


def _follow(file: Path, name: str, wanted: dict[Path, set[int]]) -> None:
    module = _parse(file)
    if file not in wanted:
        wanted[file] = set()
        for index in module.always:
            _take(file, module, index, wanted)
    if name in module.by_name:
        _take(file, module, module.by_name[name], wanted)


def _take(file: Path, module: _Module, index: int, wanted: dict[Path, set[int]]) -> None:
    if index in wanted[file]:
        return
    wanted[file].add(index)
    _, names, attributes = module.statements[index]
    for name in names:
        _follow(file, name, wanted)
    for owner, attribute in attributes:
        if owner in module.siblings:
            _follow(file.parent / f"{module.siblings[owner]}.py", attribute, wanted)


@functools.cache
def _parse(file: Path) -> _Module:
    text = file.read_text()
    lines = text.splitlines()
    by_name: dict[str, int] = {}
    statements: list[tuple[str, frozenset[str], frozenset[tuple[str, str]]]] = []
    siblings: dict[str, str] = {}
    always: list[int] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            siblings |= {a.asname or a.name: a.name for a in node.names if (file.parent / f"{a.name}.py").is_file()}
            continue
        if isinstance(node, ast.ImportFrom) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        nodes = list(ast.walk(node))
        defined = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined = {node.name}
        used = {n.id for n in nodes if isinstance(n, ast.Name)}
        attributes = {
            (n.value.id, n.attr) for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
        }
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        source = "\n".join(lines[first - 1 : node.end_lineno])
        by_name |= dict.fromkeys(defined, len(statements))
        if not defined:
            always.append(len(statements))
        statements.append((source, frozenset(used), frozenset(attributes)))
    return _Module(by_name, statements, siblings, always)
