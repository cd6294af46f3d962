"""`junit.xml`: the cells as tests, a suite for each column, for systems that read JUnit's format.

A test fails if its cell is not as expected: what does not conform for a known reason passes, and says the reason in
`system-out`. Otherwise a job would be red for as long as Keras has a bug, and nobody would see the next one.
"""

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from conformance.judging.expectations import Expectation, ExpectationIndex
from conformance.judging.gate import surprise
from conformance.report.text import xml_characters
from conformance.results import Case, Cell, Results, TargetResult


def junit(results: Results, expectations: Sequence[Expectation] = ()) -> str:
    """The results in the form of JUnit, with the elements and attributes that Jenkins' schema knows."""
    book = ExpectationIndex(expectations, results)
    cases = {case.id: case for case in results.cases}
    cells: dict[str, list[Cell]] = {target.id: [] for target in results.targets}
    for cell in results.cells:
        cells[cell.target].append(cell)
    suites = [_run(results)]
    suites += [
        _suite(t.title, (_test(cell, cases[cell.case], t, book) for cell in cells[t.id])) for t in results.targets
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
    """What makes the run untrustworthy belongs to no column."""
    tests = []
    for problem in results.problems or [""]:
        test = Element("testcase", classname="conformance", name="the run itself", time="0")
        if problem:
            _say(test, "error", problem)
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


def _test(cell: Cell, case: Case, target: TargetResult, book: ExpectationIndex) -> Element:
    name = xml_characters(f"{cell.case} ({cell.mode})")
    classname = xml_characters(f"{target.id}.{case.file.removesuffix('.py')}".replace("/", "."))
    test = Element("testcase", classname=classname, name=name, time=_seconds(cell.seconds or 0))
    if cell.verdict == "not-run":
        _say(test, "error", cell.reason or target.reason or "not run")
    elif cell.verdict == "unsupported":
        _say(test, "skipped", cell.reason or "not there")
    elif found := surprise(cell, book):
        why = found.why
        because = f"{why}\n{cell.reason}" if cell.reason else why
        _say(test, "failure", why, f"{because}\n{case.contract}\n{case.basis.capitalize()}: {case.source}")
    elif known := book.explanation(cell):
        text = f"{book.outcome(cell)}\nexpected ({known.kind}) by '{known.id}': {' '.join(known.reason.split())}"
        SubElement(test, "system-out").text = xml_characters(text)
    return test


def _say(test: Element, outcome: str, message: str, text: str | None = None) -> None:
    element = SubElement(test, outcome, message=xml_characters(" ".join(message.split())))
    element.text = text and xml_characters(text)


def _seconds(number: float) -> str:
    return f"{number:.3f}"
