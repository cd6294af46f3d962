"""Finds out how a case calls its fixtures, so that a script contains no more of them than needed."""

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from conformance.local.dependencies import Module, read


def details(nodes: Iterable[tuple[Module, ast.stmt]], test: ast.FunctionDef) -> dict[str, set[str]]:
    """Return the details that `fixtures.fixture` needs, by fixture.

    Args:
        nodes: The statements of a case, each with its module.
        test: The test function among them.
    """
    found: dict[str, set[str]] = {name: set() for name in _DETAILS}
    records = 0
    for module, node in nodes:
        for name, about in _calls(module.file, node):
            found[name] |= about
            records += name == "record"
    if {"arrays", "nothing"} <= found["record"]:
        found["record"].add("values")
    last = test.body[-1]
    if records == 1 and isinstance(last, ast.Expr) and ast.unparse(last).startswith("record("):
        found["record"].add("once")
    return found


@functools.cache  # a helper is used by many cases
def _calls(file: Path, node: ast.stmt) -> list[tuple[str, set[str]]]:
    """Return the calls of fixtures in a statement that `read` caches, with the details of each."""
    calls = [(ast.unparse(call.func), call) for call in ast.walk(node) if isinstance(call, ast.Call)]
    return [(name, {*_DETAILS[name](call, _given(call), read(file), node)}) for name, call in calls if name in _DETAILS]


def _given(call: ast.Call) -> "Given":
    return {keyword.arg: keyword.value for keyword in call.keywords}


Given = dict[str | None, ast.expr]


def _of_build(call: ast.Call, given: Given, module: Module, node: ast.stmt) -> Iterator[str]:
    """Yield "shape" if the layer is built with a shape, else "built"; and "seed" if one is passed."""
    yield "shape" if len(call.args) > 1 or "input_shape" in given else "built"
    if len(call.args) > 2 or "seed" in given:
        yield "seed"


def _of_run(call: ast.Call, given: Given, module: Module, node: ast.stmt) -> Iterator[str]:
    if "shapes" in given:
        yield "shapes"


def _of_record(call: ast.Call, given: Given, module: Module, node: ast.stmt) -> Iterator[str]:
    """Yield "arrays" (an array or number is expected), "values" (anything) or "nothing"; and "tolerance" if passed."""
    if "expected" in given:
        yield "values" if _is_other(given["expected"], module, node) else "arrays"
    else:
        yield "values" if None in given else "nothing"
    if given.keys() - {"expected"}:
        yield "tolerance"


_DETAILS = {"build": _of_build, "record": _of_record, "run": _of_run, "run.attempt": _of_run}


def _is_other(value: ast.expr, module: Module, node: ast.stmt) -> bool:
    """Return whether an expression may be anything but an array or a number: a list, a string, None, an exception."""
    if not isinstance(value, ast.Name):
        return _is_written_otherwise(value, module)
    statements = [one for one in [*module.statements, *ast.walk(node)] if isinstance(one, ast.Assign)]
    values = [one.value for one in statements if value.id in map(ast.unparse, one.targets)]
    return not values or any(_is_written_otherwise(one, module) for one in values)


def _is_written_otherwise(value: ast.expr, module: Module) -> bool:
    if isinstance(value, ast.IfExp):
        return _is_written_otherwise(value.body, module) or _is_written_otherwise(value.orelse, module)
    if isinstance(value, ast.BinOp):
        return _is_written_otherwise(value.left, module)
    if isinstance(value, ast.Subscript):  # an item of a list may be an array, a part of one is a list
        return isinstance(value.slice, ast.Slice) and _is_written_otherwise(value.value, module)
    if isinstance(value, ast.Constant):
        return value.value is None or isinstance(value.value, str)
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func)
        return called in ("Raised", "list", "tuple") or any(
            _is_written_otherwise(*one) for one in _returned(called, module)
        )
    return isinstance(value, ast.List | ast.Tuple | ast.ListComp)


def _returned(function: str, module: Module) -> list[tuple[ast.expr, Module]]:
    """Return the expressions that a function of the suite returns, with their modules; none for other functions."""
    owner, _, name = function.rpartition(".")
    if owner and owner not in module.siblings:
        return []
    where = read(module.siblings[owner]) if owner else module
    defined = [where.statements[i] for i in where.by_name.get(name, [])]
    returns = [one for d in defined for one in ast.walk(d) if isinstance(one, ast.Return)]
    return [(one.value, where) for one in returns if one.value]
