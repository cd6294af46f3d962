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
        config.masks = plugin.Masks(None, modes.MODES)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        for item in items:
            if hasattr(item, "case") and item.case.id not in self.cases:
                lines, start = inspect.getsourcelines(item.function)
                about = {name: getattr(item.case, name) for name in FIELDS}
                self.cases[item.case.id] = dict(about, line=start, code="".join(lines))
        items[:] = []


def collect(cases, emit):
    """Emit one dict for each case below the folder `cases`; return 0, or 1 if collection failed."""
    listing = _Listing()
    options = ["-q", "--collect-only", "--assert=plain", "-p", "no:cacheprovider", "-c"]
    code = pytest.main(options + [os.path.join(cases, "pytest.ini"), cases], plugins=[listing])
    for case in listing.cases.values():
        emit(case)
    return 0 if code in (0, 5) and listing.cases else 1  # 5: no test left to run, as intended
