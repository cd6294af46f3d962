"""Cases that behave.

For the fake Keras.
"""

import numpy as np
import pytest

from conformance.case import Raised

X = np.array([[[1.0, 2.0], [0.0, 0.0], [3.0, 0.0]]])


@pytest.mark.case("good.masking", documented="the fake's own docstring", tags=["Masking"], issues=["fake/fake#1"])
def test_masking(keras, run, mask_of, record):
    """Masking masks.

    A step of zeros is masked.
    """
    layer = keras.layers.Masking()
    mask, output = run(lambda x: [mask_of(layer(x)), layer(x)], X)
    record("mask", mask, expected=np.array([[True, False, True]]))
    record("output", output, expected=X)


@pytest.mark.case("good.deviates", established="nowhere", severity="cosmetic")
def test_deviates(run, record):
    """One fact is wrong, and the fact after it is still recorded.

    Two is three.
    """
    record("number", run(lambda x: x, np.array(2.0)), expected=np.array(3.0))
    record("word", "same", expected="same")


@pytest.mark.case("good.observed", unspecified="nobody says")
def test_observed(run, record):
    """Nothing is expected.

    Any value will do.
    """
    record("values", run(lambda x: x, np.array([np.nan, np.inf, -np.inf, -0.0, 1e300])))


@pytest.mark.case("good.raises", documented="an exception is not a value")
def test_raises(keras, run, record):
    """Keras raises.

    It should not.
    """
    record("before", 1, expected=1)
    run(keras.layers.Broken(), np.zeros((2, 2)))


@pytest.mark.case("good.attempt", documented="an exception that is expected")
def test_attempt(keras, run, record):
    """An exception can be a value.

    Inverting nothing raises.
    """
    record("inverse", run.attempt(keras.layers.Broken(), np.zeros((2, 2))), expected=Raised("LinAlgError"))


@pytest.mark.case("good.needs", documented="an API that is not there", needs=["layers.Nothing"])
def test_needs(keras, record):
    """An API is missing.

    It is looked for before the case runs.
    """
    record("nothing", keras.layers.Nothing, expected=None)


@pytest.mark.case("good.needs-argument", documented="an argument that is not there", needs=["layers.Masking(colour)"])
def test_needs_argument(record):
    """An argument is missing.

    It is looked for in the signature of `call`.
    """
    record("nothing", 1)


@pytest.mark.case("good.backends", documented="about others than this", backends=["jax", "torch"])
def test_backends(record):
    """A case is about other backends.

    It does not run here.
    """
    record("nothing", 1)


@pytest.mark.case("good.variants", documented="twice")
@pytest.mark.parametrize("size", [2, 3], ids=["two", "three"])
def test_variants(run, record, size):
    """Variants have ids of their own.

    A vector has its length.
    """
    record("shape", list(run(lambda x: x, np.zeros(size)).shape), expected=[size])


@pytest.mark.case("good.warns", documented="a warning about a mask", modes=["eager", "graph"])
def test_warns(record):
    """Warnings about masks are kept, others are not.

    Three warnings, two of them alike.
    """
    import warnings

    for message in ("the mask is destroyed", "the mask is destroyed", "something else"):
        warnings.warn(message, UserWarning, stacklevel=1)
    record("done", True, expected=True)
