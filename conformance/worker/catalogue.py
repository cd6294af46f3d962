"""Lists the cases with all that they say of themselves."""

import inspect
import os

import pytest

from conformance.worker import modes, plugin

FIELDS = (
    "id",
    "title",
    "contract",
    "basis",
    "source",
    "severity",
    "issues",
    "tags",
    "modes",
    "needs",
    "file",
    "function",
)


class _Listing(object):
    def __init__(self):
        self.cases = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config):
        config.masks = plugin.Masks(None, modes.MODES[:1])  # each case once, in whatever modes it runs

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection_modifyitems(self, items):
        sources = {}  # of a function, which may be many cases
        for (name, _), item in plugin.by_cell(items).items():
            if item.function not in sources:
                sources[item.function] = inspect.getsourcelines(item.function)
            lines, start = sources[item.function]
            about = {field: getattr(item.case, field) for field in FIELDS}
            self.cases[name] = dict(about, line=start, code="".join(lines))
        items[:] = []
        yield


def collect(cases, emit):
    """Emit one dict for each case below the folder `cases`; return 0, or 1 if collection failed."""
    listing = _Listing()
    options = ["-q", "--collect-only", "--assert=plain", "-p", "no:cacheprovider", "-c"]
    code = pytest.main(options + [os.path.join(cases, "pytest.ini"), cases], plugins=[listing])
    for case in listing.cases.values():
        emit(case)
    return 0 if code in (0, 5) and listing.cases else 1  # 5: no test left to run, as intended
