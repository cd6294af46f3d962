# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]"]
# ///
"""Sessions of the project; `nox -l` lists them. Each passes the arguments after `--` to its command."""

import os
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["conformance"]

REGISTRY = Path(__file__).parent / "conformance" / "targets.toml"


def targets() -> list[nox.param]:
    """List every target with the tags that `conformance run --target` accepts: tier, generation, backend."""
    found = []
    for declared in tomllib.loads(REGISTRY.read_text())["target"]:
        tiers = ["core", "history"] if declared.get("tier") == "core" else ["history"]  # history includes core
        tags = [*tiers, declared["generation"], declared.get("backend", "tensorflow")]
        found.append(nox.param(declared["id"], id=declared["id"], tags=tags))
    return found


def untagged() -> list[nox.param]:
    """List every target without tags, so that `nox -t` does not choose the deprecated session as well."""
    return [nox.param(*one.args, id=one.id) for one in targets()]


@nox.session
def conformance(session: nox.Session) -> None:
    """Run the mask cases on the core targets and write reports/latest/index.html (see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "run", *session.posargs)


@nox.session
def history(session: nox.Session) -> None:
    """Run the mask cases on all targets and write reports/history/index.html (see `-- --help`)."""
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
    bytecode = {"PYTHONDONTWRITEBYTECODE": None}  # without it, each import of a Keras takes seconds longer
    if session.posargs:
        session.run("pytest", *session.posargs, env=bytecode)
        return
    # One process more than processors, as tests also wait. A file stays in one process, which has its environments and
    # pages; conftest.py decides which come first.
    processes = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    session.run("pytest", *processes, "--cov", "--cov-report=", env=bytecode)
    session.run("python", "-m", "tests.support.coverage_summary")


@nox.session
def explore(session: nox.Session) -> None:
    """Run the property tests on new examples; pin each counter-example in its test with `@example`."""
    session.install("-e", ".[matrix]", "--group", "test")
    session.run("pytest", "-m", "property", "--hypothesis-profile", "explore", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break masks on purpose and check that the cases notice (docs/mutants.md; see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Repeat published cells, drawn at random, by their stand-alone scripts (see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("python", "-m", "tests.audit", *session.posargs)


@nox.session
def sweep(session: nox.Session) -> None:
    """Measure the real thing in the place of each stand-in (docs/substitutions.md; see `-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("python", "-m", "tests.sweep", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the budgets and write docs/performance.md; takes hours on an idle machine (`-- --help`)."""
    session.install("-e", ".[matrix]")
    session.run("python", "-m", "bench", *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """Rewrite the page and the summary from stored results (default: those of the last run)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "report", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write docs/cases.md from the cases and docs/findings.md from reports/history."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "docs", *session.posargs)


@nox.session
def wild(session: nox.Session) -> None:
    """Check layers of released packages (all, or `-- NAME`) and write docs/in-the-wild.md."""
    session.install("-e", ".")
    session.run("python", "docs/in-the-wild/survey.py", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Lock the requirements of targets in conformance/locks (all, or `-- --target ID`; `-- --upgrade`)."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "lock", *session.posargs)


@nox.session
@nox.parametrize("target", targets())
def target(session: nox.Session, target: str) -> None:
    """Run the mask cases on this target alone; the page goes to reports/targets."""
    run_target(session, target, Path("reports/targets"))


@nox.session
@nox.parametrize("target", untagged())
def column(session: nox.Session, target: str) -> None:
    """Deprecated alias of the session `target`, which writes to reports/columns as it always did."""
    session.warn(f'the session "column" is deprecated, use: nox -s "target({target})"')
    run_target(session, target, Path("reports/columns"))


def run_target(session: nox.Session, target: str, folder: Path) -> None:
    """Run the mask cases on one target and write the page to a subfolder of `folder`."""
    session.install("-e", ".[matrix]")
    session.run("conformance", "run", "--target", target, "--out", str(folder / target), *session.posargs)


if __name__ == "__main__":
    nox.main()
