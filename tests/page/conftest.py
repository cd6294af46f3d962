"""What the tests of the page share: a browser, and pages in it."""

from tests.support.page_browser import browser, comparing, context, opened  # noqa: F401
