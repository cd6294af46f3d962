# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]"]
# ///
"""Sessions of the project; `nox -l` lists them. Arguments after `--` go to the program of the session."""

import json
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["conformance"]

REGISTRY = Path(__file__).parent / "conformance" / "targets.toml"


def columns() -> list[nox.param]:
    """Every column, tagged as `conformance run --target` knows it: tier, generation, backend."""
    found = []
    for target in tomllib.loads(REGISTRY.read_text())["target"]:
        tiers = ["core", "history"] if target.get("tier") == "core" else ["history"]  # the core is part of the history
        tags = [*tiers, target["generation"], target.get("backend", "tensorflow")]
        found.append(nox.param(target["id"], id=target["id"], tags=tags))
    return found


@nox.session
def conformance(session: nox.Session) -> None:
    """Run the mask cases on the core columns and write reports/latest/index.html (see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "run", *session.posargs)


@nox.session
def history(session: nox.Session) -> None:
    """Run the mask cases on every column and write reports/history/index.html (see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "run", "--tier", "history", "--out", "reports/history", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Check the project itself: lint, types, all tests in parallel, and what they cover."""
    session.install("-e", ".[matrix]", "--group", "test")
    if not session.posargs:
        session.run("ruff", "check")
        session.run("ruff", "format", "--check")
        session.run("mypy")
        session.run("lint-imports")
    # PYTHONDONTWRITEBYTECODE would make each import of a Keras seconds slower.
    if session.posargs:
        session.run("pytest", *session.posargs, env={"PYTHONDONTWRITEBYTECODE": None})
        return
    # A file stays in one process, which has its environments and pages; conftest.py decides which come first.
    processes = ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    session.run("pytest", *processes, "--cov", "--cov-report=", env={"PYTHONDONTWRITEBYTECODE": None})
    measured = Path(session.create_tmp(), "coverage.json")
    session.run("coverage", "json", "-q", "-o", str(measured))
    of = json.loads(measured.read_text())["totals"]
    lines = f"{of['covered_lines']} of {of['num_statements']} lines"
    session.log(f"coverage of conformance/: {lines}, {of['covered_branches']} of {of['num_branches']} branches")


@nox.session
def explore(session: nox.Session) -> None:
    """Run the property tests on new examples; add a counter-example to its test with `@example`."""
    session.install("-e", ".[matrix]", "--group", "test")
    session.run("pytest", "-m", "property", "--hypothesis-profile", "explore", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break masks on purpose: does the suite notice? (docs/mutants.md; see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the budgets and write docs/performance.md; hours, on an idle machine (see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """Write the page and the summary again from stored results (default: those of the last run)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "report", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write docs/cases.md from the cases, docs/findings.md from reports/history."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "docs", *session.posargs)


@nox.session
def wild(session: nox.Session) -> None:
    """Check layers of released packages (all, or `-- NAME`) and write docs/in-the-wild.md."""
    session.install("-e", ".")
    session.run("python", "docs/in-the-wild/survey.py", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve the requirements of the targets into conformance/locks (see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "lock", *session.posargs)


@nox.session
@nox.parametrize("target", columns())
def column(session: nox.Session, target: str) -> None:
    """Run the mask cases on this column alone; the page goes to reports/columns."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "run", "--target", target, "--out", f"reports/columns/{target}", *session.posargs)


if __name__ == "__main__":
    nox.main()
