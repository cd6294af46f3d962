"""What a case must not record."""

import pytest

from conformance.worker.recorder import Recorder


def test_a_fact_has_one_value() -> None:
    record = Recorder()
    record("mask", None)
    with pytest.raises(ValueError, match="^fact 'mask' is recorded twice$"):
        record("mask", None)
