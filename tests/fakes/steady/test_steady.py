"""Many short cases.

Of every kind, to be interrupted anywhere.
"""

import os
import signal
import time

import numpy as np
import pytest


@pytest.mark.case("steady.conforms", documented="somewhere")
@pytest.mark.parametrize("number", range(24), ids=str)
def test_conforms(run, record, number):
    """Takes a moment between two facts.

    A number is itself.
    """
    record("before", number, expected=number)
    time.sleep(0.01)
    record("squares", run(lambda x: x * x, np.arange(number + 1.0)), expected=np.arange(number + 1.0) ** 2)


@pytest.mark.case("steady.observed", unspecified="nobody says")
@pytest.mark.parametrize("number", range(6), ids=str)
def test_observed(run, record, number):
    """Nothing is expected.

    Any value will do.
    """
    time.sleep(0.01)
    record("values", run(lambda x: x, np.full(3, float(number))))


@pytest.mark.case("steady.crashes", documented="somewhere")
def test_crashes(record):
    """Dies, every time.

    Its facts before are kept.
    """
    record("before", 1, expected=1)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.case("steady.raises", documented="somewhere")
def test_raises(keras, run, record):
    """Keras raises.

    It should not.
    """
    run(keras.layers.Broken(), np.zeros((2, 2)))
