"""Rewrites source of the suite for scripts: without its modules and marks, and with short docstrings."""

import ast
import functools
import itertools
import textwrap
from pathlib import Path

from conformance.local.dependencies import Module, Uses, first_line, read, uses

_FUNCTIONS = {"attempt": "attempt", "gradients": "gradients_of"}  # attributes of `run`, in a script
_PREFIXES = {"oracle": "numpy_"}  # replaces the name of a module, which scripts do not import

Edit = tuple[int, int, int, int, str]
"""First line and column, last line and column, and the replacement."""


def is_test(node: ast.stmt) -> bool:
    """Return whether a statement defines a case."""
    return isinstance(node, ast.FunctionDef) and node.name.startswith("test_")


@functools.cache
def used_by(node: ast.stmt) -> Uses:
    """Return the names that a statement uses, without its marks and its local names."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return uses(node)
    parts: list[ast.AST] = [node.args, *node.body] if isinstance(node, ast.FunctionDef) else [*node.bases, *node.body]
    parts += [] if is_test(node) else node.decorator_list
    found = [uses(part) for part in parts]
    names = frozenset(itertools.chain.from_iterable(one.names for one in found)) - _local(node)
    return Uses(names, frozenset(itertools.chain.from_iterable(one.attributes for one in found)))


def _local(node: ast.AST) -> set[str]:
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.ClassDef) and n is not node}


@functools.cache
def text(file: Path, node: ast.stmt) -> str:
    """Return a statement and the comment above it, rewritten for a script."""
    module = read(file)
    first, last = node.lineno if is_test(node) else first_line(node), node.end_lineno or node.lineno
    lines = [line.encode() for line in module.lines]  # columns of `ast` count bytes
    for line, start, end_line, end, new in sorted([*_renamed(module, node), *_shortened(node)], reverse=True):
        lines[line - 1] = lines[line - 1][:start] + new.encode() + lines[end_line - 1][end:]
        del lines[line:end_line]
        last -= end_line - line
    while not is_test(node) and first > 1 and lines[first - 2].startswith(b"#"):
        first -= 1
    return b"\n".join(lines[first - 1 : last]).decode()


@functools.cache
def body(file: Path, test: ast.FunctionDef) -> str:
    """Return the body of a test as top-level statements; a comment of the script replaces the docstring."""
    written = text(file, test)
    (function,) = ast.parse(written).body
    assert isinstance(function, ast.FunctionDef)
    return textwrap.dedent("\n".join(written.splitlines()[function.body[0].end_lineno :])).strip("\n")


def _renamed(module: Module, node: ast.stmt) -> list[Edit]:
    own = _PREFIXES.get(module.file.stem, "")
    functions = {s.name for s in module.statements if own and isinstance(s, ast.FunctionDef)}
    edits: list[Edit] = []
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            end = (one.lineno, (one.value.end_col_offset or 0) + 1)
            if one.value.id in module.siblings:
                edits.append((one.lineno, one.col_offset, *end, _PREFIXES.get(one.value.id, "")))
            elif one.value.id == "run" and one.attr in _FUNCTIONS:
                edits.append((one.lineno, one.col_offset, one.lineno, one.end_col_offset or 0, _FUNCTIONS[one.attr]))
        elif isinstance(one, ast.Name) and one.id in functions:
            edits.append((one.lineno, one.col_offset, one.lineno, one.col_offset, _before(one.id, own)))
    if isinstance(node, ast.FunctionDef) and node.name in functions:
        edits.append((node.lineno, len("def "), node.lineno, len("def "), _before(node.name, own)))
    return edits


def _before(name: str, prefix: str) -> str:
    return prefix.rstrip("_") if name.startswith("_") else prefix


def _shortened(node: ast.stmt) -> list[Edit]:
    """Return edits that shorten docstrings to their first paragraph."""
    edits: list[Edit] = []
    for one in ast.walk(node):
        if isinstance(one, ast.FunctionDef | ast.ClassDef) and (docstring := ast.get_docstring(one)):
            doc, margin = one.body[0], "\n" + " " * one.body[0].col_offset
            kept = docstring.split("\n\n")[0].replace("\n", margin)
            kept = f'"""{kept}{margin if margin in kept else ""}"""'
            edits.append((doc.lineno, doc.col_offset, doc.end_lineno or 0, doc.end_col_offset or 0, kept))
    return edits
