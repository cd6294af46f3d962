"""`junit.xml`: each cell as a test and each target as a test suite, for systems that read JUnit's format.

A test fails if its cell is unexpected. A deviation with a known reason passes, with the reason in `system-out`:
otherwise a job would fail for as long as Keras has a bug, and nobody would notice the next one.
"""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.gate import check_cell
from conformance.report.text import xml_characters
from conformance.results import Case, Cell, Results, TargetResult


def junit(results: Results, expectations: Sequence[Expectation] = ()) -> str:
    """Return the results as JUnit XML, with only the elements and attributes of Jenkins' schema."""
    index = ExpectationIndex(expectations, results)
    cases = {case.id: case for case in results.cases}
    cells: dict[str, list[Cell]] = {target.id: [] for target in results.targets}
    for cell in results.cells:
        cells[cell.target].append(cell)
    suites = [_run(results)]
    suites += [
        _suite(t.title, (_test(cell, cases[cell.case], t, index) for cell in cells[t.id])) for t in results.targets
    ]
    root = Element("testsuites", name="masks in Keras", time=_seconds(results.seconds))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    for suite in suites:
        suite.set("timestamp", xml_characters(results.created))
    ElementTree.indent(root, "")  # a line for each element
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _run(results: Results) -> Element:
    """Return the suite of problems with the run itself, which belong to no target."""
    tests = []
    for problem in results.problems or [""]:
        test = Element("testcase", classname="conformance", name="the run itself", time="0")
        if problem:
            _add(test, "error", problem)
        tests.append(test)
    return _suite("the run itself", tests)


def _suite(name: str, tests: Iterable[Element]) -> Element:
    suite = Element("testsuite", name=xml_characters(name))
    suite.extend(tests)
    suite.set("tests", str(len(suite)))
    for outcome, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(count, str(sum(test.find(outcome) is not None for test in suite)))
    suite.set("time", _seconds(sum(float(test.get("time", "0")) for test in suite)))
    return suite


def _test(cell: Cell, case: Case, target: TargetResult, index: ExpectationIndex) -> Element:
    name = xml_characters(f"{cell.case} ({cell.mode})")
    classname = xml_characters(f"{target.id}.{case.file.removesuffix('.py')}".replace("/", "."))
    test = Element("testcase", classname=classname, name=name, time=_seconds(cell.seconds or 0))
    if cell.verdict == "not-run":
        _add(test, "error", cell.reason or target.reason or "not run")
    elif cell.verdict == "unsupported":
        _add(test, "skipped", cell.reason or "not available")
    elif unexpected := check_cell(cell, index):
        why = unexpected.why
        details = f"{why}\n{cell.reason}" if cell.reason else why
        _add(test, "failure", why, f"{details}\n{case.contract}\n{case.basis.capitalize()}: {case.source}")
    elif expectation := index.explanation(cell):
        reason = " ".join(expectation.reason.split())
        text = f"{index.outcome(cell)}\nexpected ({expectation.kind}) by '{expectation.id}': {reason}"
        SubElement(test, "system-out").text = xml_characters(text)
    return test


def _add(test: Element, outcome: str, message: str, text: str | None = None) -> None:
    element = SubElement(test, outcome, message=xml_characters(" ".join(message.split())))
    element.text = text and xml_characters(text)


def _seconds(number: float) -> str:
    return f"{number:.3f}"
