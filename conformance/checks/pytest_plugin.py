"""Plug-in of pytest: an option for the front end, and a summary of the clauses of the mask contract.

It is loaded in every run of pytest in an environment where this package is installed, so it imports nothing, and does
nothing for other tests.
"""

PROPERTY = "clause of the mask contract"
OUTCOMES = (("passed", "passed"), ("failed", "failed"), ("xfailed", "failed as expected"), ("skipped", "skipped"))


def pytest_addoption(parser):
    """Add the option `--mask-front-end`."""
    parser.getgroup("mask contract").addoption(
        "--mask-front-end",
        choices=("keras", "tf.keras", "tf_keras"),
        help="front end of the layers checked with mask_contract (default: the one that their class derives from)",
    )


def pytest_configure(config):
    """Hand the chosen front end to `api`."""
    chosen = config.getoption("mask_front_end", None)
    if chosen:
        from conformance.checks import api

        api.front_end_of_run = chosen


def pytest_runtest_protocol(item):
    """Mark a test of a clause; user properties reach the summary from other processes, too."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    for value in params.values():
        if getattr(type(value), "is_clause_of_mask_contract", False):
            item.user_properties.append((PROPERTY, value.id))


def pytest_terminal_summary(terminalreporter):
    """Print how many clauses passed, failed and were skipped."""
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
