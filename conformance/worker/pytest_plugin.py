"""pytest plug-in: collects tests marked ``case``, and runs them by hand.

By hand, ``pytest cases -k lstm --mode graph``, a case runs once for each mode that is asked for, and fails if a fact
is not as expected. A worker only collects with it.
"""

import pytest

from conformance.vocabulary import FRONT_ENDS, MODES
from conformance.worker import execute
from conformance.worker.case import CaseDeclaration
from conformance.worker.modes import Unsupported


def pytest_addoption(parser):
    group = parser.getgroup("masks")
    group.addoption("--front-end", choices=list(FRONT_ENDS), help="where Keras comes from (default: what is found)")
    group.addoption("--mode", action="append", choices=MODES, help="modes to run in (default: eager)")


def pytest_configure(config):
    config.addinivalue_line("markers", "case(id, **about): one mask behaviour; see docs/adding-a-case.md")
    config.masks = execute.CaseRunner(config.getoption("front_end"), config.getoption("mode") or ["eager"])


def pytest_report_header(config):
    """What the cases run on; nothing where they are only listed, which needs no Keras and should not wait for one."""
    if config.getoption("collectonly"):
        return None
    try:
        masks = config.masks.start()
    except ImportError as error:
        return "no case can run: %s" % error
    versions = masks.front.versions()
    keras, python = versions.pop("keras"), versions.pop("python")
    others = ", ".join("%s %s" % pair for pair in versions.items())
    about = (masks.front.name, keras, masks.front.backend, others, python)
    lines = ["front end: %s %s on %s (%s), Python %s" % about, "modes: %s" % (", ".join(masks.modes) or "none")]
    return lines + ["skipped: %s" % why for why in masks.refused.values()]


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc):
    if metafunc.definition.get_closest_marker("case"):
        if "mode_name" not in metafunc.fixturenames:
            metafunc.fixturenames.append("mode_name")
        metafunc.parametrize("mode_name", metafunc.config.masks.mode_names)


def pytest_itemcollected(item):
    if item.get_closest_marker("case"):
        item.mode_name = item.callspec.params["mode_name"]
        item.case = CaseDeclaration(item)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items[:] = [i for i in items if not hasattr(i, "case") or i.mode_name in i.case.runs_in()]


def pytest_runtest_setup(item):
    """A mode that this environment does not have is skipped; without a Keras the session ends, and says so once."""
    if hasattr(item, "case"):
        try:
            refused = item.config.masks.start().refused
        except ImportError as error:
            pytest.exit("no case can run: %s" % error, 4)  # as for any other wrong usage
        if item.mode_name in refused:
            pytest.skip(refused[item.mode_name])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a case; it fails if a fact is not as expected."""
    case = getattr(pyfuncitem, "case", None)
    if case is None:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in case.asks_for}
    error = execute.perform(pyfuncitem.config.masks, case, pyfuncitem.mode_name, arguments)
    if isinstance(error, Unsupported):
        pytest.skip(str(error))
    if error is not None:
        raise error
    mismatches = arguments["record"].mismatches()
    if mismatches:
        pytest.fail("\n".join(mismatches), pytrace=False)
    return True


@pytest.fixture
def mode_name():
    """Overridden by parametrisation."""


@pytest.fixture
def given(request, mode_name):
    """All fixtures of one cell, by name (`cells.Masks.given`)."""
    return request.config.masks.start().given(mode_name)


@pytest.fixture
def keras(given):
    """The Keras of this target: `keras`, `tf.keras` or `tf_keras`."""
    return given["keras"]


@pytest.fixture
def ops(given):
    """`keras.ops`, or the same names over TensorFlow on Keras 2."""
    return given["ops"]


@pytest.fixture
def tf(given):
    """TensorFlow, for what only it has (ragged tensors); None on other backends, so the case `needs` more than this."""
    return given["tf"]


@pytest.fixture
def mask_of(given):
    """Function: the mask a layer called on this tensor is given (a tensor, or None)."""
    return given["mask_of"]


@pytest.fixture
def static_shape(given):
    """Function: the shape known before anything runs; None for an unknown dimension."""
    return given["static_shape"]


@pytest.fixture
def record(given):
    """`recorder.Recorder`: takes named observed values beside the expected ones."""
    return given["record"]


@pytest.fixture
def run(given):
    """`toolbox.Run`: executes functions of tensors, and models, in the mode of the cell."""
    return given["run"]


@pytest.fixture
def build(given):
    """Function: build a layer and give it weights that are known (`toolbox.make_build`)."""
    return given["build"]
