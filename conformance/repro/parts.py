"""The pieces of a script that come from the suite: the case, its helpers, constants and oracle functions.

They are the same for every target and mode, and many are shared by several cases.
"""

import ast
import itertools
import textwrap
from dataclasses import dataclass
from pathlib import Path

from conformance.local.dependencies import Module, Uses, follow, read, uses
from conformance.local.errors import UsageError
from conformance.repro import source
from conformance.repro.calls import details
from conformance.suite.catalogue import Listed

# In the order of a script.
_USES = (
    *("tf", "ops", "Unsupported", "Raised", "run", "run.mode", "run.attempt", "run.traced", "run.gradients"),
    *("run.compile", "run.fit", "run.train_on_batch", "run.test_on_batch", "run.evaluate", "run.predict"),
    *("run.saving", "monkeypatch", "build", "mask_of", "static_shape", "record"),
)
_VERDICT = 'raise SystemExit("not as expected: " + ", ".join(wrong) if wrong else 0)'


@dataclass(frozen=True)
class Parts:
    """The parts of a script that come from a case.

    Attributes:
        backends: Backends that the case applies to, empty for all.
        imports: Lines.
        uses: Keys of `fixtures.fixture`, such as "run.fit" or "build(seed,shape)".
        pieces: Texts.
    """

    backends: list[str]
    imports: list[str]
    uses: list[str]
    pieces: list[str]


def make_parts(folder: Path, listed: Listed) -> Parts:
    """Return the parts of a case.

    Args:
        folder: Folder of the case files.
        listed: The case.

    Raises:
        UsageError: If the case uses a fixture that scripts do not support.
    """
    case = listed.case
    module = read(folder / case.file)
    test = module.statements[module.by_name[case.function][-1]]
    assert isinstance(test, ast.FunctionDef)
    arguments = _arguments(module, test, listed)
    of_arguments = [uses(ast.parse(text)) for text in arguments.values()]
    words = {word.strip("\"'") for word in arguments.values()}
    named = [name for one in of_arguments for name in one.names]
    wanted = follow(module, [case.function, *named], source.used_by, lambda sibling: _registering(sibling, words))
    pieces: list[str] = []
    nodes: list[tuple[Module, ast.stmt]] = []
    used = of_arguments
    imports: set[str] = set()
    for path in sorted(wanted, key=lambda path: (path == module.file, path)):
        one = read(path)
        here = [one.statements[i] for i in sorted(wanted[path])]
        own = [source.used_by(node) for node in here]
        nodes += [(one, node) for node in here]
        used = used + own
        imports |= _imports(one, {name for u in own + of_arguments for name in u.names})
        pieces += _pieces(one, [node for node in here if node is not test])
    for name in (a.arg for a in test.args.args):
        if name not in arguments and name not in ("keras", *_USES):
            raise UsageError(f"{case.id} uses the fixture '{name}', which scripts do not support")
    how = details(nodes, test)
    needed = _uses(test, used, how)
    about = [f"{case.title} {case.contract}", f"{case.id.partition('[')[0]}, {case.basis}: {case.source}"]
    lines = [textwrap.fill(text, 118, initial_indent="# ", subsequent_indent="# ") for text in about]
    lines += [f"{name} = {text}" for name, text in arguments.items() if name != text]
    body = source.body(module.file, test)
    if how["record"] & {"arrays", "values"} and "once" not in how["record"]:
        body += f"\n{_VERDICT}"
    pieces += ["\n".join(lines), body] if arguments else ["\n".join([*lines, body])]
    return Parts(listed.backends, sorted(imports), needed, pieces)


def _arguments(module: Module, test: ast.FunctionDef, listed: Listed) -> dict[str, str]:
    """Return the Python expression of each parameter by name: as in the decorator, unless the value is simple."""
    lists: dict[str, tuple[list[str], ast.expr]] = {}
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.parametrize":
            names = [name.strip() for name in ast.literal_eval(mark.args[0]).split(",")]
            lists |= dict.fromkeys(names, (names, mark.args[1]))
    written = {}
    for name, (place, text) in listed.parameters.items():
        if text is None:
            names, values = lists[name]
            assert isinstance(values, ast.List), f"{listed.case.id}: the values of {name} are not a list"
            value = values.elts[place]
            text = ast.unparse(value.elts[names.index(name)] if isinstance(value, ast.Tuple) and names[1:] else value)
        written[name] = text
    return written


def _registering(module: Module, words: set[str]) -> list[int]:
    """Return the top-level calls, such as `add("LSTM GRU", 3)`; only those with a parameter of the case, if any."""
    calls = {i: node.value for i in module.loose if isinstance(node := module.statements[i], ast.Expr)}
    names_of = {
        i: str(ast.literal_eval(call.args[0])).split() for i, call in calls.items() if isinstance(call, ast.Call)
    }
    return [i for i, names in names_of.items() if words & set(names)] or list(names_of)


def _imports(module: Module, names: set[str]) -> set[str]:
    found = set()
    for node in module.imports:
        origin = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
        ours = origin.partition(".")[0] in ("conformance", "pytest", "numpy") or origin in module.siblings
        if not ours and any((alias.asname or alias.name) in names for alias in node.names):
            found.add(ast.unparse(node))
    return found


def _pieces(module: Module, nodes: list[ast.stmt]) -> list[str]:
    """Return functions and classes one by one, and the statements between them together."""
    pieces = []
    for definition, group in itertools.groupby(nodes, lambda n: isinstance(n, ast.FunctionDef | ast.ClassDef)):
        texts = [source.text(module.file, node) for node in group]
        pieces += texts if definition else ["\n".join(texts)]
    return pieces


def _uses(test: ast.FunctionDef, used: list[Uses], how: dict[str, set[str]]) -> list[str]:
    """Return the fixtures that are used, with the details of their use."""
    found = {a.arg for a in test.args.args}
    for one in used:
        found |= one.names & {"Raised", "Unsupported"}
        found |= {f"{owner}.{what}" for owner, what in one.attributes if owner in ("run", "ops")}
    how["ops"] = {name.removeprefix("ops.") for name in found if name.startswith("ops.")}
    how["run.attempt"] |= found & {"Raised"}
    return [f"{name}({','.join(sorted(how[name]))})" if how.get(name) else name for name in _USES if name in found]
