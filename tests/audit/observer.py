"""Runs in a target: executes a script and writes down what its `record` is called with.

`observer.py VALUES OUT SCRIPT`: VALUES is the file of `conformance/worker/values.py`, which encodes a value as in the
results; OUT gets a line of JSON for each call. Nothing else of this project is imported, and nothing of the framework
is touched. Python 3.7.
"""

import ast
import importlib.util
import json
import os
import sys
import types


def main(values_file, out, script):
    """Execute a script as `__main__`, with one line more: after its definition, `record` is wrapped."""
    spec = importlib.util.spec_from_file_location("audited_values", values_file)
    values = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(values)
    with open(script, encoding="utf-8") as file:
        tree = ast.parse(file.read(), script)
    wrap = ast.parse("record = _observed(record)").body
    at = [i for i, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef) and node.name == "record"]
    for i in at:
        for node in ast.walk(wrap[0]):
            ast.copy_location(node, tree.body[i])
        tree.body[i + 1 : i + 1] = wrap
    module = types.ModuleType("__main__")
    module.__file__ = script
    sys.modules["__main__"], sys.argv, sys.path[0] = module, [script], os.path.dirname(script)
    with open(out, "w", encoding="utf-8") as lines:
        module._observed = lambda record: _observed(record, lines, lambda value: _encoded(value, values))
        exec(compile(tree, script, "exec"), module.__dict__)


def _observed(record, lines, encode):
    def observe(name, observed, *arguments, **named):
        lines.write(json.dumps([name, encode(observed)]) + "\n")
        lines.flush()  # the script may end with the next line
        return record(name, observed, *arguments, **named)

    return observe


def _encoded(value, values):
    if isinstance(value, (list, tuple)):
        return [_encoded(item, values) for item in value]
    if type(value).__name__ == "Raised":  # a class of the script itself
        return {"raised": list(value.names), "phase": None, "message": ""}
    return values.encode(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
