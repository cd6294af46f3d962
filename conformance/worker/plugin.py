"""pytest plug-in: a test marked ``case`` runs once per mode and records what it saw.

In a worker, cells are chosen and observed for the host. Run by hand
(``pytest cases -k lstm --mode graph``), a case fails if a fact is not as expected.
"""

import inspect
import os
import re

import pytest

from conformance.worker import backends, frontend, modes, recorder, toolbox
from conformance.worker.modes import MODES, Unsupported

BASES = ("documented", "established", "unspecified")
SEVERITIES = ("silent", "raises", "warns", "cosmetic")
_OPTIONAL = {"issues": list, "tags": list, "modes": list, "needs": list, "backends": list}


class Case(object):
    """What a test says of itself: the arguments of its ``case`` mark and its docstring.

    The first paragraph of the docstring is the title, the second the contract.
    """

    def __init__(self, item, variant):
        mark = item.get_closest_marker("case")
        given = dict(mark.kwargs)
        where = "%s::%s" % (os.path.basename(str(item.fspath)), item.originalname)
        if len(mark.args) != 1 or not re.match(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", str(mark.args[0])):
            raise pytest.UsageError("%s: case() takes one dotted id, got %r" % (where, mark.args))
        self.id = mark.args[0] + ("[%s]" % variant if variant else "")
        bases = [b for b in BASES if given.get(b)]
        if len(bases) != 1:
            raise pytest.UsageError("%s: case() needs exactly one of %s" % (where, ", ".join(BASES)))
        self.basis = bases[0]
        self.source = given.pop(self.basis)
        self.severity = given.pop("severity", "silent")
        if self.severity not in SEVERITIES:
            raise pytest.UsageError("%s: unknown severity %r" % (where, self.severity))
        for name, kind in _OPTIONAL.items():
            value = given.pop(name, [])
            if not isinstance(value, kind):
                raise pytest.UsageError("%s: %s must be a list" % (where, name))
            setattr(self, name, value)
        unknown = sorted(given) + [m for m in self.runs_in() if m not in MODES]
        unknown += [b for b in self.backends if b not in backends.NAMES]
        if unknown:
            raise pytest.UsageError("%s: case() does not know %s" % (where, ", ".join(unknown)))
        self.modes = self.modes or list(MODES)
        if "record" not in item.fixturenames:
            raise pytest.UsageError("%s: a case without the fixture `record` observes nothing" % where)
        paragraphs = inspect.cleandoc(item.function.__doc__ or "").split("\n\n")
        if len(paragraphs) < 2:
            raise pytest.UsageError("%s: the docstring needs a title and, below, a contract" % where)
        self.title, self.contract = (" ".join(p.split()) for p in paragraphs[:2])
        self.file = os.path.basename(str(item.fspath))
        self.function = item.originalname

    def runs_in(self):
        """Names of all its modes; of "eager | session" a column takes the first that it has."""
        return [mode for entry in self.modes for mode in entry.split(" | ")]


def pytest_addoption(parser):
    group = parser.getgroup("masks")
    group.addoption("--front-end", choices=frontend.FRONT_ENDS, help="where Keras comes from (default: what is found)")
    group.addoption("--mode", action="append", choices=MODES, help="modes to run in (default: eager)")


def pytest_configure(config):
    config.addinivalue_line("markers", "case(id, **about): one mask behaviour; see docs/adding-a-case.md")
    if not hasattr(config, "masks"):  # a worker brings its own
        config.masks = Masks(config.getoption("front_end"), config.getoption("mode") or ["eager"])


class Masks(object):
    """What the cases of this process run on, and who hears of it.

    Attributes:
        front_end: a name, a `FrontEnd`, or None for the first Keras that is found.
        mode_names: the modes that tests are parametrised with.
        cells: ordered (case id, mode name) pairs to run, or None for all.
        emit: takes events as dicts; None when run by hand, where a mismatch fails the test.
    """

    def __init__(self, front_end, mode_names, cells=None, emit=None):
        self.mode_names = mode_names
        self.cells = cells
        self.emit = emit
        self.front = None
        self._front_end = front_end

    def start(self):
        """Import Keras and start the modes, once; raises what the import raises."""
        if self.front is None:
            front = self._front_end or frontend.detect()
            front = frontend.FrontEnd(front) if isinstance(front, str) else front
            self.modes, self.refused = modes.start_process(front, self.mode_names)
            self.mask_of = toolbox.make_mask_of(front.keras)
            self.front = front
        return self


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc):
    if metafunc.definition.get_closest_marker("case"):
        if "mode_name" not in metafunc.fixturenames:
            metafunc.fixturenames.append("mode_name")
        metafunc.parametrize("mode_name", metafunc.config.masks.mode_names)


def pytest_itemcollected(item):
    if item.get_closest_marker("case"):
        item.mode_name = item.callspec.params["mode_name"]
        item.case = Case(item, item.callspec.id[: -len(item.mode_name)].rstrip("-"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    cells = by_cell(items)
    wanted = config.masks.cells
    if wanted is None:
        items[:] = [i for i in items if not hasattr(i, "case") or i.mode_name in i.case.runs_in()]
    else:
        items[:] = [cells[cell] for cell in wanted if cell in cells]


def by_cell(items):
    """Tests that are cases, by id and mode."""
    cells = {}
    for item in items:
        if hasattr(item, "case"):
            other = cells.setdefault((item.case.id, item.mode_name), item)
            if other is not item:
                raise pytest.UsageError("case id %r is used twice: %s, %s" % (item.case.id, other.nodeid, item.nodeid))
    return cells


def pytest_runtest_setup(item):
    """A mode that this environment does not have is skipped by hand; a worker is never asked for it."""
    if hasattr(item, "case"):
        refused = item.config.masks.start().refused
        if item.mode_name in refused:
            pytest.skip(refused[item.mode_name])


@pytest.fixture
def mode_name():
    """Overridden by parametrisation."""


@pytest.fixture
def keras(request):
    """The Keras of this target: `keras`, `tf.keras` or `tf_keras`."""
    return request.config.masks.start().front.keras


@pytest.fixture
def ops(request):
    """`keras.ops`, or the same names over TensorFlow on Keras 2."""
    return request.config.masks.start().front.ops


@pytest.fixture
def tf(request):
    """TensorFlow, for what only it has (ragged tensors); None on other backends, so the case `needs` more than this."""
    return request.config.masks.start().front.tf


@pytest.fixture
def mask_of(request):
    """Function: the mask a layer called on this tensor is given (a tensor, or None)."""
    return request.config.masks.start().mask_of


@pytest.fixture
def static_shape():
    """Function: the shape known before anything runs; None for an unknown dimension."""
    return toolbox.static_shape


@pytest.fixture
def record(request):
    """`recorder.Recorder`: takes named observed values beside the expected ones."""
    return recorder.Recorder(request.config.masks.emit)


@pytest.fixture
def run(request, mode_name, record):
    """`toolbox.Run`: executes functions of tensors, and models, in the mode of the cell."""
    return toolbox.Run(request.config.masks.start().modes[mode_name], record)


@pytest.fixture
def build(request, mode_name):
    """Function: build a layer and give it weights that are known (`toolbox.make_build`)."""
    return toolbox.make_build(request.config.masks.start().modes[mode_name])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a case: observed for a worker; by hand, it fails if a fact is not as expected."""
    case = getattr(pyfuncitem, "case", None)
    if case is None:
        return None
    masks = pyfuncitem.config.masks.start()
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    def body():
        if case.backends and masks.front.backend not in case.backends:
            raise Unsupported("this is about %s" % ", ".join(backends.NAMES[b] for b in case.backends))
        for api in case.needs:
            if not masks.front.has(api):
                raise Unsupported("there is no keras.%s" % api)
        pyfuncitem.obj(**arguments)

    emit = masks.emit or (lambda event: None)
    mode = masks.modes[pyfuncitem.mode_name]
    emit({"event": "start", "case": case.id, "mode": mode.name})
    mode.begin(case.id)
    outcome, error = recorder.observe(body, arguments["record"])
    mode.end()
    emit(dict(outcome, event="end", case=case.id, mode=mode.name))
    if masks.emit is None:
        _report_by_hand(error, arguments["record"].mismatches())
    return True


def _report_by_hand(error, mismatches):
    if isinstance(error, Unsupported):
        pytest.skip(str(error))
    if error is not None:
        raise error
    if mismatches:
        pytest.fail("\n".join(mismatches), pytrace=False)
