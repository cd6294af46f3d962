"""Collect the cases with pytest, parametrized. No Keras is needed."""

import inspect
import json
import os
import sys

import pytest

FIELDS = (
    "id",
    "area",
    "title",
    "contract",
    "basis",
    "source",
    "severity",
    "issues",
    "tags",
    "modes",
    "needs",
    "backends",
    "thinned",
    "file",
    "function",
)


_Marked = type(pytest.param(None))  # values of `parametrize` with an id or marks of their own


class CannotCollect(Exception):
    """Raised where cases cannot be collected; pytest has printed the reason, unless the message says it."""


class _Collector(object):
    """Take all items away from pytest.

    Attributes:
        found: Pairs of pytest item and case, by the id of the case.
    """

    def __init__(self):
        self.found = {}

    @pytest.hookimpl(hookwrapper=True)  # before the plug-in leaves out what is not for its modes
    def pytest_collection_modifyitems(self, items):
        for item in items:
            if hasattr(item, "case"):
                other, _ = self.found.setdefault(item.case.id, (item, item.case))
                if other is not item:
                    where = (item.case.id, other.nodeid, item.nodeid)
                    raise pytest.UsageError("case id %r is used twice: %s, %s" % where)
        items[:] = []
        yield


def collect(folder, files=()):
    """Collect the cases of a folder.

    Args:
        folder: Folder of the case files.
        files: Names of the files to collect, by default all.

    Returns:
        Pairs of pytest item and `CaseDeclaration` by the id of the case, in the order of the files.

    Raises:
        CannotCollect: A file cannot be imported, a declaration is wrong, or there is no case.
    """
    collector = _Collector()
    options = ["-qq", "--collect-only", "--capture=no", "--assert=plain", "-c", os.path.join(folder, "pytest.ini")]
    options += ["-pno:cacheprovider"]  # nothing is written beside the cases
    code = pytest.main(options + [os.path.join(folder, name) for name in files or [""]], plugins=[collector])
    if code not in (0, 5) or not collector.found:  # 5: no test is left to be run, as intended
        raise CannotCollect("pytest exit code %s, %d cases" % (code, len(collector.found)))
    return collector.found


def describe(folder, emit):
    """Emit one dict for each case of a folder; return 0, or 1 if the cases cannot be collected."""
    try:
        found = collect(folder)
        sources = {}  # of a function, which may be many cases
        for item, case in found.values():
            if case.body not in sources:
                sources[case.body] = inspect.getsourcelines(case.body)
            lines, start = sources[case.body]
            about = {field: getattr(case, field) for field in FIELDS}
            emit(dict(about, line=start, code="".join(lines), parameters=_parameters(item, case)))
    except CannotCollect as why:
        sys.stderr.write("%s\n" % why)
        return 1
    return 0


def _parameters(item, case):
    """Return by name the index of the value in the list of `parametrize`, and its source where it is a literal."""
    found = {}
    for mark in item.iter_markers("parametrize"):
        names = [name.strip() for name in mark.args[0].split(",")]
        values = [case.parameters[name] for name in names]
        rows = [row.values if isinstance(row, _Marked) else row if len(names) > 1 else (row,) for row in mark.args[1]]
        places = [i for i, row in enumerate(rows) if all(a is b for a, b in zip(row, values))]
        if not places:
            raise CannotCollect("%s: the values of parametrize must be a plain list" % case.id)
        found.update((name, (places[0], _literal(value))) for name, value in zip(names, values))
    return found


def _literal(value):
    if isinstance(value, str):
        return json.dumps(value)
    return repr(value) if value is None or isinstance(value, (bool, int)) else None
