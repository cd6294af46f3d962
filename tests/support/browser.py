"""A real browser for the tests of the page: what is installed, or what can be installed."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import filelock
import pytest
from playwright.sync_api import Browser, Error, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium. Fails the test, never skips it: a page nobody opened is not tested.

    Only one test process at a time: of several that install it all but one fail, and one that starts a Chromium while
    it is being unpacked may hang.
    """
    with filelock.FileLock(Path(tempfile.gettempdir(), f"conformance-tests-chromium-{os.geteuid()}.lock")):
        return _launch(playwright)


def _launch(playwright: Playwright) -> Browser:
    attempts: list[str] = []
    for prepare in (_nothing, _playwrights_own, _distributions_package):
        try:
            prepare()
        except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            attempts.append(f"{prepare.__doc__}: {error}")
            continue
        for path in [*filter(None, map(shutil.which, NAMES)), None]:
            try:
                return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            except Error as error:
                attempts.append(f"{path or 'the browser of Playwright'}: {error.message.splitlines()[0]}")
    pytest.fail(
        "no Chromium can be started; install the package `chromium` of your distribution, or run "
        "`python -m playwright install --with-deps chromium`. Tried:\n" + "\n".join(attempts),
        pytrace=False,
    )


def _nothing() -> None:
    """what is installed"""


def _playwrights_own() -> None:
    """playwright install"""
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _distributions_package() -> None:
    """apt-get install"""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise OSError("needs root on Debian or Ubuntu")
    wait = ("-o", "DPkg::Lock::Timeout=300")  # for another program that installs something
    _run("apt-get", *wait, "update")
    _run("apt-get", *wait, "install", "--yes", "--no-install-recommends", "chromium")


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL, env=environment)
