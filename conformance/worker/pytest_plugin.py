"""The pytest plug-in of the cases: collects tests marked ``case``, and runs them under pytest.

``pytest cases -k lstm --mode graph`` runs each case once in each requested mode; a case fails if a fact is not as
expected. A worker uses the plug-in for collecting only.
"""

import pytest

from conformance.vocabulary import FRONT_ENDS, MODES
from conformance.worker import execute
from conformance.worker.case import CaseDeclaration
from conformance.worker.modes import Unsupported


def pytest_addoption(parser):
    """Add `--front-end` and `--mode`."""
    group = parser.getgroup("masks")
    group.addoption("--front-end", choices=list(FRONT_ENDS), help="where Keras comes from (default: what is found)")
    group.addoption("--mode", action="append", choices=MODES, help="modes to run in (default: eager)")


def pytest_configure(config):
    """Register the mark, and keep the runner of the session; it imports no Keras yet."""
    config.addinivalue_line("markers", "case(id, **about): one mask behaviour; see docs/adding-a-case.md")
    config.addinivalue_line("markers", "variant(modes): the modes of one variant of a case, a mark of pytest.param")
    config.case_runner = execute.CaseRunner(config.getoption("front_end"), config.getoption("mode") or ["eager"])


def pytest_report_header(config):
    """Report front end, versions and modes; nothing with --collect-only, which needs no Keras."""
    if config.getoption("collectonly"):
        return None
    try:
        runner = config.case_runner.start()
    except ImportError as error:
        return "no case can run: %s" % error
    versions = runner.front.versions()
    keras, python = versions.pop("keras"), versions.pop("python")
    others = ", ".join("%s %s" % pair for pair in versions.items())
    about = (runner.front.name, keras, runner.front.backend, others, python)
    lines = ["front end: %s %s on %s (%s), Python %s" % about, "modes: %s" % (", ".join(runner.modes) or "none")]
    return lines + ["skipped: %s" % why for why in runner.refused.values()]


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc):
    """Parametrize cases with the modes of the session, after their own parameters."""
    if metafunc.definition.get_closest_marker("case"):
        if "mode_name" not in metafunc.fixturenames:
            metafunc.fixturenames.append("mode_name")
        metafunc.parametrize("mode_name", metafunc.config.case_runner.mode_names)


def pytest_itemcollected(item):
    """Read the declaration of a case; a wrong one is a usage error of pytest."""
    if item.get_closest_marker("case"):
        item.mode_name = item.callspec.params["mode_name"]
        item.case = CaseDeclaration(item)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Leave out cases that do not apply to the mode."""
    items[:] = [i for i in items if not hasattr(i, "case") or i.mode_name in i.case.runs_in()]


def pytest_runtest_setup(item):
    """Skip modes that do not work in this environment; end the session, once, where there is no Keras."""
    if hasattr(item, "case"):
        try:
            refused = item.config.case_runner.start().refused
        except ImportError as error:
            pytest.exit("no case can run: %s" % error, 4)  # as for any other wrong usage
        if item.mode_name in refused:
            pytest.skip(refused[item.mode_name])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Call a case; fail if a fact is not as expected."""
    case = getattr(pyfuncitem, "case", None)
    if case is None:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in case.fixture_names}
    error = execute.call(pyfuncitem.config.case_runner, case, pyfuncitem.mode_name, arguments)
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
    """Name of the mode; set by `pytest_generate_tests`."""


@pytest.fixture
def cell_fixtures(request, mode_name):
    """All fixtures of one cell, by name (`execute.CaseRunner.make_fixtures`)."""
    return request.config.case_runner.start().make_fixtures(mode_name)


@pytest.fixture
def keras(cell_fixtures):
    """The Keras of this target: `keras`, `tf.keras` or `tf_keras`."""
    return cell_fixtures["keras"]


@pytest.fixture
def ops(cell_fixtures):
    """`keras.ops`, or the same names over TensorFlow on Keras 2."""
    return cell_fixtures["ops"]


@pytest.fixture
def tf(cell_fixtures):
    """TensorFlow, for what only it has, such as ragged tensors; None on other backends."""
    return cell_fixtures["tf"]


@pytest.fixture
def mask_of(cell_fixtures):
    """Function that returns the mask that a layer called on a tensor receives, or None."""
    return cell_fixtures["mask_of"]


@pytest.fixture
def static_shape(cell_fixtures):
    """Function that returns the static shape of a tensor, None for an unknown dimension."""
    return cell_fixtures["static_shape"]


@pytest.fixture
def record(cell_fixtures):
    """The `recorder.Recorder`, which records named observed values beside expected ones."""
    return cell_fixtures["record"]


@pytest.fixture
def run(cell_fixtures):
    """The `fixtures.Run`, which executes functions of tensors, and models, in the mode of the cell."""
    return cell_fixtures["run"]


@pytest.fixture
def build(cell_fixtures):
    """Function that builds a layer and sets known weights (`fixtures.make_build`)."""
    return cell_fixtures["build"]
