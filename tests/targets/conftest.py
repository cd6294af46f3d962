"""What the tests on real targets share."""

from tests.support.warm import warm  # noqa: F401
