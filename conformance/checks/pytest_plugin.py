"""pytest plug-in: an option for the front end, and a line that says how many clauses of the mask contract ran.

It is loaded in every run of pytest in an environment where this package is installed: it imports nothing, and does
nothing for other tests.
"""

PROPERTY = "clause of the mask contract"
OUTCOMES = (("passed", "passed"), ("failed", "failed"), ("xfailed", "failed as expected"), ("skipped", "do not apply"))


def pytest_addoption(parser):
    parser.getgroup("mask contract").addoption(
        "--mask-front-end",
        choices=("keras", "tf.keras", "tf_keras"),
        help="the Keras that layers checked with mask_contract are made of (default: told by their class)",
    )


def pytest_configure(config):
    chosen = config.getoption("mask_front_end", None)
    if chosen:
        from conformance.checks import api

        api.front_end_of_run = chosen


def pytest_runtest_protocol(item):
    """Marks a test of a clause, in a way that reaches the summary from other processes as well."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    for value in params.values():
        if getattr(type(value), "is_clause_of_mask_contract", False):
            item.user_properties.append((PROPERTY, value.id))


def pytest_terminal_summary(terminalreporter):
    counts = []
    for outcome, words in OUTCOMES:
        reports = terminalreporter.stats.get(outcome, [])
        number = sum(any(name == PROPERTY for name, _ in getattr(r, "user_properties", [])) for r in reports)
        if number:
            counts.append((number, words))
    if counts:
        total = sum(number for number, _ in counts)
        parts = ", ".join("%d %s" % count for count in counts)
        terminalreporter.write_line("mask contract: %d clause%s: %s" % (total, "" if total == 1 else "s", parts))
